"""Browser sessions: one-time codes, and the two secrets that a browser gets for one.

A cookie alone opens nothing, because browsers send cookies to every port of a host. The key stays
in the local storage of one origin, port included, and the page sends it with every request.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TypeVar

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.errors import AccessDenied
from ui import request_text

_T = TypeVar("_T")

_MAX_CODES = 32
_MAX_SESSIONS = 64
_MAX_PAGES = 4096
_MAX_PASSES = 64


class PasswordRequired(AccessDenied):
    """The code is valid, but a session also needs the password, which is missing or wrong."""


@dataclass
class BrowserSession:
    """One browser that has exchanged a code."""

    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    key: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    access: AccessPass | None = None
    """Issued if the password was part of the exchange, until the first page has it."""
    passes: OrderedDict[str, AccessPass] = field(default_factory=OrderedDict)
    """Of unlocked pages, so that they stay unlocked when they are reloaded."""


class BrowserSessions:
    """Issues codes, exchanges them for sessions, and knows which page owns a gradio session hash.

    The oldest code, session or page is forgotten when there are too many. Thread-safe.

    Args:
        gate: asked for the password at every exchange; None exchanges codes without one.
    """

    def __init__(self, gate: PasswordGate | None = None) -> None:
        self._gate = gate
        self._lock = threading.Lock()
        self._codes: OrderedDict[str, None] = OrderedDict()
        self._sessions: OrderedDict[str, BrowserSession] = OrderedDict()
        self._owners: OrderedDict[str, tuple[str, str]] = OrderedDict()

    def issue_code(self) -> str:
        """A new code, valid for one exchange."""
        code = secrets.token_urlsafe(24)
        with self._lock:
            _remember(self._codes, _digest(code), None, _MAX_CODES)
        return code

    def exchange(self, code: str, password: str = "") -> BrowserSession:
        """Exchange a code for a session. A wrong password leaves the code valid.

        Raises:
            PasswordRequired: the password is missing or wrong.
            AccessDenied: the code is unknown or already exchanged.
        """
        with self._lock:
            if _digest(code) not in self._codes:
                raise AccessDenied(request_text.CODE_USED)
        access = self._authenticate(password) if self._gate else None
        with self._lock:
            # Another request may have exchanged it during the password check.
            if _digest(code) not in self._codes:
                raise AccessDenied(request_text.CODE_USED)
            del self._codes[_digest(code)]
            session = BrowserSession(access=access)
            _remember(self._sessions, _digest(session.cookie), session, _MAX_SESSIONS)
        return session

    def find(self, cookie: str) -> BrowserSession | None:
        """The session of a cookie."""
        with self._lock:
            return self._sessions.get(_digest(cookie))

    def find_pass(self, cookie: str, page: str) -> AccessPass | None:
        """The pass of a page; the first page of a session gets the one of the exchange."""
        session = self.find(cookie)
        if session is None:
            return None
        access, session.access = session.access, None
        if access is not None:
            self.keep_pass(cookie, page, access)
        return session.passes.get(page)

    def keep_pass(self, cookie: str, page: str, access: AccessPass | None) -> None:
        """Keep the pass of a page; None forgets it."""
        session = self.find(cookie)
        if session is None or not page:
            return
        with self._lock:
            session.passes.pop(page, None)
            if access is not None:
                _remember(session.passes, page, access, _MAX_PASSES)

    def owns(self, session: BrowserSession, page: str, session_hash: str) -> bool:
        """Whether a page may use a gradio session hash; the first page that uses it owns it."""
        owner = (session.cookie, page)
        with self._lock:
            if session_hash not in self._owners:
                _remember(self._owners, session_hash, owner, _MAX_PAGES)
            return self._owners[session_hash] == owner

    def _authenticate(self, password: str) -> AccessPass:
        assert self._gate is not None
        try:
            return self._gate.authenticate(password)
        except AccessDenied as error:
            raise PasswordRequired(str(error)) from error


def has_key(session: BrowserSession, key: str) -> bool:
    """Whether a key belongs to a session, compared in constant time."""
    return hmac.compare_digest(key.encode(errors="replace"), session.key.encode())


def _digest(secret: str) -> str:
    # Looking up a digest reveals nothing about a secret by its timing.
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _remember(entries: OrderedDict[str, _T], name: str, entry: _T, limit: int) -> None:
    entries[name] = entry
    while len(entries) > limit:
        entries.popitem(last=False)
