"""The window as a process: environment, address, signals, and an end that leaves nothing behind.

Gradio is imported inside `run`, because it reads the environment while it is imported.
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

_BEAT = 0.5
"""Seconds between two looks at the end signal: Windows delivers Ctrl+C only in between."""


def run(*, host: str = "127.0.0.1", port: int | None = None, open_browser: bool = True) -> int:
    """Open the window and stay until it is closed. Returns the exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    # What is written belongs to this user alone.
    os.umask(0o077)
    set_wait_policy()
    home = Home.find()
    uploads = home.root / ".tmp"
    try:
        chosen = ServerInfo.here(host, choose_port(host, port), secrets.token_urlsafe(32))
    except KakaobotError as error:
        _say(str(error))
        return 1
    _prepare(uploads)
    over = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: over.set())
    try:
        return _serve(home, chosen, over, open_browser=open_browser)
    finally:
        shutil.rmtree(uploads, ignore_errors=True)


def _prepare(uploads: Path) -> None:
    """An empty private folder for uploads, and what gradio must know before it is imported."""
    shutil.rmtree(uploads, ignore_errors=True)
    uploads.mkdir(mode=0o700, parents=True)
    local = ",".join(filter(None, (os.environ.get("NO_PROXY"), "127.0.0.1,localhost,::1")))
    os.environ.update(
        GRADIO_ANALYTICS_ENABLED="False",
        GRADIO_TEMP_DIR=str(uploads),
        HF_HUB_DISABLE_TELEMETRY="1",
        # Else anybody could claim to come from this machine.
        FORWARDED_ALLOW_IPS="",
        # Gradio calls itself at the start, which a company's proxy must not see.
        NO_PROXY=local,
        no_proxy=local,
    )


def _serve(home: Home, here: ServerInfo, over: threading.Event, *, open_browser: bool) -> int:
    from ui.services import Services
    from ui.window import build_window

    try:
        services = Services.from_home(home)
        services.training.adopt()
    except KakaobotError as error:
        _say(str(error))
        return 1
    window = build_window(services, quit_program=_soon(over))
    window.queue(max_size=64).launch(**_launch_options(here))
    here.write(home)
    try:
        _invite(here, open_browser=open_browser)
        while not over.wait(_BEAT):
            pass
    finally:
        here.remove(home)
        _close(window)
    _farewell(services)
    return 0


def _close(window: gr.Blocks) -> None:
    """Stop serving. The chat's model goes with the process: an answer may still hold its lock."""
    # An open page holds a connection for ever. Gradio would wait five seconds for it, and uvicorn
    # would complain about each one that it cuts.
    window.server.config.timeout_graceful_shutdown = 1
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    window.close(verbose=False)


def _launch_options(here: ServerInfo) -> dict[str, Any]:
    from starlette.middleware import Middleware

    from ui import theme
    from ui.token_auth import TokenAuthMiddleware

    guard = Middleware(TokenAuthMiddleware, token=here.token, host=here.host, port=here.port)
    return {
        "server_name": here.host,
        "server_port": here.port,
        "share": False,
        "inbrowser": False,
        "prevent_thread_lock": True,
        "quiet": True,
        "footer_links": [],
        "run_history": False,
        "enable_monitoring": False,
        "strict_cors": True,
        "ssr_mode": False,
        "max_file_size": "1gb",
        "app_kwargs": {"middleware": [guard]},
        **theme.launch_options(),
    }


def _soon(over: threading.Event) -> Callable[[], None]:
    """End the program when the answer to the button that asked for it has reached the browser."""

    def quit_program() -> None:
        timer = threading.Timer(1.0, over.set)
        timer.daemon = True
        timer.start()

    return quit_program


def _invite(here: ServerInfo, *, open_browser: bool) -> None:
    if open_browser and webbrowser.open(here.url):
        _say(text.OPENED)
        return
    _say(text.BROWSER_FAILED if open_browser else text.OPEN_MANUALLY)
    sys.stdout.write(here.url + "\n")
    sys.stdout.flush()


def _farewell(services: Services) -> None:
    _say(text.CLOSED)
    now = services.training.snapshot()
    if now.can_stop:
        _say(text.STILL_TRAINING.format(run=now.run))


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()
