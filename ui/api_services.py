"""The services behind the section for other programs; see `ui/services.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kakaobot.app.api_keys import ApiKey, ApiKeys, KeyKind
from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat import ChatService
from kakaobot.config import Home
from kakaobot.serve.server import ApiServer, ServerState


class ApiServerProtocol(Protocol):
    @property
    def state(self) -> ServerState: ...

    def start(self, access: AccessPass | None) -> ServerState: ...

    def stop(self, access: AccessPass | None) -> None: ...

    def close(self) -> None: ...


class ApiKeysProtocol(Protocol):
    def all(self, access: AccessPass | None) -> Sequence[ApiKey]: ...

    def make(self, access: AccessPass | None, name: str, kind: KeyKind = "api") -> str: ...

    def revoke(self, access: AccessPass | None, id: str) -> ApiKey: ...

    def version(self) -> object: ...


@dataclass(frozen=True)
class Api:
    server: ApiServerProtocol
    keys: ApiKeysProtocol

    @classmethod
    def from_home(cls, home: Home, gate: PasswordGate, chat: ChatService) -> Api:
        return cls(ApiServer(home, gate, chat), ApiKeys(home, gate))

    def version(self) -> object:
        """Changes with what the section shows."""
        return self.server.state, self.keys.version()
