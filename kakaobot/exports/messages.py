"""The messages of one file as columns, spilled to disk."""

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
from kakaobot.exports.captions import CaptionReader
from kakaobot.exports.notices import DELETED, OFFICIAL, is_own_notice
from kakaobot.exports.system_text import MEDIA, PLACEHOLDER_FIRST, PLACEHOLDER_LAST
from kakaobot.schema import Kind, Message

_BLOCK_SIZE = 8192
"""Messages written and read together; fewer than that never touch the disk."""
_MAX_PLACEHOLDER = 2000
_SPACES = frozenset(chr(code) for code in range(0x3001) if chr(code).isspace())
_FIRST, _LAST = PLACEHOLDER_FIRST | _SPACES, PLACEHOLDER_LAST | _SPACES

_Columns = tuple[list[datetime], list[str], list[str]]
"""Times, senders and texts."""


class MessageColumns(Sequence[Message]):
    """Messages as columns of what the file says; a `Message` is created on access.

    Most work is done on the columns, and a large file takes no more memory than a small one.
    """

    def __init__(self, file: str, room: str) -> None:
        self._file, self._room = file, room
        self._blocks = DiskBlocks()
        self._tail: _Columns = [], [], []
        self._cached: tuple[int, _Columns] = -1, ([], [], [])
        self._run_starts = array("Q")
        """Index of the first message of every run of messages on consecutive lines."""
        self._run_lines = array("Q")
        """Line of each of those."""
        self.captions = CaptionReader()
        self.senders = Counter[str]()
        """Number of messages by sender; system lines have the empty sender."""
        self.is_chronological = True
        """Whether no message is older than the one before."""
        self._newest = datetime.min

    def set_line(self, index: int, line: int) -> None:
        """Put message `index` on `line`, and those after it on the lines below, one each.

        Indices must ascend from call to call.
        """
        self._run_starts.append(index)
        self._run_lines.append(line)

    def extend(
        self, times: Sequence[datetime], senders: Sequence[str], texts: Sequence[str]
    ) -> None:
        """Append columns of equal length; senders normalized, texts complete.

        Raises:
            DatasetError: the disk is full.
        """
        self.senders.update(senders)
        self.captions.observe(texts)
        if self.is_chronological and times:
            ascending = all(before <= after for before, after in pairwise(times))
            self.is_chronological = ascending and self._newest <= times[0]
            self._newest = times[-1]
        for column, values in zip(self._tail, (times, senders, texts), strict=True):
            cast("list[object]", column).extend(values)
        if len(self._tail[0]) >= _BLOCK_SIZE:
            self._spill()

    def _spill(self) -> None:
        times, senders, texts = self._tail
        stop = len(times) - len(times) % _BLOCK_SIZE
        for start in range(0, stop, _BLOCK_SIZE):
            block = slice(start, start + _BLOCK_SIZE)
            self._blocks.add((times[block], senders[block], texts[block]))
        self._tail = times[stop:], senders[stop:], texts[stop:]

    def __len__(self) -> int:
        return len(self._blocks) * _BLOCK_SIZE + len(self._tail[0])

    def __iter__(self) -> Iterator[Message]:
        lines = self._lines()
        for times, senders, texts in self.columns():
            words = self.captions.all_words(texts)
            rows = zip(
                times,
                senders,
                words,
                _kinds(senders, words),
                repeat(self._room),
                repeat(self._file),
                lines,
                # `lines` continues in the next block: as the last argument it loses no item.
                strict=False,
            )
            yield from map(_make_message, rows)

    def columns(self) -> Iterator[_Columns]:
        """Times, senders and texts, a block at a time."""
        for number in range(len(self._blocks)):
            yield self._blocks.read(number)
        yield self._tail

    def _lines(self) -> Iterator[int]:
        stops = [*self._run_starts[1:], len(self)]
        for start, stop, line in zip(self._run_starts, stops, self._run_lines, strict=True):
            yield from range(line, line + stop - start)

    @overload
    def __getitem__(self, index: int) -> Message: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Message, ...]: ...
    def __getitem__(self, index: int | slice) -> Message | tuple[Message, ...]:
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(len(self))))
        index = range(len(self))[index]
        block, offset = divmod(index, _BLOCK_SIZE)
        times, senders, texts = self._block(block)
        run = bisect_right(self._run_starts, index) - 1
        (text,) = self.captions.all_words([texts[offset]])
        return Message(
            times[offset],
            senders[offset],
            text,
            kind_of(senders[offset], text),
            self._room,
            self._file,
            self._run_lines[run] + index - self._run_starts[run],
        )

    def _block(self, number: int) -> _Columns:
        if number == len(self._blocks):
            return self._tail
        cached, columns = self._cached
        if cached != number:
            columns = self._blocks.read(number)
            self._cached = number, columns
        return columns

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(map(operator.eq, self, other))

    __hash__ = None  # type: ignore[assignment]  # mutable


