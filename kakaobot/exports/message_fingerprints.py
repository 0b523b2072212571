"""Fingerprints of a few messages per day, which identify other exports of the same room.

The choice depends on the messages alone, so exports of different length keep the same fingerprints
of a day they both contain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from zlib import crc32

from kakaobot.schema import Message

Fingerprints = Mapping[str, str]
"""ISO day → its smallest fingerprints, ascending and concatenated."""

_MIN_PER_DAY, _MAX_PER_DAY, _TARGET_TOTAL = 3, 24, 1500
"""Limits per day, and roughly the number per file."""
_DIGITS = 8
_COMPARED = 100
"""Characters hashed of a text; phones truncate long messages, but keep more than these."""


def fingerprint_messages(messages: Iterable[Message]) -> dict[str, str]:
    """Hash minute and text of text messages, but not names, which differ by device."""
    days = defaultdict[int, set[int]](set)
    for at, sender, text, kind, *_ in messages:
        if sender and kind == "text":
            start = " ".join(text[: 2 * _COMPARED].split())[:_COMPARED]
            minute = at.hour * 60 + at.minute
            days[at.toordinal()].add(crc32(start.encode(errors="replace"), minute))
    per_day = max(_MIN_PER_DAY, min(_MAX_PER_DAY, _TARGET_TOTAL // max(1, len(days))))
    return {
        date.fromordinal(day).isoformat(): "".join(
            f"{fingerprint:0{_DIGITS}x}" for fingerprint in sorted(days[day])[:per_day]
        )
        for day in sorted(days)
    }


def all_fingerprints(days: Fingerprints) -> frozenset[int]:
    """One number per day and fingerprint; equal ones are nearly always the same message."""
    return frozenset(
        hash((day, text[at : at + _DIGITS]))
        for day, text in days.items()
        for at in range(0, len(text), _DIGITS)
    )


def count_comparable(one: Fingerprints, other: Fingerprints) -> int:
    """Number of fingerprints that two exports of one room would share."""
    days = one.keys() & other.keys()
    return sum(comparable for _, comparable in _count_by_day(one, other, days))


def share_hardly_any(
    one: Fingerprints, other: Fingerprints, days: Iterable[str], *, least: int, accidental: int
) -> bool:
    """Whether of at least `least` comparable fingerprints fewer than 1 in `accidental` are shared.

    Stops at the first days that show the opposite.
    """
    shared = comparable = 0
    for of_day, comparable_of_day in _count_by_day(one, other, days):
        shared += of_day
        comparable += comparable_of_day
        if comparable >= least and shared * accidental >= comparable:
            return False
    return comparable >= least


def _count_by_day(
    one: Fingerprints, other: Fingerprints, days: Iterable[str]
) -> Iterator[tuple[int, int]]:
    """Per day that both contain, the shared and the comparable fingerprints."""
    max_lengths = [max(map(len, days.values()), default=0) for days in (one, other)]
    for day in days:
        # A day at the limit has dropped the fingerprints above its last one.
        limits = [
            days[day][-_DIGITS:]
            for days, max_length in zip((one, other), max_lengths, strict=True)
            if len(days[day]) == max_length
        ]
        limit = min(limits, default="g")
        mine, theirs = _split(one[day], limit), _split(other[day], limit)
        yield len(mine & theirs), min(len(mine), len(theirs))


def _split(day: str, limit: str) -> set[str]:
    fingerprints = (day[at : at + _DIGITS] for at in range(0, len(day), _DIGITS))
    return {fingerprint for fingerprint in fingerprints if fingerprint <= limit}
