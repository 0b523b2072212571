"""Password authentication: what shows or imitates anybody's words requires an `AccessPass`.

Only a `PasswordGate` issues one. The gate also takes the first password, and another one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from kakaobot.app.password_file import PasswordFile
from kakaobot.app.password_rules import normalized, password_problem
from kakaobot.atomic_io import read_json_object, replace_text
from kakaobot.config import Home
from kakaobot.env_file import PASSWORD_VARIABLE
from kakaobot.errors import AccessDenied, ConfigError
from kakaobot.language import tr
from kakaobot.settings import AccessSettings

FREE_ATTEMPTS = 5
"""Failed attempts before the lockout starts."""
_MAX_LOCKOUT = 300.0
"""Seconds."""

_NOT_SET = tr(
    "비밀번호가 설정되지 않아 대화할 수 없습니다. 창을 열어 맨 위에서 정하거나, "
    "프로그램 폴더의 .env 파일에 {password_variable}=원하는비밀번호 를 적고 다시 "
    "시작하세요."
).format(password_variable=PASSWORD_VARIABLE)
LOCKED = tr("잠겨 있습니다. 먼저 비밀번호를 입력하세요.")
ALREADY_SET = tr("그 사이에 비밀번호가 정해졌습니다. 정해진 비밀번호를 맨 위 칸에 넣으세요.")


class WrongPassword(AccessDenied):
    """The password is another one."""


class PasswordStore(Protocol):
    """Where the password of a gate is kept."""

    def read(self) -> str: ...

    def write(self, password: str) -> None: ...


class AccessPass:
    """Proof of authentication, valid only at the gate that issued it and while it is in use."""

    __slots__ = ("_lasts", "_seal", "_used_at")

    def __init__(self, seal: bytes, used_at: float = 0.0, *, lasts: bool = False) -> None:
        self._seal = seal
        self._used_at = used_at
        self._lasts = lasts


class PasswordGate:
    """Issues and verifies passes.

    Failed attempts are counted globally: a client can forge any address or session.

    Args:
        password: blank denies everybody, until `set_first`.
        clock: seconds since the epoch, as failed attempts outlast the process.
        options: read at every check.
        attempts: file of the failed attempts; None keeps them in memory only.
        not_set: Korean: why there is no password, if there is a better reason than its absence.
        store: keeps a new password; None keeps it in memory only.
    """

    def __init__(
        self,
        password: str,
        *,
        clock: Callable[[], float] = time.time,
        options: Callable[[], AccessSettings] = AccessSettings,
        attempts: Path | None = None,
        not_set: str = "",
        store: PasswordStore | None = None,
    ) -> None:
        self._not_set = not_set or _NOT_SET
        self._store = store
        self._digest = b""
        self._take(password)
        self._clock = clock
        self._options = options
        self._attempts = attempts
        self._lock = threading.Lock()
        self._failures = 0
        self._locked_until = 0.0

    @classmethod
    def from_home(cls, home: Home) -> PasswordGate:
        """A gate with `CHATBOT_PASSWORD` from the environment or `.env`."""
        file = PasswordFile(home)
        return cls(
            home.password(),
            options=lambda: _options(home),
            attempts=home.state_folder / "attempts.json",
            not_set=file.misnaming(),
            store=file,
        )

    @property
    def is_set(self) -> bool:
        return bool(self._digest)

    def authenticate(self, password: str) -> AccessPass:
        """Issue a pass. Passwords are compared in constant time.

        Raises:
            AccessDenied: the password is wrong, none is set, or the gate is locked after too many
                attempts.
        """
        with self._lock:
            self._check(password)
            return self._new_pass()

    def set_first(self, password: str) -> AccessPass:
        """Set a password where there is none; valid at once, and for the next start.

        Raises:
            ConfigError: it is no password, or cannot be stored.
            AccessDenied: there is one, which another page or the user has set meanwhile.
        """
        composed = _fit(password)
        with self._lock:
            if not self.is_set and self._store is not None:
                self._take(self._store.read())
            if self.is_set:
                raise AccessDenied(ALREADY_SET)
            return self._replace(composed)

    def change(self, old: str, password: str) -> AccessPass:
        """Replace the password, and revoke the passes of all pages but the one returned.

        Raises:
            ConfigError: as `set_first`; the old password still holds.
            AccessDenied: as `authenticate` for the old one.
        """
        composed = _fit(password)
        with self._lock:
            self._check(old)
            return self._replace(composed)

    def lock_all(self) -> None:
        """Revoke the passes of all pages."""
        self._seal = secrets.token_bytes(32)

    def verify(self, access: AccessPass | None) -> None:
        """Check a pass, and count it as used now.

        Raises:
            AccessDenied: this gate did not issue it, or it was idle for too long.
        """
        if not self.is_set:
            raise AccessDenied(self._not_set)
        if access is None or not self.is_open(access):
            raise AccessDenied(LOCKED)
        access._used_at = self._clock()

    def lasting(self, access: AccessPass | None) -> AccessPass:
        """Issue a pass that no idle time ends, to serve those who have a key.

        Raises:
            AccessDenied: as `verify`.
        """
        self.verify(access)
        return AccessPass(self._seal, self._clock(), lasts=True)

    def is_open(self, access: AccessPass | None) -> bool:
        """Whether a pass is valid now. Does not count as use."""
        if not self.is_set or not isinstance(access, AccessPass):
            return False
        limit = 60 * self._options().idle_minutes
        idle = self._clock() - access._used_at
        is_used = access._lasts or not limit or idle < limit
        return hmac.compare_digest(access._seal, self._seal) and is_used

    def revoke(self, access: AccessPass | None) -> None:
        """Make a pass invalid, wherever it is kept."""
        if isinstance(access, AccessPass):
            access._seal = b""

    def shows_words(self, access: AccessPass | None, *, renew: bool = True) -> bool:
        """Whether a holder of this pass, or of none, may see what somebody has written.

        Args:
            access: None for a locked page.
            renew: whether a person has asked, which counts as use; not so for a poll.
        """
        if not self.is_set or self._options().scope == "chat":
            return True
        if not self.is_open(access):
            return False
        if renew:
            self.verify(access)
        return True

    def _check(self, password: str) -> None:
        """Compare and count. Requires the lock.

        Raises:
            AccessDenied: as `authenticate`.
        """
        if not self.is_set:
            raise AccessDenied(self._not_set)
        if not password:
            raise AccessDenied(tr("비밀번호를 입력하세요."))
        self._read_attempts()
        wait = self._locked_until - self._clock()
        if wait > 0:
            raise AccessDenied(
                tr("여러 번 틀렸습니다. {wait}초 뒤에 다시 입력하세요.").format(
                    wait=math.ceil(wait)
                )
            )
        if not hmac.compare_digest(self._scrypt(password), self._digest):
            self._count_failure()
            raise WrongPassword(tr("비밀번호가 틀렸습니다. 다시 입력하세요."))
        self._forget_failures()

    def _replace(self, password: str) -> AccessPass:
        """Store a password, then take it. Requires the lock."""
        if self._store is not None:
            self._store.write(password)
        self._take(password)
        self._forget_failures()
        return self._new_pass()

    def _take(self, password: str) -> None:
        """Compare with this password from now on. All passes issued so far are invalid."""
        self.lock_all()
        self._salt = secrets.token_bytes(16)
        self._digest = self._scrypt(password) if password.strip() else b""

    def _new_pass(self) -> AccessPass:
        return AccessPass(self._seal, self._clock())

    def _forget_failures(self) -> None:
        if self._failures:
            self._failures, self._locked_until = 0, 0.0
            self._write_attempts()

    def _count_failure(self) -> None:
        self._failures += 1
        if self._failures >= FREE_ATTEMPTS:
            # Bounded before it is raised to: a float overflows at 2 ** 1024.
            doublings = min(self._failures - FREE_ATTEMPTS, 64)
            wait = min(_MAX_LOCKOUT, 5.0 * 2**doublings)
            self._locked_until = self._clock() + wait
        self._write_attempts()

    def _read_attempts(self) -> None:
        """Take over what an earlier process, or another one, has counted."""
        if self._attempts is None:
            return
        stored = read_json_object(self._attempts)
        failures, locked_until = stored.get("failures"), stored.get("locked_until")
        if isinstance(failures, int) and isinstance(locked_until, (int, float)):
            latest = self._clock() + _MAX_LOCKOUT
            self._failures, self._locked_until = max(failures, 0), min(locked_until, latest)
            if locked_until > latest:
                # The clock of the machine was wrong; without this the lockout would never end.
                self._write_attempts()

    def _write_attempts(self) -> None:
        if self._attempts is None:
            return
        counted = {"failures": self._failures, "locked_until": self._locked_until}
        # On a read-only disk they are counted in memory, as long as the process lasts.
        with suppress(OSError):
            self._attempts.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_text(self._attempts, json.dumps(counted))

    def _scrypt(self, password: str) -> bytes:
        raw = normalized(str(password)).encode(errors="replace")
        return hashlib.scrypt(raw, salt=self._salt, n=2**14, r=8, p=1)


def _fit(password: str) -> str:
    """A new password as it is stored.

    Raises:
        ConfigError: it is none.
    """
    if problem := password_problem(password):
        raise ConfigError(problem)
    return normalized(password)


def _options(home: Home) -> AccessSettings:
    """The settings of the gate; the strict defaults while the file cannot be read."""
    try:
        return home.settings().access
    except ConfigError:
        return AccessSettings()
