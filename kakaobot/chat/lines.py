"""The lines of a conversation, as its participants see them."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_USER_NAME = "나"


@dataclass(frozen=True)
class ChatLine:
    """One message of a conversation."""

    name: str
    text: str
    from_user: bool


@dataclass(frozen=True)
class Reply:
    """A reply so far."""

    name: str
    """Who replies; empty until drawn."""
    bubbles: tuple[str, ...]
    done: bool
    note: str = ""
    """Korean: what the reply waits for."""


def split_bubbles(text: str) -> tuple[str, ...]:
    """A message as its chat bubbles: one per line that is not blank."""
    return tuple(line.rstrip() for line in text.split("\n") if line.strip())
