"""How far two voices lie apart, 0 to 1. Knows no sentences.

    D(a, b) = max(0, Σ_f w_f · d_f) / Σ_f w_f      over the facets that both have

    d_f = JSD₂(p, q) − E[JSD₂ of the same n + m replies, dealt at random into n and m]

p and q are the shares of a facet's classes in a and b, n and m the replies (or bubbles) that were
counted, and JSD₂ the Jensen-Shannon divergence in bits (Lin 1991): 0 for equal shares, 1 where no
class is shared. What is subtracted is what chance alone gives; without it small samples would
always seem far apart. So halves of one person lie around 0 whatever their size. The sum is cut at
0, not its terms: chance in one facet does not pile up with chance in another. Diversity joins as
two facets of two classes, "new word" and "repeated word", of `DISTINCT_SAMPLE` words each. A small
distance grows with the square of a difference: it weighs few large ones more than many small ones.

Frequent expressions do not count: they are mostly topics. What counts would be kept if everybody
talked about something else tomorrow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from kakaobot.style.features import FEATURES
from kakaobot.style.profile import DISTINCT_SAMPLE, StyleProfile

DIVERSITY_FEATURES: dict[str, tuple[str, float]] = {
    "distinct_1": ("낱말의 다양함", 0.5),
    "distinct_2": ("이어진 낱말의 다양함", 0.5),
}
"""Key → Korean title and weight."""


_LARGE = 25
"""Expected number of a class from which the first order is exact enough (to a few per cent)."""


class FeatureDistance(NamedTuple):
    facet: str
    """A key of `FACETS`, or `distinct_1` or `distinct_2`."""
    title: str
    apart: float
    """d_f: 0 is what chance gives, so it may lie a little below; 1 at most."""
    noise: float
    """Standard deviation of `apart` if both were samples of one voice."""
    adds: float
    """w_f · d_f / Σ w: these sum to the distance where they sum to more than 0."""


def style_distance(a: StyleProfile, b: StyleProfile) -> float:
    """0 for equal voices, symmetric, at most 1.

    A voice without replies is 0 from another such and 1 from every other. Below `RELIABLE_REPLIES`
    on either side the value is right on average but scatters (see `benchmarks/style.py`).
    """
    if not a.replies or not b.replies:
        return float(a.replies != b.replies)
    return min(1.0, max(0.0, math.fsum(part.adds for part in feature_distances(a, b))))


def feature_distances(a: StyleProfile, b: StyleProfile) -> tuple[FeatureDistance, ...]:
    """What the distance is made of, most first; nothing for a voice without replies."""
    compared = [
        (name, facet.title, facet.weight, *divergence(a.facets[name], b.facets[name]))
        for name, facet in FEATURES.items()
        if any(a.facets[name]) and any(b.facets[name])
    ]
    for name, (title, weight) in DIVERSITY_FEATURES.items():
        one, other = getattr(a, name), getattr(b, name)
        if one is not None and other is not None:
            compared.append((name, title, weight, *divergence(_new(one), _new(other))))
    total = math.fsum(weight for _, _, weight, _, _ in compared)
    found = [
        FeatureDistance(name, title, apart, noise, weight * apart / total)
        for name, title, weight, apart, noise in compared
    ]
    return tuple(sorted(found, key=lambda part: (-part.adds, part.facet)))


def _new(share: float) -> tuple[int, int]:
    new = round(DISTINCT_SAMPLE * share)
    return new, DISTINCT_SAMPLE - new


def divergence(counts: Sequence[int], others: Sequence[int]) -> tuple[float, float]:
    """d_f and its standard deviation under one voice. Both hold something.

    Under one voice 8 ln 2 · JSD₂ / (1/n + 1/m) is nearly χ² with K − 1 degrees of freedom for K
    classes, and so of variance 2 (K − 1).
    """
    n, m = sum(counts), sum(others)
    few, many = min(n, m), max(n, m)
    pairs = [(one, other) for one, other in zip(counts, others, strict=True) if one or other]
    bits = math.fsum(_bits(one / n, other / m) for one, other in pairs)
    chance = math.fsum(_by_chance(one + other, few, many) for one, other in pairs)
    return bits - chance, math.sqrt(2 * (len(pairs) - 1)) * _asymptotic(n, m)


def _bits(p: float, q: float) -> float:
    """What a class of these two shares adds to JSD₂."""
    middle = (p + q) / 2
    return math.fsum(share * math.log2(share / middle) / 2 for share in (p, q) if share)


def _asymptotic(n: int, m: int) -> float:
    """The mean of JSD₂ for each degree of freedom, to the first order in 1/n and 1/m."""
    return (1 / n + 1 / m) / (8 * math.log(2))


@lru_cache(maxsize=1 << 16)
def _by_chance(times: int, few: int, many: int) -> float:
    """Mean of `_bits` where `times` of few + many fall into a class and are dealt at random."""
    total = few + many
    if times * few / total > _LARGE and total - times > _LARGE:
        return (1 - times / total) * _asymptotic(few, many)
    return _dealt(times, few, many)


def _dealt(times: int, few: int, many: int) -> float:
    """`_by_chance` term by term: `few` of them get a hypergeometric number."""
    mean = times * few / (few + many)
    reach = 8 * math.sqrt(mean) + 8
    least = max(0, times - many, math.floor(mean - reach))
    most = min(times, few, math.ceil(mean + reach))
    ways = _choose(few + many, times)
    return math.fsum(
        math.exp(_choose(few, x) + _choose(many, times - x) - ways)
        * _bits(x / few, (times - x) / many)
        for x in range(least, most + 1)
    )


def _choose(n: int, k: int) -> float:
    """Logarithm of the binomial coefficient."""
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
