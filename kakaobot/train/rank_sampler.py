"""Which rows of every batch one of several processes takes. Pure; knows no torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kakaobot.train.length_buckets import BatchSchedule


@dataclass(frozen=True)
class RankSampler:
    """A schedule's batches with only the rows of one process; some may be empty.

    The processes' shares of a batch make up that batch. Its rows stand in order of length, so that
    every so many of them are about as many tokens. Who is first changes from batch to batch: of
    batches with a single long row each takes its turn.
    """

    schedule: BatchSchedule
    number: int
    """Of this process, from 0."""
    count: int
    """Of the processes."""

    def __len__(self) -> int:
        return len(self.schedule)

    def __iter__(self) -> Iterator[list[int]]:
        for turn, batch in enumerate(self.schedule):
            yield batch[(self.number + turn) % self.count :: self.count]
