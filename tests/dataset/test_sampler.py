from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kakaobot.dataset.sampler import EvenSampler


@given(st.integers(1, 40), st.integers(0, 2000))
def test_sample_is_evenly_spaced_over_the_stream(size: int, count: int) -> None:
    sampler = EvenSampler[int](size)
    for number in range(count):
        sampler.add(number)
    sample = sampler.items()
    assert min(count, size) / 2 <= len(sample) <= size
    if not count:
        return
    assert sample[0] == 0
    steps = {after - before for before, after in pairwise(sample)}
    assert len(steps) <= 1
    assert count - sample[-1] <= max(steps, default=count)
