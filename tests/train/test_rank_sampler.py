"""How the rows of a batch are shared among ranks."""

from __future__ import annotations

import random

import pytest

from kakaobot.train.length_buckets import BatchSchedule
from kakaobot.train.rank_sampler import RankSampler

RNG = random.Random(4)
LENGTHS = tuple(RNG.randint(3, 90) for _ in range(41))


def schedule(per_epoch: int) -> BatchSchedule:
    return BatchSchedule(LENGTHS, per_epoch, total=60, seed=1)


@pytest.mark.parametrize("per_epoch", [5, 21, 41])
@pytest.mark.parametrize("world_size", [1, 2, 3, 8])
def test_the_shares_of_a_batch_add_up_to_it(world_size: int, per_epoch: int) -> None:
    whole = schedule(per_epoch)
    shares = [RankSampler(whole, rank, world_size) for rank in range(world_size)]
    assert {len(share) for share in shares} == {len(whole)}
    for batch, *parts in zip(whole, *shares, strict=True):
        assert sorted(row for part in parts for row in part) == sorted(batch)
        sizes = [len(part) for part in parts]
        assert max(sizes) - min(sizes) <= 1


def test_a_single_rank_gets_whole_batches() -> None:
    assert list(RankSampler(schedule(5), 0, 1)) == list(schedule(5))


def test_batches_of_one_row_rotate_over_the_ranks() -> None:
    whole = schedule(len(LENGTHS))
    assert {len(batch) for batch in whole} == {1}
    taken = [sum(map(len, RankSampler(whole, rank, 3))) for rank in range(3)]
    assert taken == [20, 20, 20]


def test_the_shares_of_large_batches_have_about_as_many_tokens() -> None:
    tokens = [
        sum(LENGTHS[row] for batch in RankSampler(schedule(5), rank, 2) for row in batch)
        for rank in range(2)
    ]
    assert max(tokens) < 1.1 * min(tokens)
