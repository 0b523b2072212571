"""The process of the window: environment, address, signals and shutdown.

Gradio is imported inside `_serve`, because it reads the environment at import.
"""

from __future__ import annotations

import functools
import logging
import os
import secrets
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kakaobot.base.memory import use_one_heap
from kakaobot.config import Home
from kakaobot.errors import ConfigError, KakaobotError
from kakaobot.gc_pause import spare_modules
from kakaobot.hosts import AllowedHosts, is_loopback, reachable_addresses
from kakaobot.openmp import set_wait_policy
from kakaobot.os_errors import os_error_message
from kakaobot.outgoing import watch
from scripts.open_page import open_in_browser, open_page_file, remove_redirect
from scripts.running_window import show_window
from ui import console_text
from ui.browser_sessions import BrowserSessions
from ui.ends import ProgramEnds
from ui.one_window import one_window
from ui.restart import restarted_port, start_again
from ui.server_info import ServerInfo, choose_port, is_free
from ui.session_file import SessionFile

if TYPE_CHECKING:
    import gradio as gr
    from starlette.middleware import Middleware

    from ui.services import Services

Opener = Callable[[str, Path], bool]
"""Opens an address of the window of a home; returns whether a browser was found."""
_SWITCH_SECONDS = 0.001
"""See `sys.setswitchinterval`, which is 0.005 by default."""
_AGAIN = -1
"""Instead of an exit code: the program is to start again."""
_POLL_SECONDS = 0.5
"""Seconds between checks of the stop event: Windows delivers Ctrl+C only between waits."""


def run(
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    open_browser: bool = True,
    app_window: bool = False,
) -> int:
    """Open the window and serve it until it is closed; returns the exit code.

    Args:
        host: as the user names it.
        port: by default the first free one.
        open_browser: whether the address is opened, or only printed.
        app_window: whether a window without tabs is tried first.
    """
    try:
        return _run(host, port, _opener(open_browser, app_window))
    except KakaobotError as error:
        _print(str(error))
    except OSError as error:
        _print(os_error_message(error))
    return 1


def _opener(open_browser: bool, app_window: bool) -> Opener | None:
    return functools.partial(open_in_browser, app_window=app_window) if open_browser else None


def _run(host: str, port: int | None, opener: Opener | None) -> int:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    # New files are readable by this user only.
    os.umask(0o077)
    # While a large file is read, the threads that answer a page take turns with it often.
    sys.setswitchinterval(_SWITCH_SECONDS)
    set_wait_policy()
    use_one_heap()
    home = Home.find()
    # As in a URL: gradio writes IPv6 addresses so.
    host = host.strip("[]")
    if not is_loopback(host) and not home.password().strip():
        raise ConfigError(console_text.REMOTE_NEEDS_PASSWORD)
    restarted = restarted_port()
    if restarted and is_free(host, restarted):
        # Its pages are open already.
        port, opener = restarted, None
    with one_window(home) as other:
        if other:
            return show_window(other, opener and (lambda address: opener(address, home.root)))
        info = ServerInfo.here(host, choose_port(host, port), secrets.token_urlsafe(32))
        code = _run_alone(home, info, opener)
    return start_again(home, info.port) if code == _AGAIN else code


def _run_alone(home: Home, info: ServerInfo, opener: Opener | None) -> int:
    """Serve the window of a home; no other process does."""
    watch(home.outgoing_file, anew=True)
    uploads = home.upload_folder
    _prepare(uploads)
    stop = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop.set())
    try:
        return _serve(home, info, stop, opener)
    finally:
        shutil.rmtree(uploads, ignore_errors=True)


def _prepare(uploads: Path) -> None:
    """Create an empty private upload folder, and set the environment that gradio reads."""
    shutil.rmtree(uploads, ignore_errors=True)
    uploads.mkdir(mode=0o700, parents=True)
    known = filter(None, os.environ.get("NO_PROXY", "").split(","))
    no_proxy = ",".join(dict.fromkeys((*known, "127.0.0.1", "localhost", "::1")))
    os.environ.update(
        GRADIO_ANALYTICS_ENABLED="False",
        # Otherwise gradio makes a table of the last ten thousand events after each of them.
        GRADIO_ANALYTICS_CACHE_FREQUENCY=str(10**9),
        GRADIO_ANALYTICS_MAX_EVENTS="1",
        GRADIO_TEMP_DIR=str(uploads),
        HF_HUB_DISABLE_TELEMETRY="1",
        # Otherwise any client could claim to come from this machine.
        FORWARDED_ALLOW_IPS="",
        # Gradio sends itself a request at startup, which must bypass a proxy.
        NO_PROXY=no_proxy,
        no_proxy=no_proxy,
    )


