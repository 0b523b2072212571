"""The messages of one file as columns, of which but a few are in memory. Knows no layout."""

from __future__ import annotations

import operator
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache, partial
from itertools import pairwise, repeat
from typing import cast, overload

from kakaobot.disk_list import DiskBlocks
from kakaobot.exports.system_text import DELETED, MEDIA, PLACEHOLDER_FIRST, PLACEHOLDER_LAST
from kakaobot.schema import Kind, Message

_AT_ONCE = 8192
"""Messages that are written and read together; fewer than that never touch the disk."""
_LONGEST_PLACEHOLDER = 2000
_SPACES = frozenset(chr(code) for code in range(0x3001) if chr(code).isspace())
_FIRST, _LAST = PLACEHOLDER_FIRST | _SPACES, PLACEHOLDER_LAST | _SPACES

_Columns = tuple[list[datetime], list[str], list[str]]
"""Times, senders and texts."""


class MessageColumns(Sequence[Message]):
    """Kept as columns; a `Message` is made when it is asked for, best of all in order.

    So a file can be read, counted and put away without making half a million of them, and a large
    one is in memory no more than a small one.
    """

    def __init__(self, file: str, room: str) -> None:
        self._file, self._room = file, room
        self._blocks = DiskBlocks()
        self._open: _Columns = [], [], []
        self._last: tuple[int, _Columns] = -1, ([], [], [])
        self._begins = array("Q")
        """Indices of the messages that do not stand right below the line of the one before."""
        self._lines = array("Q")
        """The line of each of those."""
        self.senders = Counter[str]()
        """Messages by sender; those of nobody are system lines."""
        self.is_in_order = True
        """Whether no message is older than the one before."""
        self._newest = datetime.min

    def place(self, index: int, line: int) -> None:
        """The message of this index stands there, and those behind it below, a line each.

        To be told in the order of the indices.
        """
        self._begins.append(index)
        self._lines.append(line)

    def add(self, at: Sequence[datetime], senders: Sequence[str], texts: Sequence[str]) -> None:
        """Some more, as columns of equal length; every sender a `person`, every text whole.

        Raises:
            DatasetError: the disk is full.
        """
        self.senders.update(senders)
        if self.is_in_order and at:
            ascending = all(before <= after for before, after in pairwise(at))
            self.is_in_order = ascending and self._newest <= at[0]
            self._newest = at[-1]
        for column, more in zip(self._open, (at, senders, texts), strict=True):
            cast("list[object]", column).extend(more)
        if len(self._open[0]) >= _AT_ONCE:
            self._close()

    def _close(self) -> None:
        times, senders, texts = self._open
        whole = len(times) - len(times) % _AT_ONCE
        for start in range(0, whole, _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            self._blocks.add((times[part], senders[part], texts[part]))
        self._open = times[whole:], senders[whole:], texts[whole:]

    def __len__(self) -> int:
        return len(self._blocks) * _AT_ONCE + len(self._open[0])

    def __iter__(self) -> Iterator[Message]:
        numbers = self._numbers()
        for times, senders, texts in self.columns():
            rows = zip(
                times,
                senders,
                texts,
                _kinds(senders, texts),
                repeat(self._room),
                repeat(self._file),
                numbers,
                # Numbers go on with the next block, and must be asked last to lose none.
                strict=False,
            )
            yield from map(_message, rows)

    def columns(self) -> Iterator[_Columns]:
        """Times, senders and texts, some thousands at once."""
        for number in range(len(self._blocks)):
            yield self._blocks.read(number)
        yield self._open

    def _numbers(self) -> Iterator[int]:
        stops = [*self._begins[1:], len(self)]
        for begin, stop, line in zip(self._begins, stops, self._lines, strict=True):
            yield from range(line, line + stop - begin)

    @overload
    def __getitem__(self, index: int) -> Message: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Message, ...]: ...
    def __getitem__(self, index: int | slice) -> Message | tuple[Message, ...]:
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(len(self))))
        index = range(len(self))[index]
        block, offset = divmod(index, _AT_ONCE)
        times, senders, texts = self._block(block)
        place = bisect_right(self._begins, index) - 1
        return Message(
            times[offset],
            senders[offset],
            texts[offset],
            kind_of(senders[offset], texts[offset]),
            self._room,
            self._file,
            self._lines[place] + index - self._begins[place],
        )

    def _block(self, number: int) -> _Columns:
        if number == len(self._blocks):
            return self._open
        last, columns = self._last
        if last != number:
            columns = self._blocks.read(number)
            self._last = number, columns
        return columns

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(map(operator.eq, self, other))

    __hash__ = None  # type: ignore[assignment]  # as every other thing that can grow


