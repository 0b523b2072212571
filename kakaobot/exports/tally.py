"""What was read from one file: its messages, and what each line turned out to be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import lru_cache

from kakaobot.exports.layouts import DELETED, MEDIA
from kakaobot.records import Kind, Message, Source

_UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\ufeff]")
_LONGEST_PLACEHOLDER = 2000

Unit = tuple[int, str]
"""A 1-based line number and the text from there to the record's end; may hold inner newlines."""


@dataclass(frozen=True)
class Counts:
    """What the lines of a file are. Each line is one of these, so they sum to `Export.lines`."""

    messages: int = 0
    continuations: int = 0
    headers: int = 0
    dates: int = 0
    system: int = 0
    """Lines that begin a record nobody sent, deleted ones among them."""
    blank: int = 0
    not_understood: int = 0


@dataclass(frozen=True)
class Export:
    file: str
    """File name without folders."""
    layout: str
    """Id in `layouts`; several, joined by +, where parts of unlike layouts were put together."""
    room: str
    named: bool
    """Whether KakaoTalk wrote the room's name; if not, `room` is only taken from the file name."""
    messages: tuple[Message, ...]
    """At least one, in file order, system lines included."""
    lines: int
    counts: Counts
    not_understood: tuple[int, ...]
    """1-based line numbers."""

    @property
    def people(self) -> dict[str, int]:
        """Sender → number of messages, most first."""
        return dict(Counter(m.sender for m in self.messages if m.sender).most_common())

    @property
    def first(self) -> datetime:
        """Of what people said; a Windows notice has no time of its own, and stands at midnight."""
        said = [message.at for message in self.messages if message.sender]
        return min(said or [message.at for message in self.messages])

    @property
    def last(self) -> datetime:
        return max(message.at for message in self.messages)


@dataclass
class Tally:
    """Grows while a file is read. Every line is handed to exactly one of its methods."""

    file: str
    room: str
    messages: list[Message] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    not_understood: list[int] = field(default_factory=list)

    def add(self, number: int, at: datetime, sender: str, lines: list[str]) -> None:
        """One record and the lines that continue it; blank lines at its end are not its own."""
        end = len(lines)
        while end > 1 and not lines[end - 1].strip():
            end -= 1
        self.counts["blank"] += len(lines) - end
        self.counts["continuations"] += end - 1
        text = lines[0] if end == 1 else "\n".join(lines[:end])
        sender = person(sender)
        self.counts["messages" if sender else "system"] += 1
        source = Source(self.file, number)
        self.messages.append(Message(at, sender, text, _kind(sender, text), self.room, source))

    def refuse(self, number: int, unit: str) -> None:
        """Lines that are reported instead of guessed at."""
        for offset, line in enumerate(unit.split("\n")):
            if line.strip():
                self.counts["not_understood"] += 1
                self.not_understood.append(number + offset)
            else:
                self.counts["blank"] += 1

    def refuse_all(self, units: Iterable[Unit]) -> None:
        for number, unit in units:
            self.refuse(number, unit)

    def export(self, layout: str, *, named: bool, lines: int) -> Export:
        counts = Counts(**{each.name: self.counts[each.name] for each in fields(Counts)})
        refused = tuple(sorted(self.not_understood))
        messages = tuple(self.messages)
        return Export(self.file, layout, self.room, named, messages, lines, counts, refused)


@lru_cache(maxsize=4096)
def person(name: str) -> str:
    """A name without the control characters that one device writes and another does not."""
    return _UNSEEN.sub("", name).strip()


def _kind(sender: str, text: str) -> Kind:
    kind: Kind = _kind_of(text.strip()) if len(text) <= _LONGEST_PLACEHOLDER else "text"
    return kind if sender or kind == "deleted" else "system"


@lru_cache(maxsize=8192)
def _kind_of(body: str) -> Kind:
    """Placeholders are matched whole: `사진은 어떻게 처리하나요?` is text."""
    if DELETED.fullmatch(body):
        return "deleted"
    return "media" if MEDIA.fullmatch(body) else "text"
