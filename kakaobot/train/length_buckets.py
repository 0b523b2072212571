"""Groups rows of similar length into batches, and cuts batches into micro-batches. No torch."""

from __future__ import annotations

import bisect
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_LENGTH_JITTER = 0.05
"""Relative noise on lengths before sorting, so that batches differ between epochs."""
_MAX_PADDING = 0.05
"""Share of padding above which a micro-batch is cut in two."""
_MIN_TOKENS = 128
"""Padded tokens below which a micro-batch of its own costs more than padding."""


@dataclass(frozen=True)
class BatchSchedule:
    """Row indices of every batch of a run, reproducible from the seed.

    One sequence over all epochs, so that a resume only skips the first batches.
    """

    lengths: Sequence[int]
    """Tokens of each row."""
    per_epoch: int
    """Batches per epoch."""
    total: int
    """Batches of the whole run."""
    seed: int

    def __len__(self) -> int:
        return self.total

    def __iter__(self) -> Iterator[list[int]]:
        for start in range(0, self.total, self.per_epoch):
            rng = random.Random(f"{self.seed}/{start // self.per_epoch}")
            yield from length_buckets(self.lengths, self.per_epoch, rng)[: self.total - start]


def length_buckets(lengths: Sequence[int], count: int, rng: random.Random) -> list[list[int]]:
    """Split all rows into batches of similar length and about equal padded size.

    With an equal number of rows instead, a token in short rows would weigh many times one in long
    rows, and the longest batch would set the peak memory.

    Args:
        lengths: tokens of each row.
        count: number of batches, capped at one per row.
        rng: shuffles the batches and jitters the lengths.

    Returns:
        Indices into `lengths` for each batch, in random order.
    """
    order = sorted(
        range(len(lengths)), key=lambda row: lengths[row] * rng.uniform(1, 1 + _LENGTH_JITTER)
    )
    longest = max(lengths)
    sizes = range(longest, longest * len(lengths) + 1)
    smallest = bisect.bisect_left(
        sizes, True, key=lambda size: len(_cut(order, lengths, size)) <= count
    )
    batches = _cut(order, lengths, sizes[smallest])
    while len(batches) < min(count, len(lengths)):
        batch = max(batches, key=lambda batch: len(batch) > 1 and sum(lengths[i] for i in batch))
        batches.remove(batch)
        batches += [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
    rng.shuffle(batches)
    return batches


def _cut(order: Iterable[int], lengths: Sequence[int], max_tokens: int) -> list[list[int]]:
    """Cut an order into batches of at most `max_tokens` padded tokens."""
    batches: list[list[int]] = []
    widest = 0
    for row in order:
        widest = max(widest, lengths[row])
        if batches and (len(batches[-1]) + 1) * widest <= max_tokens:
            batches[-1].append(row)
        else:
            batches.append([row])
            widest = lengths[row]
    return batches


def micro_batches(lengths: Sequence[int], max_tokens: int) -> list[tuple[int, int]]:
    """Cut a batch, shortest row first, into micro-batches with little padding.

    Returns:
        First and end row of each. It has at most `max_tokens` padded tokens, or is a single row.
    """
    cuts: list[tuple[int, int]] = []
    for row, length in enumerate(lengths):
        start = cuts[-1][0] if cuts else row
        size = length * (row + 1 - start)
        padding = size - sum(lengths[start : row + 1])
        if cuts and size <= max_tokens and (size <= _MIN_TOKENS or padding <= _MAX_PADDING * size):
            cuts[-1] = start, row + 1
        else:
            cuts.append((row, row + 1))
    return cuts
