"""The services behind "내 대화는 어디에"; see `ui/services.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.erasing import Erasing, Erasure
from kakaobot.app.storage import Storage, StoredThing
from kakaobot.config import Home


class StorageProtocol(Protocol):
    def things(self) -> Sequence[StoredThing]: ...

    def home_folder(self) -> str: ...


class ErasingProtocol(Protocol):
    last: Erasure | None
    count: int

    def question(self, access: AccessPass | None, names: Sequence[str] = ()) -> str: ...

    def erase(self, access: AccessPass | None, names: Sequence[str] = ()) -> Erasure: ...


@dataclass(frozen=True)
class OwnData:
    storage: StorageProtocol
    erasing: ErasingProtocol

    @classmethod
    def from_home(
        cls,
        home: Home,
        gate: PasswordGate,
        paused_replies: Callable[[bool], AbstractContextManager[None]],
    ) -> OwnData:
        return cls(Storage(home), Erasing(home, gate, paused_replies))
