from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kakaobot.dataset.sampler import EvenSampler


@given(st.integers(1, 40), st.integers(0, 2000))
def test_a_sample_is_spread_evenly_from_the_first_to_the_last(most: int, count: int) -> None:
    spread = EvenSampler[int](most)
    for number in range(count):
        spread.add(number)
    kept = spread.items()
    assert min(count, most) / 2 <= len(kept) <= most
    if not count:
        return
    assert kept[0] == 0
    steps = {after - before for before, after in pairwise(kept)}
    assert len(steps) <= 1
    assert count - kept[-1] <= max(steps, default=count)
