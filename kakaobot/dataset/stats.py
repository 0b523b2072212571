"""Chat activity by month and hour, who replies to whom, and histograms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kakaobot.schema import Message, Session

HOURS = 24
_MAX_PARTICIPANTS = 8
"""Size of the reply matrix."""
_MAX_BINS = 16


@dataclass(frozen=True)
class ActivityStats:
    months: tuple[tuple[str, int], ...] = ()
    """`2026-03` and its message count, without gaps from the first month to the last."""
    hours: tuple[int, ...] = (0,) * HOURS
    """Messages per hour of the day, from midnight."""
    participants: tuple[str, ...] = ()
    """Rows and columns of `reply_counts`, most active first."""
    reply_counts: tuple[tuple[int, ...], ...] = ()
    """[sender][sender of the preceding turn], within sessions."""


class ActivityCounter:
    """Accumulates the activity of all rooms."""

    def __init__(self) -> None:
        self._months = Counter[tuple[int, int]]()
        self._hours = [0] * HOURS
        self._messages = Counter[str]()
        self._replies = Counter[tuple[str, str]]()

    def observe(self, messages: Iterable[Message]) -> Iterator[Message]:
        """Pass messages through unchanged while counting them."""
        months, hours, counts = self._months, self._hours, self._messages
        for message in messages:
            at = message.at
            months[at.year, at.month] += 1
            hours[at.hour] += 1
            counts[message.sender] += 1
            yield message

    def add_session(self, session: Session) -> None:
        """Count who replies to whom."""
        self._replies.update(
            (turn.sender, previous.sender) for previous, turn in pairwise(session.turns)
        )

    @property
    def participants(self) -> tuple[str, ...]:
        """Most active first."""
        return tuple(name for name, _ in self._messages.most_common())

    def stats(self) -> ActivityStats:
        names = self.participants[:_MAX_PARTICIPANTS]
        months = {f"{year:04d}-{month:02d}": n for (year, month), n in self._months.items()}
        return ActivityStats(
            months=tuple((month, months.get(month, 0)) for month in _month_range(sorted(months))),
            hours=tuple(self._hours),
            participants=names,
            reply_counts=tuple(
                tuple(self._replies[sender, previous] for previous in names) for sender in names
            ),
        )


def histogram(sizes: Mapping[int, int], max_size: int) -> tuple[tuple[int, int], ...]:
    """Equal-width bins from 1 to `max_size` as (upper bound, count).

    Args:
        sizes: size, from 1 to `max_size` → number of occurrences.
        max_size: upper bound of the last bin.
    """
    width = max(1, -(-max_size // _MAX_BINS))
    counts = Counter[int]()
    for size, count in sizes.items():
        counts[(size - 1) // width] += count
    return tuple((min(max_size, (n + 1) * width), counts[n]) for n in range(-(-max_size // width)))


def _month_range(months: Sequence[str]) -> list[str]:
    """All months from the first of a sorted sequence to the last."""
    if not months:
        return []
    (year, month), last = map(int, months[0].split("-")), months[-1]
    filled = [months[0]]
    while filled[-1] < last:
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        filled.append(f"{year:04d}-{month:02d}")
    return filled
