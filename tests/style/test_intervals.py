"""Intervals of shares."""

from __future__ import annotations

import random

import pytest

from kakaobot.style.stats import wilson_interval


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [
        # Newcombe 1998, table I.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_interval_agrees_with_published_ones(
    hits: int, trials: int, low: float, high: float
) -> None:
    assert wilson_interval(hits, trials) == pytest.approx((low, high), abs=1e-4)


def test_interval_holds_its_share_and_says_nothing_without_trials() -> None:
    assert wilson_interval(0, 0) == (0, 1)
    for trials in range(1, 60):
        for hits in range(trials + 1):
            low, high = wilson_interval(hits, trials)
            assert 0 <= low <= hits / trials <= high <= 1


def test_interval_holds_the_true_share_about_nineteen_times_in_twenty() -> None:
    rng = random.Random(1)
    intervals = [
        wilson_interval(sum(rng.random() < 0.3 for _ in range(100)), 100) for _ in range(2000)
    ]
    held = sum(low <= 0.3 <= high for low, high in intervals) / len(intervals)
    assert held == pytest.approx(0.95, abs=0.02)
