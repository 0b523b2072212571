"""Address of the running window: its port, and the file in which a second start finds it."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

from kakaobot.atomic_io import parse_json
from kakaobot.config import Home
from kakaobot.errors import ConfigError
from kakaobot.hosts import WILDCARDS, netloc
from ui import console_text

FIRST_PORT = 7860
_MAX_PORTS = 100


@dataclass(frozen=True)
class ServerInfo:
    pid: int
    host: str
    port: int
    token: str
    """The control token: whoever has it gets codes that open the window."""

    @classmethod
    def here(cls, host: str, port: int, token: str) -> ServerInfo:
        """Info on the window of this process."""
        return cls(os.getpid(), host, port, token)

    def address(self, code: str, host: str = "") -> str:
        """An address that opens the window once.

        Args:
            code: issued by `BrowserSessions`. In the fragment, which browsers do not send.
            host: as another device names this machine; by default as this machine does.
        """
        host = host or WILDCARDS.get(self.host, self.host)
        return f"http://{netloc(host, self.port)}/open#{code}"

    def write(self, home: Home) -> None:
        """Write the file that a second `launch.py` reads, readable by this user only."""
        file = _file(home)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = file.with_suffix(".new")
        draft.unlink(missing_ok=True)
        raw = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(raw, "w", encoding="utf-8") as stream:
            json.dump(asdict(self), stream)
        draft.replace(file)

    def remove(self, home: Home) -> None:
        """Remove the file, unless a later window has replaced it."""
        file = _file(home)
        try:
            is_own = parse_json(file.read_text(encoding="utf-8")).get("token") == self.token
        except (OSError, ValueError, AttributeError):
            return
        if is_own:
            file.unlink(missing_ok=True)


def choose_port(host: str, requested: int | None) -> int:
    """The requested port, or the first free one from `FIRST_PORT`.

    Raises:
        ConfigError: the port is taken, none is free, or the host is not this machine.
    """
    if requested is not None:
        if not is_free(host, requested):
            raise ConfigError(console_text.PORT_TAKEN.format(port=requested))
        return requested
    for port in range(FIRST_PORT, FIRST_PORT + _MAX_PORTS):
        if is_free(host, port):
            return port
    raise ConfigError(console_text.NO_PORT)


def is_free(host: str, port: int) -> bool:
    """Whether nobody listens on the port. Raises ConfigError if the host is not this machine."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise ConfigError(console_text.HOST_UNKNOWN.format(host=host)) from error
    with socket.socket(family, kind, protocol) as probe:
        if os.name == "posix":
            # Count a recently closed port as free. On Windows this would allow two listeners.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError:
            return False
    return True


def _file(home: Home) -> Path:
    return home.state_folder / "instance.json"
