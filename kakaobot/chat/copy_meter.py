"""Copy meter ("복붙률"): the longest stretch of a reply that stands in one of the training replies.

Spaces, letter case and the length of a laugh do not matter. A stretch that several training replies
share is an expression of the room, and no copy. Knows no model and imports no torch.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import re
import unicodedata
from collections.abc import Iterable
from os.path import commonprefix
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kakaobot.dataset.jsonl import iter_rows, read_messages
from kakaobot.schema import ChatMessage, Conversation

_MAX_SHARING = 2
"""Replies in which a stretch may stand and still be a copy of one of them."""
_MAX_OCCURRENCES = 64
"""Occurrences looked at; a stretch with more is an expression."""
_LONG, _VERY_LONG = 12, 30
"""Letters of a stretch that counts by its share of the reply, and of one that always does."""
_MUCH = 0.5
_CONTEXT = 3
"""Messages shown before the source of a copy."""
_END = "\n"
"""Stands between replies; normalized text has no spaces."""
_SPACES = re.compile(r"\s+")
_RUN = re.compile(r"(.)\1{2,}")


class CopySource(NamedTuple):
    """A training reply."""

    reply: str
    row: int
    """Its row, counted from 0."""
    message: int
    """Its place in the row."""


class Overlap(NamedTuple):
    """The longest stretch of a text that is copied from a training reply."""

    length: int = 0
    """In letters, without spaces."""
    share: float = 0.0
    """Of the text."""
    source: CopySource | None = None

    @property
    def is_high(self) -> bool:
        """Whether a reader should know of it."""
        return self.length >= _VERY_LONG or (self.length >= _LONG and self.share >= _MUCH)


class CopyMeter:
    """An index of training replies: a suffix array of all of them."""

    def __init__(self, sources: Iterable[CopySource]) -> None:
        self._sources = list(sources)
        texts = [_normalized(source.reply) + _END for source in self._sources]
        self._text = "".join(texts)
        self._begins = list(itertools.accumulate(map(len, texts), initial=0))
        self._suffixes = _suffix_array(self._text)

    @classmethod
    def of_rows(cls, rows: Iterable[Conversation]) -> CopyMeter:
        """Index the targets of these rows."""
        return cls(
            CopySource(message.content, number, place)
            for number, row in enumerate(rows)
            for place, message in enumerate(row.messages)
            if message.is_target
        )

    def overlap(self, text: str) -> Overlap:
        """The longest stretch of `text` that at most two training replies hold."""
        sought = _normalized(text)
        best = Overlap()
        for begin in range(len(sought)):
            if len(sought) - begin <= best.length:
                break
            if best.length and not self._holds(sought[begin : begin + best.length + 1]):
                continue
            stretch = self._longest_prefix(sought[begin:])
            if len(stretch) > best.length and (source := self._source(stretch)):
                best = Overlap(len(stretch), len(stretch) / len(sought), source)
        return best

    def _holds(self, stretch: str) -> bool:
        first = self._find(stretch)
        return first < len(self._suffixes) and self._at(first, len(stretch)) == stretch

    def _longest_prefix(self, sought: str) -> str:
        """The longest prefix that some reply holds: its neighbors in the array have it."""
        place = self._find(sought)
        near = (n for n in (place - 1, place) if 0 <= n < len(self._suffixes))
        return max(
            (commonprefix([sought, self._at(n, len(sought))]) for n in near), key=len, default=""
        )

    def _source(self, stretch: str) -> CopySource | None:
        """The first reply that holds `stretch`; None if it is nothing or an expression."""
        if not stretch:
            return None
        first = self._find(stretch)
        stop = first + _MAX_OCCURRENCES
        held = [n for n in range(first, stop) if self._at(n, len(stretch)) == stretch]
        replies = {bisect.bisect(self._begins, int(self._suffixes[n])) - 1 for n in held}
        if len(held) == _MAX_OCCURRENCES or len(replies) > _MAX_SHARING:
            return None
        return self._sources[min(replies)]

    def _find(self, stretch: str) -> int:
        """Place in the array of the first suffix that is not less than `stretch`."""
        low, high = 0, len(self._suffixes)
        while low < high:
            middle = (low + high) // 2
            if self._at(middle, len(stretch)) < stretch:
                low = middle + 1
            else:
                high = middle
        return low

    def _at(self, place: int, length: int) -> str:
        """The first letters of a suffix; empty beyond the last one."""
        if place >= len(self._suffixes):
            return ""
        begin = int(self._suffixes[place])
        return self._text[begin : begin + length]


@functools.lru_cache(maxsize=1)
def _indexed(file: Path, stamp: tuple[int, int]) -> CopyMeter:
    return CopyMeter.of_rows(iter_rows(file))


def load_copy_meter(file: Path) -> CopyMeter:
    """The index of a file of training rows, built once per file.

    Raises:
        DatasetError: the file is missing or damaged.
    """
    try:
        stat = file.stat()
        stamp = stat.st_mtime_ns, stat.st_size
    except OSError:
        stamp = 0, 0
    return _indexed(file, stamp)


def read_source(file: Path, source: CopySource) -> tuple[ChatMessage, ...]:
    """A training reply with the messages before it; empty if the file has changed.

    Raises:
        DatasetError: the file is missing or damaged.
    """
    messages = read_messages(file, source.row, source.message, before=_CONTEXT)
    return messages if messages and messages[-1].content == source.reply else ()


def _normalized(text: str) -> str:
    text = _SPACES.sub("", unicodedata.normalize("NFC", text)).casefold()
    return _RUN.sub(r"\1\1", text)


def _suffix_array(text: str) -> npt.NDArray[np.int32]:
    """Begins of all suffixes in alphabetical order, by prefix doubling (Manber & Myers 1990)."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    size = len(codes)
    if not size:
        return np.empty(0, dtype=np.int32)
    letters, ranks = np.unique(codes, return_inverse=True)
    ranks, known = ranks.astype(np.int64) + 1, 1
    # As many letters at once as an integer holds.
    base = len(letters) + 1
    while base ** (2 * known) < 2**62:
        ranks = ranks * base**known + _shifted(ranks, known)
        known *= 2
    while True:
        order = np.argsort(ranks, kind="stable")
        ordered = ranks[order]
        dense = np.empty(size, dtype=np.int64)
        dense[order] = np.cumsum(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        if dense[order[-1]] == size:
            return order.astype(np.int32)
        ranks = dense * (size + 1) + _shifted(dense, known)
        known *= 2


def _shifted(ranks: npt.NDArray[np.int64], by: int) -> npt.NDArray[np.int64]:
    """The rank of what follows `by` letters later; 0 beyond the end."""
    return np.concatenate((ranks[by:], np.zeros(min(by, len(ranks)), dtype=np.int64)))
