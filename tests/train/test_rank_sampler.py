"""What each of several processes takes of every batch."""

from __future__ import annotations

import random

import pytest

from kakaobot.train.length_buckets import BatchSchedule
from kakaobot.train.rank_sampler import RankSampler

DICE = random.Random(4)
LENGTHS = tuple(DICE.randint(3, 90) for _ in range(41))


def schedule(per_epoch: int) -> BatchSchedule:
    return BatchSchedule(LENGTHS, per_epoch, total=60, seed=1)


@pytest.mark.parametrize("per_epoch", [5, 21, 41])
@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_the_shares_of_a_batch_make_it_up(count: int, per_epoch: int) -> None:
    whole = schedule(per_epoch)
    shares = [RankSampler(whole, number, count) for number in range(count)]
    assert {len(share) for share in shares} == {len(whole)}
    for batch, *parts in zip(whole, *shares, strict=True):
        assert sorted(row for part in parts for row in part) == sorted(batch)
        sizes = [len(part) for part in parts]
        assert max(sizes) - min(sizes) <= 1


def test_one_process_takes_the_batches_as_they_are() -> None:
    assert list(RankSampler(schedule(5), 0, 1)) == list(schedule(5))


def test_of_batches_with_a_single_row_each_process_takes_its_turn() -> None:
    whole = schedule(len(LENGTHS))
    assert {len(batch) for batch in whole} == {1}
    taken = [sum(map(len, RankSampler(whole, number, 3))) for number in range(3)]
    assert taken == [20, 20, 20]


def test_the_shares_of_large_batches_are_about_as_many_tokens() -> None:
    tokens = [
        sum(LENGTHS[row] for batch in RankSampler(schedule(5), number, 2) for row in batch)
        for number in range(2)
    ]
    assert max(tokens) < 1.1 * min(tokens)
