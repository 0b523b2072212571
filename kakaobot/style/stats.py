"""Statistics of samples: quartiles, distinct-n, log binomial coefficients, intervals of shares."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from statistics import NormalDist
from typing import NamedTuple

DISTINCT_SAMPLE = 50
"""Words, or word pairs, per sample of distinct-n."""


class Quartiles(NamedTuple):
    """Nearest-rank quartiles: values of the sample itself, unchanged when it is repeated."""

    low: int
    median: int
    high: int


def quartiles(counts: Mapping[int, int]) -> Quartiles:
    """Quartiles of a histogram, value → count; all 0 if it is empty."""
    total, seen, ranks = sum(counts.values()), 0, list[int]()
    for value in sorted(counts):
        seen += counts[value]
        while len(ranks) < 3 and seen * 4 >= total * (len(ranks) + 1):
            ranks.append(value)
    return Quartiles(*ranks) if ranks else Quartiles(0, 0, 0)


def distinct_ratio(counts: Mapping[str, int], size: int = DISTINCT_SAMPLE) -> float | None:
    """Expected share of distinct entries in a sample of `size`, drawn without replacement.

    Distinct-n (Li et al. 2016) falls with sample length; this is its rarefied form (Hurlbert
    1971): (1/m) Σ_w [1 − C(N − c_w, m) / C(N, m)], with N entries in total, c_w of them w, and
    m = `size`. None if N < m.
    """
    total = sum(counts.values())
    if total < size:
        return None
    expected = 0.0
    # Sorted: a sum of floats depends on its order, and so on that of the replies.
    for count, kinds in sorted(Counter(counts.values()).items()):
        others = total - count
        absent = 0.0
        if others >= size:
            absent = math.exp(log_binomial(others, size) - log_binomial(total, size))
        expected += kinds * (1 - absent)
    return min(1.0, expected / size)


def log_binomial(n: int, k: int) -> float:
    """Natural logarithm of the binomial coefficient C(n, k)."""
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def wilson_interval(hits: int, trials: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927); the whole range without trials."""
    if not trials:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.975)
    share, spread = hits / trials, z * z / trials
    middle = share + spread / 2
    half = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials))
    # Rounding must not leave a share of 0 or 1 outside of its own interval.
    low, high = (middle - half) / (1 + spread), (middle + half) / (1 + spread)
    return (max(0.0, low) if hits else 0.0), (min(1.0, high) if hits < trials else 1.0)
