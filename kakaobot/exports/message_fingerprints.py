"""Fingerprints of a few messages per day, which identify other exports of the same room.

The choice depends on the messages alone, so exports of different length keep the same fingerprints
of a day they both contain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
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


def count_fingerprints(days: Fingerprints) -> int:
    return sum(map(len, days.values())) // _DIGITS


def count_shared(
    one: Fingerprints, other: Fingerprints, *, on: Callable[[str], bool] | None = None
) -> tuple[int, int]:
    """Number of shared fingerprints, and of those that two exports of one room would share.

    Args:
        one: fingerprints of an export.
        other: of another one.
        on: restricts the days that are compared.
    """
    shared = comparable = 0
    max_lengths = [max(map(len, days.values()), default=0) for days in (one, other)]
    for day in filter(on, one.keys() & other.keys()):
        # A day at the limit has dropped the fingerprints above its last one.
        limits = [
            days[day][-_DIGITS:]
            for days, max_length in zip((one, other), max_lengths, strict=True)
            if len(days[day]) == max_length
        ]
        limit = min(limits, default="g")
        mine, theirs = _split(one[day], limit), _split(other[day], limit)
        shared += len(mine & theirs)
        comparable += min(len(mine), len(theirs))
    return shared, comparable


def _split(day: str, limit: str) -> set[str]:
    fingerprints = (day[at : at + _DIGITS] for at in range(0, len(day), _DIGITS))
    return {fingerprint for fingerprint in fingerprints if fingerprint <= limit}
