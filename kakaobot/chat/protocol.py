"""`ChatModel`: the interface the chat use case needs from a model. `Engine` implements it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Protocol

from kakaobot.base.generation import Sampling
from kakaobot.schema import ChatMessage

NEVER = threading.Event()
"""For a call that nobody cancels; never set."""


class Cancelled(Exception):
    """The call was cancelled; the model can be used again or dropped."""


class ChatModel(Protocol):
    """Computes for one caller at a time.

    Another thread may set the event `cancelled` of a call. The call then raises `Cancelled` within
    one token, and within one layer of a prompt.
    """

    def draw_participant(
        self,
        messages: Sequence[ChatMessage],
        candidates: Sequence[str],
        *,
        cancelled: threading.Event = NEVER,
    ) -> str:
        """Draw who of `candidates` sends the next message, weighted by the model's likelihood."""
        ...

    def stream_reply(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        reply_as: str = "",
        cancelled: threading.Event = NEVER,
    ) -> Iterator[str]:
        """Yield the reply so far, longer each time. Closing the iterator stops generation.

        Args:
            reply_as: participant whose `[이름]` is prefilled; the reply itself is without it.
        """
        ...