def launch_window(
    services: Services,
    info: ServerInfo,
    sessions: BrowserSessions,
    *,
    ends: ProgramEnds,
    on_exchange: Callable[[], None] = lambda: None,
) -> gr.Blocks:
    """Serve the window to the browsers that have a session. Needs the environment of `_prepare`."""
    from ui.resting_queue import let_queue_rest
    from ui.resting_server import let_server_rest
    from ui.session_auth import SessionPasses
    from ui.window import build_window

    passes = SessionPasses(sessions, info.port)
    window = build_window(services, ends=ends, passes=passes)
    middleware = [_auth(info, sessions, services, on_exchange), _upload_limits()]
    window.queue(max_size=64)
    let_queue_rest(window)
    let_server_rest()
    window.launch(**_launch_options(info, middleware))
    return window


def _serve(home: Home, info: ServerInfo, stop: threading.Event, opener: Opener | None) -> int:
    from ui.services import Services

    services = Services.from_home(home)
    services.training.adopt()
    for notice in (services.password_file.exposure(), services.password_file.misnaming()):
        if notice:
            _print(console_text.ENV_NOTICE.format(notice=notice))
    file = SessionFile(home.state_folder / "sessions.json")
    sessions = BrowserSessions(None if is_loopback(info.host) else services.gate, file)
    redirect = open_page_file(home.root)
    again = threading.Event()
    window = launch_window(
        services,
        info,
        sessions,
        ends=ProgramEnds(_delayed(stop.set), _delayed(again.set, stop.set)),
        on_exchange=lambda: remove_redirect(redirect),
    )
    spare_modules()
    info.write(home)
    try:
        _open(info, sessions, home, opener)
        while not stop.wait(_POLL_SECONDS):
            pass
    finally:
        info.remove(home)
        remove_redirect(redirect)
        services.api.server.close()
        _close(window)
    if again.is_set():
        if os.name != "posix":
            # This process stays as the parent of the next one.
            services.chat.unload()
        return _AGAIN
    _print_farewell(services)
    return 0


def _close(window: gr.Blocks) -> None:
    """Stop serving. Leaves the chat model to the exit: a reply may still hold its lock."""
    # An open page keeps its connection. Gradio would wait five seconds for it, and uvicorn would
    # log every connection it closes.
    window.server.config.timeout_graceful_shutdown = 1
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    window.close(verbose=False)


def _auth(
    info: ServerInfo,
    sessions: BrowserSessions,
    services: Services,
    on_exchange: Callable[[], None],
) -> Middleware:
    from starlette.middleware import Middleware

    from ui.pulse import Pulse
    from ui.session_auth import SessionAuthMiddleware

    return Middleware(
        SessionAuthMiddleware,
        sessions=sessions,
        hosts=AllowedHosts(info.host),
        port=info.port,
        control_token=info.token,
        on_exchange=on_exchange,
        pulse=Pulse(services).answer,
    )


def _upload_limits() -> Middleware:
    from starlette.middleware import Middleware

    from ui.upload_limits import UploadLimitsMiddleware

    return Middleware(UploadLimitsMiddleware, folder=Path(os.environ["GRADIO_TEMP_DIR"]))


def _launch_options(info: ServerInfo, middleware: Sequence[Middleware]) -> dict[str, Any]:
    from ui import theme

    return {
        "server_name": f"[{info.host}]" if ":" in info.host else info.host,
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
        "app_kwargs": {"middleware": list(middleware)},
        **theme.launch_options(),
    }


def _delayed(*calls: Callable[[], None]) -> Callable[[], None]:
    """A callback that makes these calls after a second, so that its response is sent."""

    def start() -> None:
        timer = threading.Timer(1.0, lambda: [call() for call in calls])
        timer.daemon = True
        timer.start()

    return start


def _open(info: ServerInfo, sessions: BrowserSessions, home: Home, opener: Opener | None) -> None:
    address = info.address(sessions.issue_code())
    try:
        opened = opener is not None and opener(address, home.root)
    except OSError:
        opened = False
    if opened:
        _print(console_text.OPENED)
    else:
        _print(console_text.BROWSER_FAILED if opener else console_text.OPEN_MANUALLY)
    # Also if opened: a sandboxed browser may not be allowed to read the redirect file.
    sys.stdout.write(address + "\n")
    if not is_loopback(info.host):
        _print_for_other_devices(info, sessions)
    sys.stdout.flush()


def _print_for_other_devices(info: ServerInfo, sessions: BrowserSessions) -> None:
    """Print an address with a code of its own, also as a QR code for the camera of a phone."""
    import segno

    hosts = reachable_addresses(info.host)
    if not hosts:
        _print(console_text.NO_NETWORK)
        return
    address = info.address(sessions.issue_code(), hosts[0])
    _print(console_text.OTHER_DEVICE)
    _print(address)
    if len(hosts) > 1:
        _print(console_text.OTHER_ADDRESSES.format(addresses=", ".join(hosts[1:])))
    if sys.stderr.isatty():
        segno.make(address, error="l").terminal(out=sys.stderr, compact=True)


def _print_farewell(services: Services) -> None:
    _print(console_text.CLOSED)
    snapshot = services.training.snapshot()
    if snapshot.can_stop:
        _print(console_text.STILL_TRAINING.format(run=snapshot.run))


def _print(message: str) -> None:
    sys.stderr.write(message + "\n")
    sys.stderr.flush()
