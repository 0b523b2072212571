"""What was read from one file: its messages, and what each line turned out to be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import lru_cache

from kakaobot.exports.wording import DELETED, FIRST, MEDIA
from kakaobot.records import Kind, Message

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
    part: int = 1
    """Number of this part where KakaoTalk cut one export into several files."""
    lead: str = ""
    """What comes before the first record of a later part: the end of the message that was cut."""

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
    part: int = 1
    messages: list[Message] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    not_understood: list[int] = field(default_factory=list)
    _lead: list[str] = field(default_factory=list)

    def add(self, number: int, at: datetime, sender: str, text: str, more: list[str]) -> None:
        """One record and the lines that continue it; blank lines at its end are not its own."""
        if more or "\n" in text:
            text = self._joined([*text.split("\n"), *more])
        sender = person(sender)
        body = text.strip()
        kind: Kind = "text"
        if not sender:
            kind = "deleted" if DELETED.fullmatch(body) else "system"
        elif body[:1] in FIRST or "." in body[-6:] or body.endswith("보냈습니다"):
            kind = _kind_of(body) if len(body) <= _LONGEST_PLACEHOLDER else "text"
        self.messages.append(Message(at, sender, text, kind, self.room, self.file, number))

    def _joined(self, lines: list[str]) -> str:
        end = len(lines)
        while end > 1 and not lines[end - 1].strip():
            end -= 1
        self.counts["blank"] += len(lines) - end
        self.counts["continuations"] += end - 1
        return lines[0] if end == 1 else "\n".join(lines[:end])

    def lead(self, unit: str) -> None:
        """Lines of a message that began in the part before this one."""
        for line in unit.split("\n"):
            self.counts["continuations" if line.strip() else "blank"] += 1
            self._lead.append(line)

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
        said = sum(bool(message.sender) for message in self.messages)
        self.counts.update(messages=said, system=len(self.messages) - said)
        return Export(
            file=self.file,
            layout=layout,
            room=self.room,
            named=named,
            messages=tuple(self.messages),
            lines=lines,
            counts=Counts(**{each.name: self.counts[each.name] for each in fields(Counts)}),
            not_understood=tuple(sorted(self.not_understood)),
            part=self.part,
            lead="\n".join(self._lead).strip("\n"),
        )


@lru_cache(maxsize=4096)
def person(name: str) -> str:
    """A name without the control characters that one device writes and another does not."""
    return _UNSEEN.sub("", name).strip()


@lru_cache(maxsize=8192)
def _kind_of(body: str) -> Kind:
    """Placeholders are matched whole: `사진은 어떻게 처리하나요?` is text."""
    if DELETED.fullmatch(body):
        return "deleted"
    return "media" if MEDIA.fullmatch(body) else "text"
