"""The rows of each batch that belong to one rank. Pure; imports no torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kakaobot.train.length_buckets import BatchSchedule


@dataclass(frozen=True)
class RankSampler:
    """The batches of a schedule, reduced to the rows of one rank; some may be empty.

    The ranks' shares of a batch add up to it. Rows are sorted by length, so every n-th row makes
    shares of about as many tokens. The first rank rotates from batch to batch, so that batches of a
    single long row are spread evenly.
    """

    schedule: BatchSchedule
    rank: int
    world_size: int

    def __len__(self) -> int:
        return len(self.schedule)

    def __iter__(self) -> Iterator[list[int]]:
        for index, batch in enumerate(self.schedule):
            yield batch[(self.rank + index) % self.world_size :: self.world_size]
