"""The lines of a conversation, as its participants see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kakaobot.language import deferred, tr

DEFAULT_USER_NAME = deferred("나")
UNKNOWN_NAME = tr("누군가")
AI_MARK = "AI"
"""Beside every name that the model replies as."""


@dataclass(frozen=True)
class ChatLine:
    """One message of a conversation, or a break between two sessions of a room."""

    name: str
    """Who sent it; may be empty for the user."""
    text: str
    from_user: bool

    @property
    def is_break(self) -> bool:
        """Whether nobody sent it: it says how much later the room goes on."""
        return not (self.name or self.from_user)


def current_session(lines: Sequence[ChatLine]) -> Sequence[ChatLine]:
    """The lines since the last break. No row of the data has more than one session."""
    last = max((number for number, line in enumerate(lines) if line.is_break), default=-1)
    return lines[last + 1 :]


@dataclass(frozen=True)
class Reply:
    """A reply so far."""

    name: str
    """Who replies; empty until drawn."""
    bubbles: tuple[str, ...]
    done: bool
    note: str = ""
    """Korean: what the reply waits for."""
    is_cut: bool = False
    """Whether the limit of tokens ended it."""


def split_bubbles(text: str) -> tuple[str, ...]:
    """A message as its chat bubbles: one per line that is not blank."""
    return tuple(line.rstrip() for line in text.split("\n") if line.strip())
