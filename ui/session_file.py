"""The file by which open pages are let in after a restart of the program. It holds no secret."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from kakaobot.atomic_io import read_json_object, replace_text

MAX_SESSIONS = 64
_MAX_UNUSED = 30 * 24 * 3600.0
"""Seconds without a request after which a session is forgotten."""
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class StoredSession:
    """A session, as SHA-256 digests of its secrets."""

    cookie: str
    key: str
    return_code: str
    used_at: float
    """Seconds since the epoch."""


class SessionFile:
    """The sessions of the program that ran before, newest last."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock

    def read(self) -> list[StoredSession]:
        """Those that are not too old; none if the file is missing or damaged."""
        stored = read_json_object(self._path).get("sessions")
        found = [_session(entry) for entry in stored] if isinstance(stored, list) else []
        now = self._clock()
        # A time to come is that of a wrong clock, and must not last for ever.
        fresh = [each for each in found if each and abs(now - each.used_at) < _MAX_UNUSED]
        return fresh[-MAX_SESSIONS:]

    def write(self, sessions: Iterable[StoredSession]) -> None:
        """Replace the file, which only its owner can read.

        On a full or read-only disk the old one stays, and newer sessions end with the program.
        """
        text = json.dumps({"sessions": [asdict(each) for each in sessions]})
        with suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_text(self._path, text, mode=0o600)


def _session(entry: object) -> StoredSession | None:
    """An entry of the file; None if it is not one."""
    if not isinstance(entry, dict):
        return None
    digests = [entry.get(name) for name in ("cookie", "key", "return_code")]
    used_at = entry.get("used_at")
    if not isinstance(used_at, (int, float)) or isinstance(used_at, bool):
        return None
    if not all(isinstance(digest, str) and _DIGEST.fullmatch(digest) for digest in digests):
        return None
    cookie, key, return_code = map(str, digests)
    return StoredSession(cookie, key, return_code, float(used_at))
