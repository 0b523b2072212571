"""What a history looks like: when people talk, who answers whom, how long rows are. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kakaobot.records import Message, Session

HOURS = 24
_MOST_PEOPLE = 8
"""In the table of who answers whom; the rest of a large room says little there."""
_BINS = 16


@dataclass(frozen=True)
class Figures:
    months: tuple[tuple[str, int], ...] = ()
    """`2026-03` and the number of messages; every month from the first to the last."""
    hours: tuple[int, ...] = (0,) * HOURS
    """Messages by the hour of the day, from midnight."""
    people: tuple[str, ...] = ()
    """Rows and columns of `answers`, most active first."""
    answers: tuple[tuple[int, ...], ...] = ()
    """Row: who speaks; column: whose turn stands before, within a session."""


def figures_of(messages: Iterable[Message], sessions: Iterable[Session]) -> Figures:
    """Of all rooms together.

    Args:
        messages: what people said in words.
        sessions: the same, cut into sessions.
    """
    months, hours, people = Counter[str](), Counter[int](), Counter[str]()
    for message in messages:
        months[f"{message.at:%Y-%m}"] += 1
        hours[message.at.hour] += 1
        people[message.sender] += 1
    names = [name for name, _ in people.most_common(_MOST_PEOPLE)]
    pairs = Counter(
        (turn.sender, before.sender)
        for session in sessions
        for before, turn in zip(session.turns, session.turns[1:], strict=False)
    )
    return Figures(
        months=tuple((month, months[month]) for month in _through(sorted(months))),
        hours=tuple(hours[hour] for hour in range(HOURS)),
        people=tuple(names),
        answers=tuple(tuple(pairs[who, to] for to in names) for who in names),
    )


def histogram(sizes: Sequence[int], most: int) -> tuple[tuple[int, int], ...]:
    """Bins of one width from 1 to `most`: the largest size of each, and how many are in it.

    Args:
        sizes: between 1 and `most`.
    """
    width = max(1, -(-most // _BINS))
    counts = Counter((size - 1) // width for size in sizes)
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
