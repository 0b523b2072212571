"""Data types on the way from an export to the adapter. Immutable; no torch, no files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

Kind = Literal["text", "media", "system", "deleted"]
Role = Literal["system", "user", "assistant"]
Progress = Callable[[float, str], None]
"""Receives the fraction done (0 to 1) and the current activity in Korean."""


def no_progress(fraction: float, text: str) -> None:
    """Ignores progress."""


class Message(NamedTuple):
    """A named tuple: rooms have a million of them, and nothing is faster or smaller."""

    at: datetime
    """Device-local time without a time zone."""
    sender: str
    """Empty for a system line."""
    text: str
    """NFC, with inner newlines, indentation and U+200D."""
    kind: Kind
    room: str
    file: str
    """Name of the export, without folders."""
    line: int
    """1-based line on which the record starts."""


class Turn(NamedTuple):
    """Consecutive messages of one participant within the merge gap."""

    id: str
    """`<file>:<line>` of its first message; unique within a history."""
    sender: str
    lines: tuple[str, ...]
    """One entry per message (bubble), which may contain newlines."""
    start: datetime
    end: datetime
    gaps: tuple[int, ...] = ()
    """Seconds from each message to the next."""

    @property
    def text(self) -> str:
        """All bubbles, one per line, as the model reads and writes them."""
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True)
class Session:
    """Turns of one room without a pause longer than the session gap."""

    room: str
    turns: tuple[Turn, ...]


class ChatMessage(NamedTuple):
    """One message of a conversation as the model sees it."""

    role: Role
    content: str
    """Without the `[이름] ` prefix, which the renderer adds if `name` is set."""
    name: str = ""
    """Shown to the model if set."""
    is_target: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """One row of train.jsonl or val.jsonl."""

    id: str
    room: str
    persona: str
    """The participant who is `assistant`; empty if the whole room is trained."""
    messages: tuple[ChatMessage, ...]
    turns: tuple[str, ...]
    """Ids of the source turns, one per message that is not `system`."""
    at: tuple[str, str]
    """ISO times of the first and last turn."""
