"""What the app needs of a model that talks. The engine is one; a test's parrot is another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from kakaobot.base.generation import Sampling
from kakaobot.schema import ChatMessage


class ChatModel(Protocol):
    @property
    def notes(self) -> tuple[str, ...]:
        """Korean: what went otherwise than asked while loading."""
        ...

    def draw_participant(self, messages: Sequence[ChatMessage], names: Sequence[str]) -> str:
        """Draw who of `names` speaks next, by how likely the model finds each."""
        ...

    def stream_reply(
        self, messages: Sequence[ChatMessage], sampling: Sampling, *, name: str = ""
    ) -> Iterator[str]:
        """The reply so far, longer each time. Closing the iterator stops the model.

        Args:
            name: prefilled as `[이름]`, so that this person speaks; the reply is without it.
        """
        ...
