"""The nouns that travel from an export file to the adapter. Frozen; no torch, no files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

Kind = Literal["text", "media", "system", "deleted"]
Role = Literal["system", "user", "assistant"]
Progress = Callable[[float, str], None]
"""Told the share done (0 to 1) and, in Korean, what is being done."""


def no_progress(share: float, words: str) -> None:
    """A `Progress` nobody looks at."""


class Message(NamedTuple):
    """A tuple, because a room has a million of them and nothing is made faster or smaller."""

    at: datetime
    """Device-local time without a zone."""
    sender: str
    """Empty for a system line."""
    text: str
    """NFC; inner newlines, indentation and U+200D kept."""
    kind: Kind
    room: str
    file: str
    """Name of the export, without folders."""
    line: int
    """1-based number of the line on which the record starts."""


class Turn(NamedTuple):
    """A speaker's consecutive messages within the merge gap."""

    id: str
    """`<file>:<line>` of its first message, unique within one history."""
    sender: str
    lines: tuple[str, ...]
    """One entry a message, that is a bubble; an entry may itself hold newlines."""
    start: datetime
    end: datetime

    @property
    def text(self) -> str:
        """All bubbles, one a line: what the model reads and writes."""
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True)
class Session:
    """Turns of one room with no silence longer than the session gap between them."""

    room: str
    turns: tuple[Turn, ...]


class ChatMessage(NamedTuple):
    """One message of a conversation as the model sees it."""

    role: Role
    content: str
    """Without the `[이름] ` prefix, which the renderer adds where `name` is set."""
    name: str = ""
    """Shown to the model where it is set."""
    is_target: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """One row of train.jsonl or val.jsonl."""

    id: str
    room: str
    persona: str
    """The person who is `assistant`; empty when the whole room is learnt."""
    messages: tuple[ChatMessage, ...]
    turns: tuple[str, ...]
    """Ids of the source turns, one for each message that is not `system`."""
    at: tuple[str, str]
    """ISO times of the first and the last turn."""
