"""Browser sessions: one-time codes, and the secrets that a browser gets for one.

A cookie alone opens nothing, because browsers send cookies to every port of a host. The key stays
in the local storage of one origin, port included, and the page sends it with every request.

Both die with the program: another program could take its port and read them. An open page alone
holds the return code, with which the next program gives its browser new ones.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.errors import AccessDenied
from ui import request_text
from ui.session_file import MAX_SESSIONS, SessionFile, StoredSession

_T = TypeVar("_T")

_MAX_CODES = 32
_MAX_PAGES = 4096
_MAX_PASSES = 64
_WRITE_SECONDS = 24 * 3600.0
"""Seconds after which the time of the last use is stored again."""


class PasswordRequired(AccessDenied):
    """The code is valid, but a session also needs the password, which is missing or wrong."""


@dataclass(frozen=True)
class SessionSecrets:
    """What a browser gets for a code, and nobody keeps but the browser."""

    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    key: str = field(default_factory=lambda: secrets.token_urlsafe(32))


NO_SECRETS = SessionSecrets("", "")


@dataclass
class BrowserSession:
    """One browser that has exchanged a code."""

    name: str
    """The digest of its cookie."""
    key: str
    """Also a digest."""
    used_at: float
    return_code: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    access: AccessPass | None = None
    """Issued if the password was part of the exchange, until the first page has it."""
    passes: OrderedDict[str, AccessPass] = field(default_factory=OrderedDict)
    """Of unlocked pages, so that they stay unlocked when they are reloaded."""

    def stored(self) -> StoredSession:
        return StoredSession(self.name, self.key, _digest(self.return_code), self.used_at)


class BrowserSessions:
    """Issues codes, exchanges them for sessions, and knows which page owns a gradio session hash.

    The oldest code, session or page is forgotten when there are too many. Thread-safe.

    Args:
        gate: asked for the password at every exchange; None exchanges codes without one.
        file: of the sessions that outlast the program; None forgets all of them.
    """

    def __init__(
        self,
        gate: PasswordGate | None = None,
        file: SessionFile | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._gate = gate
        self._file = file
        self._clock = clock
        self._written_at = clock()
        self._lock = threading.Lock()
        self._codes: OrderedDict[str, None] = OrderedDict()
        self._sessions: OrderedDict[str, BrowserSession] = OrderedDict()
        self._owners: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._ended = {stored.cookie: stored for stored in file.read()} if file else {}
        """Of the program that ran before."""
        self._renewed: dict[str, StoredSession] = {}
        """Those whose return code has been exchanged."""

    def issue_code(self) -> str:
        """A new code, valid for one exchange."""
        code = secrets.token_urlsafe(24)
        with self._lock:
            _remember(self._codes, _digest(code), None, _MAX_CODES)
        return code

    def exchange(
        self, code: str, password: str = "", held: SessionSecrets = NO_SECRETS
    ) -> SessionSecrets:
        """Exchange a code for a session. A wrong password leaves the code valid.

        Args:
            code: as issued, or the return code of a session of the program that ran before.
            password: asked for where there is a gate.
            held: cookie and key of the browser; a return code is worthless without its own.

        Raises:
            PasswordRequired: the password is missing or wrong.
            AccessDenied: the code is unknown or already exchanged.
        """
        with self._lock:
            self._check(code, held)
        access = self._authenticate(password) if self._gate else None
        with self._lock:
            # Another request may have exchanged it during the password check.
            ended = self._check(code, held)
            if ended is None:
                del self._codes[_digest(code)]
            else:
                self._renewed[ended.cookie] = self._ended.pop(ended.cookie)
            new = SessionSecrets()
            session = BrowserSession(_digest(new.cookie), _digest(new.key), self._clock())
            session.access = access
            _remember(self._sessions, session.name, session, MAX_SESSIONS)
            self._write()
        return new

    def _check(self, code: str, held: SessionSecrets) -> StoredSession | None:
        """The ended session whose return code this is; None for an issued code.

        Raises:
            AccessDenied: it is neither.
        """
        if _digest(code) in self._codes:
            return None
        ended = self._ended.get(_digest(held.cookie))
        if ended and _matches(held.key, ended.key) and _matches(code, ended.return_code):
            return ended
        raise AccessDenied(request_text.CODE_USED)

    def find(self, cookie: str) -> BrowserSession | None:
        """The session of a cookie, which is thereby in use."""
        now = self._clock()
        with self._lock:
            session = self._sessions.get(_digest(cookie))
            if session is not None:
                session.used_at = now
                if now - self._written_at > _WRITE_SECONDS:
                    self._write()
        return session

    def proof(self, name: str, challenge: str) -> tuple[str, str] | None:
        """The state of a session, and a proof of its return code; None for an unknown name.

        The page sends its return code only to the program that can prove that it knows it. The
        state is "live", "ended" with the program that ran before, or "renewed".
        """
        with self._lock:
            live = self._sessions.get(name)
            stored = live.stored() if live else self._ended.get(name) or self._renewed.get(name)
            if stored is None:
                return None
            state = "live" if live else "ended" if name in self._ended else "renewed"
        signature = hmac.new(stored.return_code.encode(), challenge.encode(), hashlib.sha256)
        return state, signature.hexdigest()

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
        owner = (session.name, page)
        with self._lock:
            if session_hash not in self._owners:
                _remember(self._owners, session_hash, owner, _MAX_PAGES)
            return self._owners[session_hash] == owner

    def _write(self) -> None:
        """Store the newest sessions. Requires the lock."""
        if self._file is None:
            return
        live = [session.stored() for session in self._sessions.values()]
        self._file.write([*self._ended.values(), *live][-MAX_SESSIONS:])
        self._written_at = self._clock()

    def _authenticate(self, password: str) -> AccessPass:
        assert self._gate is not None
        try:
            return self._gate.authenticate(password)
        except AccessDenied as error:
            raise PasswordRequired(str(error)) from error


def has_key(session: BrowserSession, key: str) -> bool:
    """Whether a key belongs to a session, compared in constant time."""
    return _matches(key, session.key)


def _matches(secret: str, digest: str) -> bool:
    return hmac.compare_digest(_digest(secret), digest)


def _digest(secret: str) -> str:
    # Looking up a digest reveals nothing about a secret by its timing.
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _remember(entries: OrderedDict[str, _T], name: str, entry: _T, limit: int) -> None:
    entries[name] = entry
    while len(entries) > limit:
        entries.popitem(last=False)
