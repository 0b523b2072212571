"""What a history looks like: when people talk, who answers whom, how long rows are. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kakaobot.schema import Message, Session

HOURS = 24
_MOST_PEOPLE = 8
"""In the table of who answers whom; the rest of a large room says little there."""
_BINS = 16


@dataclass(frozen=True)
class ActivityStats:
    months: tuple[tuple[str, int], ...] = ()
    """`2026-03` and the number of messages; every month from the first to the last."""
    hours: tuple[int, ...] = (0,) * HOURS
    """Messages by the hour of the day, from midnight."""
    people: tuple[str, ...] = ()
    """Rows and columns of `answers`, most active first."""
    answers: tuple[tuple[int, ...], ...] = ()
    """Row: who speaks; column: whose turn stands before, within a session."""


class ActivityCounter:
    """Of all rooms together; grows with every room."""

    def __init__(self) -> None:
        self._months = Counter[tuple[int, int]]()
        self._hours = [0] * HOURS
        self._people = Counter[str]()
        self._pairs = Counter[tuple[str, str]]()

    def passing(self, messages: Iterable[Message]) -> Iterator[Message]:
        """The same messages, counted as they go by: what people said in words."""
        months, hours, people = self._months, self._hours, self._people
        for message in messages:
            at = message.at
            months[at.year, at.month] += 1
            hours[at.hour] += 1
            people[message.sender] += 1
            yield message

    def add_session(self, session: Session) -> None:
        """The same, as a session of turns."""
        self._pairs.update((turn.sender, before.sender) for before, turn in pairwise(session.turns))

    @property
    def people(self) -> tuple[str, ...]:
        """Most active first."""
        return tuple(name for name, _ in self._people.most_common())

    def figures(self) -> ActivityStats:
        names = self.people[:_MOST_PEOPLE]
        months = {f"{year:04d}-{month:02d}": n for (year, month), n in self._months.items()}
        return ActivityStats(
            months=tuple((month, months.get(month, 0)) for month in _through(sorted(months))),
            hours=tuple(self._hours),
            people=names,
            answers=tuple(tuple(self._pairs[who, to] for to in names) for who in names),
        )


def histogram(sizes: Mapping[int, int], most: int) -> tuple[tuple[int, int], ...]:
    """Bins of one width from 1 to `most`: the largest size of each, and how many are in it.

    Args:
        sizes: size, between 1 and `most`, → how many have it.
    """
    width = max(1, -(-most // _BINS))
    counts = Counter[int]()
    for size, times in sizes.items():
        counts[(size - 1) // width] += times
    return tuple((min(most, (n + 1) * width), counts[n]) for n in range(-(-most // width)))


def _through(months: Sequence[str]) -> list[str]:
    """Those between the first and the last as well."""
    if not months:
        return []
    (year, month), last = map(int, months[0].split("-")), months[-1]
    found = [months[0]]
    while found[-1] < last:
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        found.append(f"{year:04d}-{month:02d}")
    return found
