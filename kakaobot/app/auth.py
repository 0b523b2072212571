"""The password gate. What infers asks for a `Pass`, and only a `Gate` makes one."""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
import threading
import time
import unicodedata
from collections.abc import Callable

from kakaobot.config import PASSWORD_VARIABLE, Home
from kakaobot.errors import AccessDenied

FREE_ATTEMPTS = 5
"""Wrong passwords before one has to wait."""
_LONGEST_WAIT = 300.0

NOT_SET = (
    f"비밀번호가 설정되지 않아 대화할 수 없습니다. 프로그램 폴더의 .env 파일에 "
    f"{PASSWORD_VARIABLE}=원하는비밀번호 를 적고 다시 시작하세요."
)
LOCKED = "잠겨 있습니다. 먼저 비밀번호를 입력하세요."


class AccessPass:
    """Proof that the password was given. Worth something only to the gate that made it."""

    __slots__ = ("_seal",)

    def __init__(self, seal: bytes) -> None:
        self._seal = seal


class PasswordGate:
    """Counts wrong tries for everybody together: addresses and sessions can be invented at will."""

    def __init__(self, password: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._salt = secrets.token_bytes(16)
        self._digest = self._scrypt(password) if password.strip() else b""
        self._seal = secrets.token_bytes(32)
        self._clock = clock
        self._lock = threading.Lock()
        self._wrong = 0
        self._closed_until = 0.0

    @classmethod
    def from_home(cls, home: Home) -> PasswordGate:
        """The gate of `CHATBOT_PASSWORD`, of the environment or of `.env`."""
        return cls(home.password())

    @property
    def is_set(self) -> bool:
        return bool(self._digest)

    def authenticate(self, password: str) -> AccessPass:
        """Give a pass for the right password. Takes the same time for a wrong one.

        Raises:
            AccessDenied: it is wrong, none is set, or there were too many tries.
        """
        if not self.is_set:
            raise AccessDenied(NOT_SET)
        if not password:
            raise AccessDenied("비밀번호를 입력하세요.")
        with self._lock:
            wait = self._closed_until - self._clock()
            if wait > 0:
                raise AccessDenied(f"여러 번 틀렸습니다. {math.ceil(wait)}초 뒤에 다시 입력하세요.")
            if not hmac.compare_digest(self._scrypt(password), self._digest):
                self._count_wrong()
                raise AccessDenied("비밀번호가 틀렸습니다. 다시 입력하세요.")
            self._wrong = 0
        return AccessPass(self._seal)

    def verify(self, given: AccessPass | None) -> None:
        """Raises AccessDenied unless this gate made `given`."""
        if not self.is_set:
            raise AccessDenied(NOT_SET)
        if not isinstance(given, AccessPass) or not hmac.compare_digest(given._seal, self._seal):
            raise AccessDenied(LOCKED)

    def _count_wrong(self) -> None:
        self._wrong += 1
        if self._wrong >= FREE_ATTEMPTS:
            wait = min(_LONGEST_WAIT, 5.0 * 2 ** (self._wrong - FREE_ATTEMPTS))
            self._closed_until = self._clock() + wait

    def _scrypt(self, password: str) -> bytes:
        # macOS sends Hangul decomposed, a .env file holds it composed.
        raw = unicodedata.normalize("NFC", str(password)).encode(errors="replace")
        return hashlib.scrypt(raw, salt=self._salt, n=2**14, r=8, p=1)