class MappedMessages(Sequence[Message]):
    """Messages as they would be after some change. Made one at a time: a room has a million."""

    def __init__(
        self,
        messages: Sequence[Message],
        change: Callable[[Message], Message],
        called: Callable[[str], str],
    ) -> None:
        """Alter nothing yet.

        Args:
            messages: as they are.
            change: makes of one what it would be; alters no time.
            called: what `change` makes of a sender.
        """
        self._messages, self._change, self._called = messages, change, called

    @property
    def senders(self) -> Counter[str]:
        """Messages by sender; those of nobody are system lines."""
        counts = Counter[str]()
        for name, count in sender_counts(self._messages).items():
            counts[self._called(name)] += count
        return counts

    @property
    def is_in_order(self) -> bool:
        """Whether no message is older than the one before."""
        return is_chronological(self._messages)

    def __len__(self) -> int:
        return len(self._messages)

    @overload
    def __getitem__(self, place: int) -> Message: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Message]: ...
    def __getitem__(self, place: int | slice) -> Message | Sequence[Message]:
        if isinstance(place, slice):
            return MappedMessages(self._messages[place], self._change, self._called)
        return self._change(self._messages[place])

    def __iter__(self) -> Iterator[Message]:
        return map(self._change, self._messages)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(map(operator.eq, self, other))

    __hash__ = None  # type: ignore[assignment]


def is_chronological(messages: Sequence[Message]) -> bool:
    """Whether no message is older than the one before."""
    if isinstance(messages, MessageColumns | MappedMessages):
        return messages.is_in_order
    return all(before.at <= after.at for before, after in pairwise(messages))


def sender_counts(messages: Sequence[Message]) -> Counter[str]:
    """Messages by sender, those of nobody among them."""
    if isinstance(messages, MessageColumns | MappedMessages):
        return messages.senders
    return Counter(message.sender for message in messages)


def message_times(messages: Sequence[Message], *, said: bool = False) -> Iterator[datetime]:
    """When each message was; with `said`, each that somebody sent."""
    if not isinstance(messages, MessageColumns):
        yield from (message.at for message in messages if message.sender or not said)
        return
    for times, senders, _ in messages.columns():
        yield from (at for at, who in zip(times, senders, strict=True) if who or not said)


_message = cast("Callable[[Iterable[object]], Message]", partial(tuple.__new__, Message))
"""Without a call into Python, which would take longer than all the rest."""


def _kinds(senders: Iterable[str], texts: Iterable[str]) -> Iterator[Kind]:
    """Four texts in five are seen to be text at a glance."""
    return (
        "text" if who and said[:1] not in _FIRST and said[-1:] not in _LAST else kind_of(who, said)
        for who, said in zip(senders, texts, strict=True)
    )


def kind_of(sender: str, text: str) -> Kind:
    """Placeholders are matched whole: `사진은 어떻게 처리하나요?` is text."""
    body = text.strip()
    if not sender:
        return "deleted" if DELETED.fullmatch(body) else "system"
    likely = body[:1] in PLACEHOLDER_FIRST or "." in body[-6:] or body.endswith("보냈습니다")
    return _looked_up(body) if likely and len(body) <= _LONGEST_PLACEHOLDER else "text"


@lru_cache(maxsize=8192)
def _looked_up(body: str) -> Kind:
    if DELETED.fullmatch(body):
        return "deleted"
    return "media" if MEDIA.fullmatch(body) else "text"
