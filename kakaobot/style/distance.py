"""Distance between two style profiles, 0 to 1.

    D(a, b) = max(0, Σ_f w_f · d_f) / Σ_f w_f      over the features that both have

    d_f = JSD₂(p, q) − E[JSD₂ of the same n + m replies, split at random into n and m]

p and q are the class shares of a feature in a and b, n and m the replies (or bubbles) counted, and
JSD₂ the Jensen-Shannon divergence in bits (Lin 1991): 0 for equal shares, 1 if no class is shared.
Subtracting the expectation removes the bias that makes small samples look distant: halves of one
person's replies are around 0 whatever their size. The sum is clipped at 0, not its terms, so that
sampling errors of the features cancel out. Diversity counts as two features with the classes
"distinct" and "repeated", of `DISTINCT_SAMPLE` words each. A small distance grows with the square
of a difference, so a few large differences weigh more than many small ones.

Distinctive expressions are left out: they mostly reflect topics. A distance measures what would
stay the same if everybody talked about something else tomorrow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from kakaobot.style.features import FEATURES
from kakaobot.style.profile import StyleProfile
from kakaobot.style.stats import DISTINCT_SAMPLE, log_binomial

DIVERSITY_FEATURES: dict[str, tuple[str, float]] = {
    "distinct_1": ("낱말의 다양함", 0.5),
    "distinct_2": ("이어진 낱말의 다양함", 0.5),
}
"""Key → Korean title and weight."""

_ASYMPTOTIC_MIN_COUNT = 25
"""Expected class count from which the first-order expectation is accurate to a few percent."""


class FeatureDistance(NamedTuple):
    feature: str
    """A key of `FEATURES` or `DIVERSITY_FEATURES`."""
    title: str
    distance: float
    """d_f: 0 is expected by chance, so it may be slightly negative; at most 1."""
    noise: float
    """Standard deviation of `distance` if both are samples of one style."""
    contribution: float
    """w_f · d_f / Σ w; sums to the style distance unless that is clipped at 0."""


def style_distance(a: StyleProfile, b: StyleProfile) -> float:
    """Return the distance: 0 for equal profiles, symmetric, at most 1.

    A profile without replies is 0 from another empty one and 1 from every other. Below
    `RELIABLE_REPLIES` on either side the value is unbiased but noisy (see `benchmarks/style.py`).
    """
    if not a.replies or not b.replies:
        return float(a.replies != b.replies)
    return min(1.0, max(0.0, signed_distance(a, b)))


def signed_distance(a: StyleProfile, b: StyleProfile) -> float:
    """The distance before it is clipped, whose mean over samples of one style is 0."""
    return math.fsum(part.contribution for part in feature_distances(a, b))


def feature_distances(a: StyleProfile, b: StyleProfile) -> tuple[FeatureDistance, ...]:
    """Return the terms of the distance, largest first; empty if a profile has no replies."""
    compared = [
        (name, feature.title, feature.weight, *divergence(a.features[name], b.features[name]))
        for name, feature in FEATURES.items()
        if any(a.features[name]) and any(b.features[name])
    ]
    for name, (title, weight) in DIVERSITY_FEATURES.items():
        first, second = getattr(a, name), getattr(b, name)
        if first is not None and second is not None:
            counts = _distinct_counts(first), _distinct_counts(second)
            compared.append((name, title, weight, *divergence(*counts)))
    total = math.fsum(weight for _, _, weight, _, _ in compared)
    parts = [
        FeatureDistance(name, title, distance, noise, weight * distance / total)
        for name, title, weight, distance, noise in compared
    ]
    return tuple(sorted(parts, key=lambda part: (-part.contribution, part.feature)))


def _distinct_counts(ratio: float) -> tuple[int, int]:
    distinct = round(DISTINCT_SAMPLE * ratio)
    return distinct, DISTINCT_SAMPLE - distinct


def divergence(counts: Sequence[int], others: Sequence[int]) -> tuple[float, float]:
    """Return d_f of two non-empty class counts, and its standard deviation under one style.

    For K classes of one style, 8 ln 2 · JSD₂ / (1/n + 1/m) is approximately χ² with K − 1 degrees
    of freedom, hence of variance 2 (K − 1).
    """
    n, m = sum(counts), sum(others)
    small, large = min(n, m), max(n, m)
    pairs = [(x, y) for x, y in zip(counts, others, strict=True) if x or y]
    observed = math.fsum(_jsd_term(x / n, y / m) for x, y in pairs)
    expected = math.fsum(_expected_term(x + y, small, large) for x, y in pairs)
    return observed - expected, math.sqrt(2 * (len(pairs) - 1)) * _mean_jsd(n, m)


def _jsd_term(p: float, q: float) -> float:
    """Contribution of one class with shares p and q to JSD₂."""
    middle = (p + q) / 2
    return math.fsum(share * math.log2(share / middle) / 2 for share in (p, q) if share)


def _mean_jsd(n: int, m: int) -> float:
    """First-order mean of JSD₂ per degree of freedom under one style."""
    return (1 / n + 1 / m) / (8 * math.log(2))


@lru_cache(maxsize=1 << 16)
def _expected_term(count: int, small: int, large: int) -> float:
    """Mean of `_jsd_term` for a class of `count` replies, split at random into `small`, `large`."""
    total = small + large
    if count * small / total > _ASYMPTOTIC_MIN_COUNT and total - count > _ASYMPTOTIC_MIN_COUNT:
        return (1 - count / total) * _mean_jsd(small, large)
    return _exact_expected_term(count, small, large)


def _exact_expected_term(count: int, small: int, large: int) -> float:
    """`_expected_term` summed over the hypergeometric distribution."""
    mean = count * small / (small + large)
    reach = 8 * math.sqrt(mean) + 8
    lowest = max(0, count - large, math.floor(mean - reach))
    highest = min(count, small, math.ceil(mean + reach))
    splits = log_binomial(small + large, count)
    return math.fsum(
        math.exp(log_binomial(small, x) + log_binomial(large, count - x) - splits)
        * _jsd_term(x / small, (count - x) / large)
        for x in range(lowest, highest + 1)
    )
