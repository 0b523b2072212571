"""What the app needs of a model that talks. The engine is one; a test's parrot is another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from kakaobot.records import ChatMessage


@dataclass(frozen=True)
class Sampling:
    """How the next token is drawn."""

    max_new_tokens: int
    temperature: float
    """0 takes the likeliest token every time."""
    top_p: float
    top_k: int
    """0 for no limit."""
    repetition_penalty: float


class Speaker(Protocol):
    @property
    def notes(self) -> tuple[str, ...]:
        """Korean: what went otherwise than asked while loading."""
        ...

    def next_name(self, messages: Sequence[ChatMessage], names: Sequence[str]) -> str:
        """Draw who of `names` speaks next, by how likely the model finds each."""
        ...

    def speak(
        self, messages: Sequence[ChatMessage], sampling: Sampling, *, name: str = ""
    ) -> Iterator[str]:
        """The reply so far, longer each time. Closing the iterator stops the model.

        Args:
            name: prefilled as `[이름]`, so that this person speaks; the reply is without it.
        """
        ...
