"""Histograms of pauses, from seconds to weeks, that take a fixed few bytes each."""

from __future__ import annotations

import functools
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import accumulate, product

_EDGES = (0, *sorted({round(1.35**n) for n in range(51)}))
"""Lower edges of the bins in seconds; the last one is 38 days."""
_MINUTE = 60
_POINTS = 16
"""Equally likely places of an unknown second in its minute; a power of 2 makes shares exact."""
_MAX_CROWD = 8
"""Messages of a minute beyond which the places no longer change much."""

Spread = tuple[tuple[int, float], ...]
"""Bin and share of one pause; the shares sum to 1."""


class PauseHistogram:
    """Counts pauses in bins a third wider from one to the next."""

    def __init__(self, counts: Iterable[float] = ()) -> None:
        """Create a histogram, of counts as `counts` returned them or of nothing."""
        self._counts = [0.0] * len(_EDGES)
        for number, count in zip(range(len(_EDGES)), counts, strict=False):
            self._counts[number] = count

    def add(self, spread: Spread) -> None:
        """Count one pause."""
        for number, share in spread:
            self._counts[number] += share

    @property
    def total(self) -> float:
        """Number of pauses."""
        return sum(self._counts)

    def counts(self) -> tuple[float, ...]:
        """Counts per bin without the empty ones at the end."""
        used = max((n for n, count in enumerate(self._counts) if count), default=-1) + 1
        return tuple(self._counts[:used])

    def quantile(self, share: float) -> float:
        """Seconds that this share (0 to 1) of the pauses does not exceed; 0 without any."""
        rank = min(1.0, max(0.0, share)) * self.total
        for number, upto in enumerate(accumulate(self._counts)):
            count = self._counts[number]
            if count and upto >= rank:
                low = _EDGES[number]
                high = _EDGES[min(number + 1, len(_EDGES) - 1)]
                return high - (high - low) * min(1.0, (upto - rank) / count)
        return 0.0

    def __add__(self, other: PauseHistogram) -> PauseHistogram:
        return PauseHistogram(
            one + two for one, two in zip(self._counts, other._counts, strict=True)
        )


def minute_of(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def spread_pause(first: datetime, second: datetime, crowd: Counter[datetime]) -> Spread:
    """Where the pause between two neighboring messages of a room may lie.

    Most exports hold minutes. The n messages of a minute are then taken for n points that fell
    anywhere in it, so that their pauses are short in a lively minute and longer in a quiet one. A
    time with seconds is taken as it is.

    Args:
        first: time of the earlier message.
        second: time of the later one.
        crowd: minute → the messages in it.
    """
    if first.second or second.second:
        return exact_pause((second - first).total_seconds())
    before, after = minute_of(first), minute_of(second)
    minutes = int((after - before).total_seconds()) // _MINUTE
    sizes = (min(_MAX_CROWD, max(1, crowd[minute])) for minute in (before, after))
    return _spread(max(0, minutes), *sizes)


def exact_pause(seconds: float) -> Spread:
    """A pause of known length."""
    return ((_bin_of(max(0.0, seconds)), 1.0),)


@functools.lru_cache(maxsize=1 << 13)
def _spread(minutes: int, before: int, after: int) -> Spread:
    if not minutes:
        # The distance of two neighbors among n points and the ends of the minute.
        return _shares(_nearest(max(2, before)))
    # From the last point to the end of its minute, and from there to the first one of the other.
    waits = product(_nearest(before), _nearest(after))
    return _shares([_MINUTE * (minutes - 1) + one + other for one, other in waits])


def _nearest(points: int) -> Sequence[float]:
    """Equally likely distances, in seconds, from an end of a minute to the nearest point."""
    ranks = ((number + 0.5) / _POINTS for number in range(_POINTS))
    return [float(_MINUTE * (1 - (1 - rank) ** (1 / points))) for rank in ranks]


def _shares(seconds: Sequence[float]) -> Spread:
    bins = Counter(map(_bin_of, seconds))
    return tuple((number, count / len(seconds)) for number, count in sorted(bins.items()))


def _bin_of(seconds: float) -> int:
    return bisect_right(_EDGES, seconds) - 1
