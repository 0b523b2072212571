"""What was read from one file: its messages, and what each line turned out to be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import lru_cache

from kakaobot.exports.messages import MessageColumns, message_times, sender_counts
from kakaobot.exports.unicode import to_nfc
from kakaobot.schema import Message

_UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\ufeff]")


@dataclass(frozen=True)
class LineCounts:
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
    format: str
    """Id in `formats`; several, joined by +, where files of different formats were concatenated."""
    room: str
    has_room_name: bool
    """Whether KakaoTalk wrote the room's name; if not, `room` is only taken from the file name."""
    messages: Sequence[Message]
    """At least one, in file order, system lines included."""
    lines: int
    counts: LineCounts
    not_understood: tuple[int, ...]
    """1-based line numbers."""
    part: int = 1
    """Number of this part where KakaoTalk cut one export into several files."""
    lead: str = ""
    """What comes before the first record of a later part: the end of the message that was cut."""

    @property
    def people(self) -> dict[str, int]:
        """Sender → number of messages, most first."""
        counts = sender_counts(self.messages).copy()
        del counts[""]
        return dict(counts.most_common())

    @property
    def first(self) -> datetime:
        """Of what people said; a Windows notice has no time of its own, and stands at midnight."""
        return min(message_times(self.messages, said=bool(self.people)))

    @property
    def last(self) -> datetime:
        return max(message_times(self.messages))


@dataclass
class ParseResultBuilder:
    """Grows while a file is read. Every line is handed to exactly one of its methods."""

    file: str
    room: str
    part: int = 1
    counts: Counter[str] = field(default_factory=Counter)
    not_understood: list[int] = field(default_factory=list)
    _lead: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.messages = MessageColumns(self.file, self.room)

    def add(self, number: int, at: datetime, sender: str, text: str, more: list[str]) -> None:
        """One record and the lines that continue it; blank lines at its end are not its own."""
        if more or "\n" in text:
            text = self.joined("\n".join([text, *more]))
        self.messages.place(len(self.messages), number)
        self.messages.add((at,), (normalize_name(sender),), (text,))

    def joined(self, text: str) -> str:
        """The text of a record without the blank lines at its end; counts all but its first."""
        if text[-1:].isspace():
            *lines, last = text.split("\n")
            while lines and not last.strip():
                last = lines.pop()
                self.counts["blank"] += 1
            text = "\n".join([*lines, last])
        self.counts["continuations"] += text.count("\n")
        return text

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

    def export(self, format: str, *, has_room_name: bool, lines: int) -> Export:
        system = self.messages.senders[""]
        self.counts.update(messages=len(self.messages) - system, system=system)
        return Export(
            file=self.file,
            format=format,
            room=self.room,
            has_room_name=has_room_name,
            messages=self.messages,
            lines=lines,
            counts=LineCounts(**{each.name: self.counts[each.name] for each in fields(LineCounts)}),
            not_understood=tuple(sorted(self.not_understood)),
            part=self.part,
            lead="\n".join(self._lead).strip("\n"),
        )


@lru_cache(maxsize=4096)
def normalize_name(name: str) -> str:
    """A name without the control characters that one device writes and another does not."""
    return to_nfc(_UNSEEN.sub("", name)).strip()
