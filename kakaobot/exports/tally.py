"""What was read from one file: its messages, and what each line turned out to be."""

from __future__ import annotations

import operator
import re
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import lru_cache, partial
from itertools import repeat
from typing import cast, overload

from kakaobot.exports.composing import composed
from kakaobot.exports.wording import DELETED, FIRST, LAST, MEDIA
from kakaobot.records import Kind, Message

_UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\ufeff]")
_LONGEST_PLACEHOLDER = 2000
_SPACES = frozenset(chr(code) for code in range(0x3001) if chr(code).isspace())
_FIRST, _LAST = FIRST | _SPACES, LAST | _SPACES


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
    messages: Sequence[Message]
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
        if isinstance(self.messages, Messages):
            counts = Counter(self.messages.senders)
        else:
            counts = Counter(message.sender for message in self.messages)
        del counts[""]
        return dict(counts.most_common())

    @property
    def first(self) -> datetime:
        """Of what people said; a Windows notice has no time of its own, and stands at midnight."""
        return min(self._times(said=True) or self._times())

    @property
    def last(self) -> datetime:
        return max(self._times())

    def _times(self, *, said: bool = False) -> list[datetime]:
        """When each message was; with `said`, each that somebody sent."""
        if isinstance(self.messages, Messages):
            pairs = zip(self.messages.times, self.messages.senders, strict=True)
            return [at for at, who in pairs if who or not said]
        return [message.at for message in self.messages if message.sender or not said]


class Messages(Sequence[Message]):
    """The messages of one file, kept as columns; a `Message` is made when it is asked for.

    So a file can be read, counted and put away without making half a million of them.
    """

    __slots__ = ("_begins", "_file", "_lines", "_room", "_texts", "senders", "times")

    def __init__(self, file: str, room: str) -> None:
        self._file, self._room = file, room
        self.times: list[datetime] = []
        self.senders: list[str] = []
        self._texts: list[str] = []
        self._begins = array("Q")
        """Indices of the messages that do not stand right below the line of the one before."""
        self._lines = array("Q")
        """The line of each of those."""

    def place(self, index: int, line: int) -> None:
        """The message of this index stands there, and those behind it below, a line each.

        To be told in the order of the indices.
        """
        self._begins.append(index)
        self._lines.append(line)

    def add(self, at: Sequence[datetime], senders: Sequence[str], texts: Sequence[str]) -> None:
        """Some more, as columns of equal length; every sender a `person`, every text whole."""
        self.times += at
        self.senders += senders
        self._texts += texts

    def __len__(self) -> int:
        return len(self.times)

    def __iter__(self) -> Iterator[Message]:
        rows = zip(
            self.times,
            self.senders,
            self._texts,
            self._kinds(),
            repeat(self._room),
            repeat(self._file),
            self._numbers(),
            strict=False,
        )
        return map(_message, rows)

    def _numbers(self) -> Iterator[int]:
        stops = [*self._begins[1:], len(self)]
        for begin, stop, line in zip(self._begins, stops, self._lines, strict=True):
            yield from range(line, line + stop - begin)

    def _kinds(self) -> Iterator[Kind]:
        """Four texts in five are seen to be text at a glance."""
        return (
            "text"
            if who and said[:1] not in _FIRST and said[-1:] not in _LAST
            else kind_of(who, said)
            for who, said in zip(self.senders, self._texts, strict=True)
        )

    @overload
    def __getitem__(self, index: int) -> Message: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Message, ...]: ...
    def __getitem__(self, index: int | slice) -> Message | tuple[Message, ...]:
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(len(self))))
        index = range(len(self))[index]
        place = bisect_right(self._begins, index) - 1
        return Message(
            self.times[index],
            self.senders[index],
            self._texts[index],
            kind_of(self.senders[index], self._texts[index]),
            self._room,
            self._file,
            self._lines[place] + index - self._begins[place],
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(map(operator.eq, self, other))

    __hash__ = None  # type: ignore[assignment]  # as every other thing that can grow


_message = cast("Callable[[Iterable[object]], Message]", partial(tuple.__new__, Message))
"""Without a call into Python, which would take longer than all the rest."""


@dataclass
class Tally:
    """Grows while a file is read. Every line is handed to exactly one of its methods."""

    file: str
    room: str
    part: int = 1
    counts: Counter[str] = field(default_factory=Counter)
    not_understood: list[int] = field(default_factory=list)
    _lead: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.messages = Messages(self.file, self.room)

    def add(self, number: int, at: datetime, sender: str, text: str, more: list[str]) -> None:
        """One record and the lines that continue it; blank lines at its end are not its own."""
        if more or "\n" in text:
            text = self.joined("\n".join([text, *more]))
        self.messages.place(len(self.messages), number)
        self.messages.add((at,), (person(sender),), (text,))

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

    def export(self, layout: str, *, named: bool, lines: int) -> Export:
        system = self.messages.senders.count("")
        self.counts.update(messages=len(self.messages) - system, system=system)
        return Export(
            file=self.file,
            layout=layout,
            room=self.room,
            named=named,
            messages=self.messages,
            lines=lines,
            counts=Counts(**{each.name: self.counts[each.name] for each in fields(Counts)}),
            not_understood=tuple(sorted(self.not_understood)),
            part=self.part,
            lead="\n".join(self._lead).strip("\n"),
        )


@lru_cache(maxsize=4096)
def person(name: str) -> str:
    """A name without the control characters that one device writes and another does not."""
    return composed(_UNSEEN.sub("", name)).strip()


def kind_of(sender: str, text: str) -> Kind:
    """Placeholders are matched whole: `사진은 어떻게 처리하나요?` is text."""
    body = text.strip()
    if not sender:
        return "deleted" if DELETED.fullmatch(body) else "system"
    likely = body[:1] in FIRST or "." in body[-6:] or body.endswith("보냈습니다")
    return _looked_up(body) if likely and len(body) <= _LONGEST_PLACEHOLDER else "text"


@lru_cache(maxsize=8192)
def _looked_up(body: str) -> Kind:
    if DELETED.fullmatch(body):
        return "deleted"
    return "media" if MEDIA.fullmatch(body) else "text"
