"""The result of parsing one file: its messages, and the kind of every line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import lru_cache

from kakaobot.exports.captions import CaptionCounts
from kakaobot.exports.messages import MessageColumns, message_times, sender_counts
from kakaobot.exports.unicode import to_nfc
from kakaobot.schema import Message

_INVISIBLE = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\ufeff]")


@dataclass(frozen=True)
class LineCounts:
    """Lines of a file by kind. Every line is counted once, so they sum to `Export.lines`."""

    messages: int = 0
    continuations: int = 0
    headers: int = 0
    dates: int = 0
    system: int = 0
    """First lines of records without a sender, including deleted ones."""
    blank: int = 0
    not_understood: int = 0


@dataclass(frozen=True)
class Export:
    file: str
    """File name without folders."""
    format: str
    """Id in `formats`; several joined by + if files of different formats were concatenated."""
    room: str
    has_room_name: bool
    """Whether KakaoTalk wrote the room's name; if not, `room` comes from the file name."""
    messages: Sequence[Message]
    """At least one, in file order, including system lines."""
    lines: int
    counts: LineCounts
    not_understood: tuple[int, ...]
    """1-based line numbers."""
    part: int = 1
    """Number of this part if KakaoTalk split one export into several files."""
    leading_text: str = ""
    """Text before the first record of a later part: the end of the split message."""
    captions: CaptionCounts = CaptionCounts()

    @property
    def people(self) -> dict[str, int]:
        """Sender → number of messages, most active first."""
        counts = sender_counts(self.messages).copy()
        del counts[""]
        return dict(counts.most_common())

    @property
    def first(self) -> datetime:
        """Time of the first sent message; a Windows notice may be dated to midnight."""
        return min(message_times(self.messages, sent_only=bool(self.people)))

    @property
    def last(self) -> datetime:
        return max(message_times(self.messages))


@dataclass
class ParseResultBuilder:
    """Collects the messages of a file. Each line must be passed to exactly one method."""

    file: str
    room: str
    part: int = 1
    counts: Counter[str] = field(default_factory=Counter)
    not_understood: list[int] = field(default_factory=list)
    _leading_lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.messages = MessageColumns(self.file, self.room)

    def add_record(
        self, number: int, at: datetime, sender: str, text: str, continuations: Sequence[str]
    ) -> None:
        """Add a record with its continuation lines, without blank lines at its end."""
        if continuations or "\n" in text:
            text = self.strip_body("\n".join([text, *continuations]))
        self.messages.set_line(len(self.messages), number)
        self.messages.extend((at,), (normalize_name(sender),), (text,))

    def strip_body(self, text: str) -> str:
        """Remove blank lines at the end of a record's text; count all lines but the first."""
        if text[-1:].isspace():
            *lines, last = text.split("\n")
            while lines and not last.strip():
                last = lines.pop()
                self.counts["blank"] += 1
            text = "\n".join([*lines, last])
        self.counts["continuations"] += text.count("\n")
        return text

    def add_leading(self, lines: str) -> None:
        """Add lines of a message that starts in the previous part."""
        for line in lines.split("\n"):
            self.counts["continuations" if line.strip() else "blank"] += 1
            self._leading_lines.append(line)

    def reject(self, number: int, lines: str) -> None:
        """Count lines as not understood; `number` is that of the first."""
        for offset, line in enumerate(lines.split("\n")):
            if line.strip():
                self.counts["not_understood"] += 1
                self.not_understood.append(number + offset)
            else:
                self.counts["blank"] += 1

    def build(self, format: str, *, has_room_name: bool, lines: int) -> Export:
        system = self.messages.senders[""]
        self.counts.update(messages=len(self.messages) - system, system=system)
        return Export(
            file=self.file,
            format=format,
            room=self.room,
            has_room_name=has_room_name,
            messages=self.messages,
            lines=lines,
            counts=LineCounts(**{kind.name: self.counts[kind.name] for kind in fields(LineCounts)}),
            not_understood=tuple(sorted(self.not_understood)),
            part=self.part,
            leading_text="\n".join(self._leading_lines).strip("\n"),
            captions=self.messages.captions.counts,
        )


@lru_cache(maxsize=4096)
def normalize_name(name: str) -> str:
    """NFC without control characters, which some devices write and others omit."""
    return to_nfc(_INVISIBLE.sub("", name)).strip()
