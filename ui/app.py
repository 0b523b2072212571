"""The process of the window: environment, address, signals and shutdown.

Gradio is imported inside `_serve`, because it reads the environment at import.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import signal
import sys
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kakaobot.config import Home
from kakaobot.errors import KakaobotError
from kakaobot.openmp import set_wait_policy
from ui import text
from ui.server_info import ServerInfo, choose_port

if TYPE_CHECKING:
    import gradio as gr

    from ui.services import Services

_POLL_SECONDS = 0.5
"""Seconds between checks of the stop event: Windows delivers Ctrl+C only between waits."""


def run(*, host: str = "127.0.0.1", port: int | None = None, open_browser: bool = True) -> int:
    """Open the window and serve it until it is closed; returns the exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    # New files are readable by this user only.
    os.umask(0o077)
    set_wait_policy()
    home = Home.find()
    uploads = home.root / ".tmp"
    try:
        info = ServerInfo.here(host, choose_port(host, port), secrets.token_urlsafe(32))
    except KakaobotError as error:
        _print(str(error))
        return 1
    _prepare(uploads)
    stop = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop.set())
    try:
        return _serve(home, info, stop, open_browser=open_browser)
    finally:
        shutil.rmtree(uploads, ignore_errors=True)


def _prepare(uploads: Path) -> None:
    """Create an empty private upload folder, and set the environment that gradio reads."""
    shutil.rmtree(uploads, ignore_errors=True)
    uploads.mkdir(mode=0o700, parents=True)
    no_proxy = ",".join(filter(None, (os.environ.get("NO_PROXY"), "127.0.0.1,localhost,::1")))
    os.environ.update(
        GRADIO_ANALYTICS_ENABLED="False",
        GRADIO_TEMP_DIR=str(uploads),
        HF_HUB_DISABLE_TELEMETRY="1",
        # Otherwise any client could claim to come from this machine.
        FORWARDED_ALLOW_IPS="",
        # Gradio sends itself a request at startup, which must bypass a proxy.
        NO_PROXY=no_proxy,
        no_proxy=no_proxy,
    )


def _serve(home: Home, info: ServerInfo, stop: threading.Event, *, open_browser: bool) -> int:
    from ui.services import Services
    from ui.window import build_window

    try:
        services = Services.from_home(home)
        services.training.adopt()
    except KakaobotError as error:
        _print(str(error))
        return 1
    window = build_window(services, quit_program=_delayed(stop))
    window.queue(max_size=64).launch(**_launch_options(info))
    info.write(home)
    try:
        _open(info, open_browser=open_browser)
        while not stop.wait(_POLL_SECONDS):
            pass
    finally:
        info.remove(home)
        _close(window)
    _print_farewell(services)
    return 0


def _close(window: gr.Blocks) -> None:
    """Stop serving. Leaves the chat model to the exit: a reply may still hold its lock."""
    # An open page keeps its connection. Gradio would wait five seconds for it, and uvicorn would
    # log every connection it closes.
    window.server.config.timeout_graceful_shutdown = 1
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    window.close(verbose=False)


def _launch_options(info: ServerInfo) -> dict[str, Any]:
    from starlette.middleware import Middleware

    from ui import theme
    from ui.token_auth import TokenAuthMiddleware
    from ui.upload_limits import UploadLimitsMiddleware

    auth = Middleware(TokenAuthMiddleware, token=info.token, host=info.host, port=info.port)
    uploads = Middleware(UploadLimitsMiddleware, folder=Path(os.environ["GRADIO_TEMP_DIR"]))
    return {
        "server_name": info.host,
        "server_port": info.port,
        "share": False,
        "inbrowser": False,
        "prevent_thread_lock": True,
        "quiet": True,
        "footer_links": [],
        "run_history": False,
        "enable_monitoring": False,
        "strict_cors": True,
        "ssr_mode": False,
        "app_kwargs": {"middleware": [auth, uploads]},
        **theme.launch_options(),
    }


def _delayed(stop: threading.Event) -> Callable[[], None]:
    """A callback that stops the program after a second, so that its response is sent."""

    def quit_program() -> None:
        timer = threading.Timer(1.0, stop.set)
        timer.daemon = True
        timer.start()

    return quit_program


def _open(info: ServerInfo, *, open_browser: bool) -> None:
    if open_browser and webbrowser.open(info.url):
        _print(text.OPENED)
        return
    _print(text.BROWSER_FAILED if open_browser else text.OPEN_MANUALLY)
    sys.stdout.write(info.url + "\n")
    sys.stdout.flush()


def _print_farewell(services: Services) -> None:
    _print(text.CLOSED)
    snapshot = services.training.snapshot()
    if snapshot.can_stop:
        _print(text.STILL_TRAINING.format(run=snapshot.run))


def _print(message: str) -> None:
    sys.stderr.write(message + "\n")
    sys.stderr.flush()
