"""Conversations → token ids, labels and padded batches. Plain lists and arrays; no torch."""

from __future__ import annotations

import bisect
import random
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from kakaobot.chat_template import Renderer
from kakaobot.schema import ChatMessage, Conversation

IGNORED = -100
"""The label of a token that is not learnt (PyTorch's `ignore_index`)."""
_JITTER = 0.05
"""Share by which lengths are blurred, so that the same rows do not meet in every epoch."""
_WASTE = 0.05
"""Share of padding above which a piece is cut in two."""
_TINY = 128
"""Padded tokens below which a piece of its own costs more than padding."""


@dataclass(frozen=True)
class Row:
    """One conversation; both tuples have the same length, at most `max_tokens`."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]
    """The id itself where it is learnt, `IGNORED` elsewhere."""


class PackedRows(Sequence[Row]):
    """Rows in four bytes a token: a room of a million messages has tens of millions of them.

    A token that is learnt is kept as its id, any other as the complement of it, which is negative.
    """

    def __init__(self) -> None:
        self._tokens = array("i")
        self._ends = array("q", (0,))

    def add(self, ids: Iterable[int], learn: Iterable[bool]) -> None:
        """One row: its ids, and which of them are learnt."""
        self._tokens.extend(
            [token if learnt else ~token for token, learnt in zip(ids, learn, strict=True)]
        )
        self._ends.append(len(self._tokens))

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, place: int) -> Row: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Row, ...]: ...

    def __getitem__(self, place: int | slice) -> Row | tuple[Row, ...]:
        if isinstance(place, slice):
            return tuple(self[each] for each in range(*place.indices(len(self))))
        place = range(len(self))[place]
        kept = self._tokens[self._ends[place] : self._ends[place + 1]].tolist()
        return Row(
            tuple([token if token >= 0 else ~token for token in kept]),
            tuple([token if token >= 0 else IGNORED for token in kept]),
        )


@dataclass(frozen=True)
class EncodedRows:
    rows: Sequence[Row]
    lost: int
    """Replies that did not fit a row; data cut for another tokenizer or length can lose some."""


@dataclass(frozen=True)
class Batch:
    """Equal-length lists of ids, labels and mask, padded on the right."""

    input_ids: list[list[int]]
    labels: list[list[int]]
    attention_mask: list[list[int]]


def encode(rows: Iterable[Conversation], renderer: Renderer, max_tokens: int) -> EncodedRows:
    """Ids and labels of each conversation.

    An over-long one loses whole messages from the front, so that what is left still ends with its
    last reply. One without a reply left is dropped.
    """
    packed, lost = PackedRows(), 0
    for row in rows:
        kept, encoded = row.messages, renderer.encode(row.messages)
        if len(encoded.ids) > max_tokens:
            kept = tuple(truncate_left(row.messages, renderer, max_tokens))
            encoded = renderer.encode(kept)
        lost += _replies(row.messages) - _replies(kept)
        if _replies(kept):
            packed.add(encoded.ids, encoded.loss_mask)
    return EncodedRows(packed, lost)


def truncate_left(
    messages: Sequence[ChatMessage], renderer: Renderer, max_tokens: int
) -> Sequence[ChatMessage]:
    """The longest end of a conversation that is at most `max_tokens` long."""
    total, start = renderer.lead_length, len(messages)
    while start and total + (size := renderer.length(messages[start - 1])) <= max_tokens:
        total += size
        start -= 1
    return messages[start:]


def collate(rows: Sequence[Row], pad_id: int) -> Batch:
    """Fill up to the longest row."""
    width = max(len(row.ids) for row in rows)
    return Batch(
        [[*row.ids, *[pad_id] * (width - len(row.ids))] for row in rows],
        [[*row.labels, *[IGNORED] * (width - len(row.ids))] for row in rows],
        [[1] * len(row.ids) + [0] * (width - len(row.ids)) for row in rows],
    )


@dataclass(frozen=True)
class BatchSchedule:
    """Which rows each batch of a whole run is made of; the same seed gives the same batches.

    One list for all epochs: a resume that leaves out the first batches goes on where it stopped.
    """

    lengths: Sequence[int]
    """Tokens of each row."""
    per_epoch: int
    """Batches in which each row comes once."""
    total: int
    """Batches of the whole run."""
    seed: int

    def __len__(self) -> int:
        return self.total

    def __iter__(self) -> Iterator[list[int]]:
        for start in range(0, self.total, self.per_epoch):
            dice = random.Random(f"{self.seed}/{start // self.per_epoch}")
            yield from length_buckets(self.lengths, self.per_epoch, dice)[: self.total - start]


def length_buckets(lengths: Sequence[int], count: int, dice: random.Random) -> list[list[int]]:
    """All rows in `count` batches of about the same size, each of rows of about the same length.

    The size is that of the padded batch. With as many rows in each batch instead, a word in short
    rows would weigh many times what one in long rows does, and the longest batch would need the
    memory.

    Returns:
        Indices into `lengths`, in random order; no more batches than there are rows.
    """
    order = sorted(range(len(lengths)), key=lambda row: lengths[row] * dice.uniform(1, 1 + _JITTER))
    largest = max(lengths)
    sizes = range(largest, largest * len(lengths) + 1)
    enough = bisect.bisect_left(
        sizes, True, key=lambda size: len(_cut(order, lengths, size)) <= count
    )
    batches = _cut(order, lengths, sizes[enough])
    while len(batches) < min(count, len(lengths)):
        batch = max(batches, key=lambda batch: len(batch) > 1 and sum(lengths[i] for i in batch))
        batches.remove(batch)
        batches += [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
    dice.shuffle(batches)
    return batches


def _cut(order: Iterable[int], lengths: Sequence[int], size: int) -> list[list[int]]:
    """Cut an order into batches that are at most `size` tokens when padded."""
    batches: list[list[int]] = []
    widest = 0
    for row in order:
        widest = max(widest, lengths[row])
        if batches and (len(batches[-1]) + 1) * widest <= size:
            batches[-1].append(row)
        else:
            batches.append([row])
            widest = lengths[row]
    return batches


def micro_batches(lengths: Sequence[int], most: int) -> list[tuple[int, int]]:
    """Cut a batch, shortest row first, into pieces with little padding that fit the memory.

    Returns:
        For each piece its first row and the one behind its last. Padded it has at most `most`
        tokens, or it is one row that is longer.
    """
    cut: list[tuple[int, int]] = []
    for row, length in enumerate(lengths):
        start = cut[-1][0] if cut else row
        size = length * (row + 1 - start)
        waste = size - sum(lengths[start : row + 1])
        if cut and size <= most and (size <= _TINY or waste <= _WASTE * size):
            cut[-1] = start, row + 1
        else:
            cut.append((row, row + 1))
    return cut


def _replies(messages: Iterable[ChatMessage]) -> int:
    return sum(message.is_target for message in messages)
