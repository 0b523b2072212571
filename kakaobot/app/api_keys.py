"""Keys of other programs that may ask for replies: made with the password, kept as digests."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from filelock import FileLock, Timeout

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.atomic_io import read_json_object, replace_text
from kakaobot.config import Home
from kakaobot.errors import ConfigError
from kakaobot.language import deferred, tr
from kakaobot.os_errors import os_error_message

KEYS_FILE = "api-keys.json"
KeyKind = Literal["api", "kakao"]
KINDS: tuple[KeyKind, ...] = get_args(KeyKind)
KIND_TITLES: dict[KeyKind, str] = {
    "api": deferred("다른 프로그램"),
    "kakao": deferred("카카오톡 채널"),
}
MAX_KEYS = 50
_MAX_NAME = 40
_SECRET = re.compile(r"kb-([0-9a-f]{8})-([0-9A-Za-z_-]{43})")
_LOCK_TIMEOUT = 5.0
_USE_NOTED = 60.0
"""Seconds in which the last use of a key is not written again."""


@dataclass(frozen=True)
class ApiKey:
    """A key, without its secret."""

    id: str
    """A part of the secret that is none: it is shown."""
    name: str
    kind: KeyKind
    made_at: float
    """Unix time."""
    used_at: float
    """Unix time, to the minute; 0 if it was never used."""
    salt: str
    digest: str
    """Hexadecimal, of scrypt."""


class ApiKeys:
    """The keys of a home. Its file is read at every check, so that a revoked key stops at once."""

    def __init__(
        self, home: Home, gate: PasswordGate, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._file = home.state_folder / KEYS_FILE
        self._gate = gate
        self._clock = clock
        self._proven: dict[str, bytes] = {}
        """Digest of a key → fast digest of the secret that has matched it."""

    def all(self, access: AccessPass | None) -> list[ApiKey]:
        """The keys, oldest first.

        Raises:
            AccessDenied: without a valid pass.
        """
        self._gate.verify(access)
        return self._read()

    def version(self) -> object:
        """Changes with the keys and their last use."""
        try:
            stat = self._file.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size

    def make(self, access: AccessPass | None, name: str, kind: KeyKind = "api") -> str:
        """Make a key; returns its secret, which nothing can show again.

        Raises:
            AccessDenied: without a valid pass.
            ConfigError: the name is none, there are too many, or it cannot be written.
        """
        self._gate.verify(access)
        name = " ".join(name.split())
        if not name or len(name) > _MAX_NAME or not name.isprintable():
            raise ConfigError(
                tr("어디에 쓸 키인지 알아볼 이름을 {count}자까지 적으세요.").format(count=_MAX_NAME)
            )
        id, secret, salt = secrets.token_hex(4), secrets.token_urlsafe(32), secrets.token_hex(16)
        key = ApiKey(id, name, kind, self._clock(), 0.0, salt, _scrypt(secret, salt).hex())
        with self._changing():
            keys = self._read()
            if len(keys) >= MAX_KEYS:
                raise ConfigError(
                    tr("키는 {count}개까지 만들 수 있습니다. 쓰지 않는 키를 없애세요.").format(
                        count=MAX_KEYS
                    )
                )
            self._write([*keys, key])
        return f"kb-{id}-{secret}"

    def revoke(self, access: AccessPass | None, id: str) -> ApiKey:
        """Forget a key, which is refused from now on.

        Args:
            access: a valid pass.
            id: of the key, or its name if no other one has it.

        Raises:
            AccessDenied: without a valid pass.
            ConfigError: there is no such key, or it cannot be written.
        """
        self._gate.verify(access)
        with self._changing():
            keys = self._read()
            found = [key for key in keys if key.id == id] or [key for key in keys if key.name == id]
            if len(found) != 1:
                raise ConfigError(
                    tr("그런 키가 없습니다. 번호를 다시 확인하세요. 이미 없앴을 수 있습니다.")
                )
            self._write([key for key in keys if key.id != found[0].id])
        return found[0]

    def check(self, secret: str) -> ApiKey | None:
        """The key of a secret; None if there is none. Secrets are compared in constant time.

        What was right once costs no scrypt again, for as long as its key is in the file.
        """
        match = _SECRET.fullmatch(secret)
        key = next((key for key in self._read() if match and key.id == match[1]), None)
        if match is None or key is None:
            return None
        fast = hashlib.sha256(match[2].encode()).digest()
        if not hmac.compare_digest(self._proven.get(key.digest, b""), fast):
            computed = _scrypt(match[2], key.salt).hex()
            if not hmac.compare_digest(computed, key.digest):
                return None
            self._proven[key.digest] = fast
        self._note_use(key)
        return key

    def holds(self, key: ApiKey) -> bool:
        """Whether a key that was checked has not been revoked since."""
        return any(hmac.compare_digest(key.digest, one.digest) for one in self._read())

    def _note_use(self, key: ApiKey) -> None:
        now = self._clock()
        if 0 <= now - key.used_at < _USE_NOTED:
            return
        # What cannot be noted does not keep anybody from a reply.
        with suppress(ConfigError), self._changing():
            keys = self._read()
            self._write([replace(one, used_at=now) if one.id == key.id else one for one in keys])

    def _read(self) -> list[ApiKey]:
        """The keys of the file; what is damaged in it opens nothing."""
        raw = read_json_object(self._file).get("keys")
        return list(_valid(raw)) if isinstance(raw, list) else []

    def _write(self, keys: Sequence[ApiKey]) -> None:
        try:
            text = json.dumps({"keys": [asdict(key) for key in keys]}, ensure_ascii=False, indent=1)
            replace_text(self._file, f"{text}\n", mode=0o600)
        except OSError as error:
            raise ConfigError(os_error_message(error)) from error

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the file against other processes."""
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock(_lock_file(self._file), timeout=_LOCK_TIMEOUT, mode=0o600)
            lock.acquire()
        except Timeout as error:
            raise ConfigError(
                tr("다른 프로그램이 키를 바꾸고 있습니다. 잠시 뒤 다시 하세요.")
            ) from error
        except OSError as error:
            raise ConfigError(os_error_message(error)) from error
        try:
            yield
        finally:
            lock.release()


def _lock_file(file: Path) -> Path:
    return file.with_suffix(".lock")


def _valid(raw: Sequence[object]) -> Iterator[ApiKey]:
    for item in raw:
        with suppress(TypeError, ValueError, KeyError):
            key = ApiKey(**item)  # type: ignore[arg-type]
            texts = (key.id, key.name, key.salt, key.digest)
            times = (key.made_at, key.used_at)
            if (
                all(isinstance(text, str) for text in texts)
                and all(isinstance(at, int | float) for at in times)
                and key.kind in KINDS
                and bytes.fromhex(key.salt)
            ):
                yield key


def _scrypt(secret: str, salt: str) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=bytes.fromhex(salt), n=2**14, r=8, p=1)
