from __future__ import annotations

import random
from itertools import islice

import pytest

from kakaobot.train.length_buckets import BatchSchedule, length_buckets, micro_batches


def realistic_lengths(rows: int = 400) -> list[int]:
    """Most sessions are short, some fill a row."""
    rng = random.Random(4)
    return [min(1024, max(8, int(rng.lognormvariate(4.6, 1.0)))) for _ in range(rows)]


def test_buckets_have_little_padding_and_about_equal_size() -> None:
    lengths = realistic_lengths()
    batches = length_buckets(lengths, 100, random.Random(1))
    assert len(batches) == 100
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    padded = [len(batch) * max(lengths[row] for row in batch) for batch in batches]
    assert 1 - sum(lengths) / sum(padded) < 0.05
    # Four of the longest rows in a batch would be 4,096.
    assert max(padded) == max(lengths)


@pytest.mark.parametrize("rows", [1, 2, 3, 7])
def test_few_rows_make_at_most_one_batch_each(rows: int) -> None:
    for count in range(1, 9):
        batches = length_buckets([5] * rows, count, random.Random(0))
        assert len(batches) == min(rows, count)
        assert sorted(row for batch in batches for row in batch) == list(range(rows))


def epoch(lengths: list[int], number: int) -> list[list[int]]:
    schedule = BatchSchedule(lengths, per_epoch=100, total=200, seed=7)
    return list(islice(schedule, number * 100, number * 100 + 100))


def test_schedule_is_reproducible_and_differs_between_epochs() -> None:
    lengths = realistic_lengths(40)
    schedule = BatchSchedule(lengths, per_epoch=10, total=25, seed=7)
    run = list(schedule)
    assert run == list(schedule)
    assert run != list(BatchSchedule(lengths, per_epoch=10, total=25, seed=8))
    assert len(run) == len(schedule) == 25
    first, second = run[:10], run[10:20]
    assert sorted(sum(first, [])) == sorted(sum(second, [])) == list(range(40))
    assert first != second
    batches = [{frozenset(batch) for batch in epoch(realistic_lengths(), e)} for e in range(2)]
    assert len(batches[0] & batches[1]) < 60
    # A shorter run is a prefix of a longer one, so that a resume may add steps.
    assert run[:12] == list(islice(BatchSchedule(lengths, 10, 12, 7), 12))


def test_micro_batches_fit_and_avoid_padding() -> None:
    assert micro_batches([10, 20, 30, 100, 700], 128) == [(0, 3), (3, 4), (4, 5)]
    # Rows of 100 and 200 tokens together would be a third padding.
    assert micro_batches([100, 200, 201, 202], 1000) == [(0, 1), (1, 4)]
    assert micro_batches([10, 20], 1000) == [(0, 2)]
