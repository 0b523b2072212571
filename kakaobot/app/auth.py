"""Password authentication: inference requires an `AccessPass`, issued by a `PasswordGate`."""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
import threading
import time
import unicodedata
from collections.abc import Callable

from kakaobot.config import Home
from kakaobot.env_file import PASSWORD_VARIABLE
from kakaobot.errors import AccessDenied

FREE_ATTEMPTS = 5
"""Failed attempts before the lockout starts."""
_MAX_LOCKOUT = 300.0
"""Seconds."""

_NOT_SET = (
    f"비밀번호가 설정되지 않아 대화할 수 없습니다. 프로그램 폴더의 .env 파일에 "
    f"{PASSWORD_VARIABLE}=원하는비밀번호 를 적고 다시 시작하세요."
)
LOCKED = "잠겨 있습니다. 먼저 비밀번호를 입력하세요."


class AccessPass:
    """Proof of authentication, valid only at the gate that issued it."""

    __slots__ = ("_seal",)

    def __init__(self, seal: bytes) -> None:
        self._seal = seal


class PasswordGate:
    """Issues and verifies passes.

    Failed attempts are counted globally: a client can forge any address or session.
    """

    def __init__(self, password: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._salt = secrets.token_bytes(16)
        self._digest = self._scrypt(password) if password.strip() else b""
        self._seal = secrets.token_bytes(32)
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._locked_until = 0.0

    @classmethod
    def from_home(cls, home: Home) -> PasswordGate:
        """A gate with `CHATBOT_PASSWORD` from the environment or `.env`."""
        return cls(home.password())

    @property
    def is_set(self) -> bool:
        return bool(self._digest)

    def authenticate(self, password: str) -> AccessPass:
        """Issue a pass. Passwords are compared in constant time.

        Raises:
            AccessDenied: the password is wrong, none is set, or the gate is locked after too many
                attempts.
        """
        if not self.is_set:
            raise AccessDenied(_NOT_SET)
        if not password:
            raise AccessDenied("비밀번호를 입력하세요.")
        with self._lock:
            wait = self._locked_until - self._clock()
            if wait > 0:
                raise AccessDenied(f"여러 번 틀렸습니다. {math.ceil(wait)}초 뒤에 다시 입력하세요.")
            if not hmac.compare_digest(self._scrypt(password), self._digest):
                self._count_failure()
                raise AccessDenied("비밀번호가 틀렸습니다. 다시 입력하세요.")
            self._failures = 0
        return AccessPass(self._seal)

    def verify(self, access: AccessPass | None) -> None:
        """Check a pass.

        Raises:
            AccessDenied: this gate did not issue it.
        """
        if not self.is_set:
            raise AccessDenied(_NOT_SET)
        if not isinstance(access, AccessPass) or not hmac.compare_digest(access._seal, self._seal):
            raise AccessDenied(LOCKED)

    def _count_failure(self) -> None:
        self._failures += 1
        if self._failures >= FREE_ATTEMPTS:
            # Bounded before it is raised to: a float overflows at 2 ** 1024.
            doublings = min(self._failures - FREE_ATTEMPTS, 64)
            wait = min(_MAX_LOCKOUT, 5.0 * 2**doublings)
            self._locked_until = self._clock() + wait

    def _scrypt(self, password: str) -> bytes:
        # macOS sends Hangul decomposed (NFD); a .env file holds it composed.
        raw = unicodedata.normalize("NFC", str(password)).encode(errors="replace")
        return hashlib.scrypt(raw, salt=self._salt, n=2**14, r=8, p=1)
