"""The server as a thread of its process: started, stopped, and what is true of it now."""

from __future__ import annotations

import os
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kakaobot.app.api_keys import ApiKeys
from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat import ChatService
from kakaobot.config import Home
from kakaobot.errors import ConfigError
from kakaobot.hosts import WILDCARDS, is_loopback, netloc
from kakaobot.language import tr
from kakaobot.serve.application import ApiApplication
from kakaobot.serve.callback import Callback
from kakaobot.serve.completions import Completions, Voice
from kakaobot.serve.reading import Reader
from kakaobot.serve.skill import Skill, SkillTiming

if TYPE_CHECKING:
    import uvicorn

_START_TIMEOUT = 20.0
_STOP_TIMEOUT = 5.0
_TAKEN = tr(
    "포트 {port} 을(를) 다른 프로그램이 쓰고 있습니다. 그 프로그램을 끄거나 다른 포트를 적으세요."
)
_NOT_HERE = tr("'{host}' 은(는) 이 컴퓨터의 주소가 아닙니다. 127.0.0.1 이나 0.0.0.0 을 적으세요.")
_NOT_STARTED = tr("API 를 켜지 못했습니다. 잠시 뒤 다시 켜세요.")


@dataclass(frozen=True)
class ServerState:
    """What is true of the server."""

    address: str = ""
    """Where it answers, with `/v1`; empty if it is off."""
    is_locked: bool = False
    """Whether the password has changed since, so that it refuses everybody."""
    is_open: bool = False
    """Whether other devices reach it."""

    @property
    def is_on(self) -> bool:
        return bool(self.address)


OFF = ServerState()


@dataclass(frozen=True)
class _Running:
    server: uvicorn.Server
    thread: threading.Thread
    access: AccessPass
    reader: Reader
    host: str
    port: int


class ApiServer:
    """At most one server, in a thread of its own."""

    def __init__(
        self,
        home: Home,
        gate: PasswordGate,
        chat: ChatService,
        *,
        callback: Callback | None = None,
        timing: SkillTiming | None = None,
    ) -> None:
        """Start nothing yet.

        Args:
            home: has the settings and the keys.
            gate: issues the passes.
            chat: has the one line in which requests wait.
            callback: calls KakaoTalk's server, by default.
            timing: that of the platform, by default.
        """
        self._home, self._gate, self._chat = home, gate, chat
        self._callback, self._timing = callback, timing
        self._running: _Running | None = None
        self._lock = threading.Lock()

    @property
    def state(self) -> ServerState:
        running = self._running
        if running is None or not running.thread.is_alive():
            return OFF
        host = WILDCARDS.get(running.host, running.host)
        return ServerState(
            f"http://{netloc(host, running.port)}/v1",
            is_locked=not self._gate.is_open(running.access),
            is_open=not is_loopback(running.host),
        )

    def start(self, access: AccessPass | None, port: int | None = None) -> ServerState:
        """Listen as the settings say; does nothing if it does already.

        Args:
            access: a valid pass. The server keeps answering when it expires, but not once the
                password is changed.
            port: instead of that of the settings; 0 for a free one.

        Raises:
            AccessDenied: without a pass.
            ConfigError: the port is taken, or the host is not this machine.
        """
        lasting = self._gate.lasting(access)
        with self._lock:
            state = self.state
            if state.is_on and not state.is_locked:
                return state
            self._stop()
            serve = self._home.settings().serve
            listener = _listen(serve.host, serve.port if port is None else port)
            self._running = self._run(listener, serve.host, lasting)
            return self.state

    def stop(self, access: AccessPass | None) -> None:
        """Answer nobody any more; replies in progress are cut off.

        Raises:
            AccessDenied: without a pass.
        """
        self._gate.verify(access)
        self.close()

    def close(self) -> None:
        """Stop as the program ends."""
        with self._lock:
            self._stop()

    def _run(self, listener: socket.socket, host: str, access: AccessPass) -> _Running:
        import uvicorn

        reader = Reader()
        voice = Voice(self._chat, access)
        completions = Completions(voice, reader)
        skill = Skill(self._home, voice, reader, callback=self._callback, timing=self._timing)
        keys = ApiKeys(self._home, self._gate)
        config = uvicorn.Config(
            ApiApplication(self._home, keys, completions, skill, reader),
            log_config=None,
            access_log=False,
            log_level="critical",
            server_header=False,
            # Nothing is believed about who is behind a proxy.
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="api-server", daemon=True
        )
        thread.start()
        give_up = time.monotonic() + _START_TIMEOUT
        while not server.started:
            if not thread.is_alive() or time.monotonic() > give_up:
                listener.close()
                raise ConfigError(_NOT_STARTED)
            time.sleep(0.01)
        return _Running(server, thread, access, reader, host, listener.getsockname()[1])

    def _stop(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.server.should_exit = True
            running.thread.join(_STOP_TIMEOUT)
            running.reader.close()


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket.

    Raises:
        ConfigError: there can be none.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError) as error:
        raise ConfigError(_NOT_HERE.format(host=host)) from error
    listener = socket.socket(family, kind, protocol)
    if os.name == "posix":
        # Count a recently closed port as free. On Windows this would allow two listeners.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        is_own = is_loopback(host) or host in WILDCARDS
        message = _TAKEN.format(port=port) if is_own else _NOT_HERE.format(host=host)
        raise ConfigError(message) from error
    return listener