class MappedMessages(Sequence[Message]):
    """Lazy view of messages with a function applied; a room may have a million."""

    def __init__(
        self,
        messages: Sequence[Message],
        change: Callable[[Message], Message],
        rename: Callable[[str], str],
    ) -> None:
        """Store the arguments; messages are mapped on access.

        Args:
            messages: the originals.
            change: maps one message; must keep its time.
            rename: maps a sender as `change` does.
        """
        self._messages, self._change, self._rename = messages, change, rename

    @property
    def senders(self) -> Counter[str]:
        """Number of messages by sender; system lines have the empty sender."""
        counts = Counter[str]()
        for name, count in sender_counts(self._messages).items():
            counts[self._rename(name)] += count
        return counts

    @property
    def is_chronological(self) -> bool:
        """Whether no message is older than the one before."""
        return is_chronological(self._messages)

    def __len__(self) -> int:
        return len(self._messages)

    @overload
    def __getitem__(self, index: int) -> Message: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Message]: ...
    def __getitem__(self, index: int | slice) -> Message | Sequence[Message]:
        if isinstance(index, slice):
            return MappedMessages(self._messages[index], self._change, self._rename)
        return self._change(self._messages[index])

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
        return messages.is_chronological
    return all(before.at <= after.at for before, after in pairwise(messages))


def sender_counts(messages: Sequence[Message]) -> Counter[str]:
    """Number of messages by sender; system lines have the empty sender."""
    if isinstance(messages, MessageColumns | MappedMessages):
        return messages.senders
    return Counter(message.sender for message in messages)


def message_times(messages: Sequence[Message], *, sent_only: bool = False) -> Iterator[datetime]:
    """Time of each message; with `sent_only`, of each message that has a sender."""
    if not isinstance(messages, MessageColumns):
        yield from (message.at for message in messages if message.sender or not sent_only)
        return
    for times, senders, _ in messages.columns():
        yield from (at for at, name in zip(times, senders, strict=True) if name or not sent_only)


_make_message = cast("Callable[[Iterable[object]], Message]", partial(tuple.__new__, Message))
"""Avoids a Python-level call per message, which would dominate iteration."""


def _kinds(senders: Iterable[str], texts: Iterable[str]) -> Iterator[Kind]:
    """Kind of each message; the first and last character decide four texts in five."""
    return (
        "text"
        if name and text[:1] not in _FIRST and text[-1:] not in _LAST
        else kind_of(name, text)
        for name, text in zip(senders, texts, strict=True)
    )


def kind_of(sender: str, text: str) -> Kind:
    """Kind of a message; `사진은 어떻게 처리하나요?` is text, as placeholders match as a whole."""
    body = text.strip()
    if not sender:
        return "deleted" if DELETED.fullmatch(body) else "system"
    is_candidate = (
        body[:1] in PLACEHOLDER_FIRST or "." in body[-6:] or body.endswith(("니다", "안내"))
    ) and len(body) <= _MAX_PLACEHOLDER
    if not is_candidate:
        return "text"
    kind = _placeholder_kind(body)
    return "system" if kind == "text" and is_own_notice(sender, body) else kind


@lru_cache(maxsize=8192)
def _placeholder_kind(body: str) -> Kind:
    if DELETED.fullmatch(body):
        return "deleted"
    if MEDIA.fullmatch(body):
        return "media"
    return "system" if OFFICIAL.fullmatch(body) else "text"
