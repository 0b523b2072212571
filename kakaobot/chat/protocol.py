"""`ChatModel`: the interface the chat use case needs from a model. `Engine` implements it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from kakaobot.base.generation import Sampling
from kakaobot.schema import ChatMessage


class ChatModel(Protocol):
    def draw_participant(self, messages: Sequence[ChatMessage], candidates: Sequence[str]) -> str:
        """Draw who of `candidates` sends the next message, weighted by the model's likelihood."""
        ...

    def stream_reply(
        self, messages: Sequence[ChatMessage], sampling: Sampling, *, reply_as: str = ""
    ) -> Iterator[str]:
        """Yield the reply so far, longer each time. Closing the iterator stops generation.

        Args:
            reply_as: participant whose `[이름]` is prefilled; the reply itself is without it.
        """
        ...
