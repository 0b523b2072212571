"""`ChatModel`: the interface the chat use case needs from a model. `Engine` implements it."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

from kakaobot.base.generation import Sampling
from kakaobot.schema import ChatMessage

NEVER = threading.Event()
"""For a call that nobody cancels; never set."""
BASE, ADAPTER, STRONGEST = 0.0, 1.0, 1.3
"""Strengths; beyond the last one, replies fall apart."""


class Cancelled(Exception):
    """The call was cancelled; the model can be used again or dropped."""


@dataclass(frozen=True)
class Candidate:
    """One of several replies to the same messages."""

    text: str
    ended: bool
    """Whether the model ended it, rather than the limit of tokens."""
    tokens: int
    """Generated ones, without the end of the turn."""
    log_prob: float
    """Of all generated tokens, the end included, before temperature and cut-offs."""


class ChatModel(Protocol):
    """Computes for one caller at a time.

    Another thread may set the event `cancelled` of a call. The call then raises `Cancelled` within
    one token, and within one layer of a prompt.

    `reply_as` is the participant whose `[이름]` is prefilled; replies are without it. `strength` is
    the share of the adapter: 0 is the base model alone, 1 the adapter as it was trained.
    """

    @property
    def size(self) -> int:
        """Bytes of its weights in memory; 0 if unknown."""
        return 0

    def draw_participant(
        self,
        messages: Sequence[ChatMessage],
        candidates: Sequence[str],
        *,
        cancelled: threading.Event = NEVER,
    ) -> str:
        """Draw who of `candidates` sends the next message, weighted by the model's likelihood."""
        ...

    def score_participants(
        self,
        messages: Sequence[ChatMessage],
        candidates: Sequence[str],
        *,
        strength: float = 1.0,
        cancelled: threading.Event = NEVER,
    ) -> list[float]:
        """Log-probability of the `[이름]` of each of `candidates` as the next one."""
        ...

    def stream_reply(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        reply_as: str = "",
        strength: float = 1.0,
        cancelled: threading.Event = NEVER,
    ) -> Generator[str, None, bool]:
        """Yield the reply so far, longer each time. Closing the iterator stops generation.

        Returns:
            Whether the model ended it, rather than the limit of tokens.
        """
        ...

    def draw_replies(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        count: int,
        reply_as: str = "",
        strength: float = 1.0,
        cancelled: threading.Event = NEVER,
    ) -> list[Candidate]:
        """Draw `count` replies side by side. The messages are read once."""
        ...

    def score_replies(
        self,
        messages: Sequence[ChatMessage],
        replies: Sequence[str],
        *,
        reply_as: str = "",
        strength: float = 1.0,
        cancelled: threading.Event = NEVER,
    ) -> list[float]:
        """Log-probability of each reply with its end; without `messages`, that of it at all."""
        ...

    def recited_end(
        self,
        messages: Sequence[ChatMessage],
        reply: str,
        *,
        reply_as: str = "",
        strength: float = 1.0,
        cancelled: threading.Event = NEVER,
    ) -> str:
        """The longest end of `reply` that greedy decoding says word for word after the rest."""
        ...
