"""Connections of this program to other machines: counted by an audit hook, each with its purpose.

Every process of the program appends its own to one file of the home, so that a window also counts
those of a training worker. Python's sockets are seen, those of native code are not; the only such
code here, the hub's Xet client, is therefore switched off.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kakaobot.atomic_io import parse_json
from kakaobot.language import tr

LOG_VARIABLE = "KAKAOBOT_OUTGOING"
"""Names the file to the child processes."""
LOG_NAME = "outgoing.jsonl"
UNKNOWN_PURPOSE = tr("까닭이 적히지 않은 연결")
_XET_VARIABLE = "HF_HUB_DISABLE_XET"
_SAME_CONNECTION = 60.0
"""Seconds after a name was looked up in which a connection of that thread belongs to it."""
_LOOKUPS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
_SENDING = ("socket.connect", "socket.sendto", "socket.sendmsg")
_FAMILIES = (socket.AF_INET, socket.AF_INET6)


@dataclass(frozen=True)
class OutgoingRequest:
    """A connection that was attempted, whether or not it succeeded."""

    at: float
    """Unix time."""
    host: str
    """Name or address, as it was asked for."""
    purpose: str
    """Korean."""
    pid: int


class _Watch:
    """What this process has seen."""

    def __init__(self) -> None:
        self.file: Path | None = None
        self.is_installed = False
        self.requests: list[OutgoingRequest] = []
        self.purposes: list[str] = []
        self.proxies: frozenset[tuple[str, int]] = frozenset()
        self.local = threading.local()
        self.lock = threading.RLock()

    def note(self, host: str) -> None:
        with self.lock:
            purpose = self.purposes[-1] if self.purposes else UNKNOWN_PURPOSE
            request = OutgoingRequest(time.time(), host, purpose, os.getpid())
            self.requests.append(request)
            if self.file is not None:
                # The memory of this process still counts what cannot be written.
                with contextlib.suppress(OSError):
                    _append(self.file, request)


_WATCH = _Watch()


def watch(file: Path | None = None, *, anew: bool = False) -> None:
    """Count from now on, also in child processes.

    Args:
        file: where to write; None for the one that the parent process has named, if any.
        anew: forget what earlier processes have written.
    """
    if file is None:
        named = os.environ.get(LOG_VARIABLE)
        file = Path(named) if named else None
    else:
        os.environ[LOG_VARIABLE] = str(file)
    os.environ.setdefault(_XET_VARIABLE, "1")
    if anew and file is not None:
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)
    _WATCH.file, _WATCH.requests, _WATCH.proxies = file, [], _proxies()
    # No connection belongs to a name that was looked up before.
    _WATCH.local = threading.local()
    if not _WATCH.is_installed:
        _WATCH.is_installed = True
        sys.addaudithook(_hook)


@contextlib.contextmanager
def purpose(sentence: str) -> Iterator[None]:
    """Name what connections are for, in all threads: a library connects in threads of its own."""
    with _WATCH.lock:
        _WATCH.purposes.append(sentence)
    try:
        yield
    finally:
        with _WATCH.lock:
            _WATCH.purposes.remove(sentence)


def requests() -> list[OutgoingRequest]:
    """All requests of this process, and of the others that write to its file; oldest first."""
    with _WATCH.lock:
        own, file = list(_WATCH.requests), _WATCH.file
    others = [request for request in _read(file) if request.pid != os.getpid()] if file else []
    return sorted([*own, *others], key=lambda request: request.at)


def is_outside(host: str) -> bool:
    """Whether a name or address is that of another machine."""
    name = host.partition("%")[0].lower()
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        own = socket.gethostname().lower()
        is_own = name in ("", "localhost", own, f"{own.partition('.')[0]}.local")
        return not (is_own or name.endswith(".localhost"))
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        address = mapped
    # What is sent to 0.0.0.0 arrives at this machine.
    return not (address.is_loopback or address.is_unspecified)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    """Called by Python for every audited event; an error in it would be raised in the caller."""
    if not event.startswith("socket."):
        return
    with contextlib.suppress(OSError, ValueError, TypeError, AttributeError, IndexError):
        if event in _LOOKUPS:
            port = arguments[1] if event == "socket.getaddrinfo" else None
            _see_lookup(_text(arguments[0]), str(port))
        elif event in _SENDING:
            _see_sending(event, *arguments[:2])


def _see_lookup(host: str, port: str) -> None:
    # An address is not looked up.
    if _is_address(host) or not is_outside(host):
        return
    _WATCH.local.lookup = (port, time.monotonic())
    _WATCH.note(host)


def _see_sending(event: str, channel: socket.socket, address: Any) -> None:
    if channel.family not in _FAMILIES:
        return
    # Connecting a datagram socket only notes the address.
    if event == "socket.connect" and not channel.type & socket.SOCK_STREAM:
        return
    host, port = _text(address[0]), address[1]
    if not is_outside(host) and (host, port) not in _WATCH.proxies:
        return
    port_seen, seen_at = getattr(_WATCH.local, "lookup", ("", 0.0))
    if port_seen == str(port) and time.monotonic() - seen_at < _SAME_CONNECTION:
        return
    _WATCH.note(host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _text(host: Any) -> str:
    return host.decode(errors="replace") if isinstance(host, bytes) else str(host or "")


def _proxies() -> frozenset[tuple[str, int]]:
    """Addresses on this machine that pass requests on to other machines."""
    found = set()
    for url in urllib.request.getproxies().values():
        with contextlib.suppress(ValueError):
            parts = urlsplit(url if "//" in url else f"//{url}")
            host = parts.hostname or ""
            for address in ("127.0.0.1", "::1") if host == "localhost" else (host,):
                found.add((address, parts.port or 80))
    return frozenset(found)


def _append(file: Path, request: OutgoingRequest) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = f"{json.dumps(asdict(request), ensure_ascii=False)}\n"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        # In one call, as several processes write.
        os.write(descriptor, line.encode(errors="replace"))
    finally:
        os.close(descriptor)


def _read(file: Path) -> list[OutgoingRequest]:
    """The requests in a file; damaged lines are left out."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return []
    found = []
    for line in filter(None, lines):
        with contextlib.suppress(ValueError, TypeError, KeyError):
            raw = parse_json(line)
            found.append(
                OutgoingRequest(
                    float(raw["at"]), str(raw["host"]), str(raw["purpose"]), int(raw["pid"])
                )
            )
    return found
