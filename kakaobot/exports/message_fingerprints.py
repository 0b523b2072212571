"""A few messages of each day, by which two exports of one room know each other again.

Which ones is decided by the messages alone, so that exports of unlike length keep the same ones of
a day that both hold whole. Knows messages; no rooms, no names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from zlib import crc32

from kakaobot.schema import Message

Fingerprints = Mapping[str, str]
"""ISO day → its smallest marks behind each other, smallest first."""

_FEWEST, _MOST, _IN_ALL = 3, 24, 1500
"""Marks of a day, and roughly those of a file: the fewer its days, the more of each."""
_DIGITS = 8
_COMPARED = 100
"""Characters of a text: less than what any phone cuts."""


def fingerprint_messages(messages: Iterable[Message]) -> dict[str, str]:
    """What somebody wrote, by minute and text. Names are left out: devices differ on them."""
    days = defaultdict[int, set[int]](set)
    for at, sender, text, kind, *_ in messages:
        if sender and kind == "text":
            said = " ".join(text[: 2 * _COMPARED].split())[:_COMPARED]
            days[at.toordinal()].add(crc32(said.encode(errors="replace"), at.hour * 60 + at.minute))
    daily = max(_FEWEST, min(_MOST, _IN_ALL // max(1, len(days))))
    return {
        date.fromordinal(day).isoformat(): "".join(
            f"{mark:0{_DIGITS}x}" for mark in sorted(days[day])[:daily]
        )
        for day in sorted(days)
    }


def count_shared(one: Fingerprints, other: Fingerprints) -> tuple[int, int]:
    """How many marks both have, and how many they would have if they were one room's."""
    equal = compared = 0
    fullest = [max(map(len, each.values()), default=0) for each in (one, other)]
    for day in one.keys() & other.keys():
        # What lies above the last mark of a full day it does not tell of.
        full = [
            each[day][-_DIGITS:]
            for each, most in zip((one, other), fullest, strict=True)
            if len(each[day]) == most
        ]
        last = min(full, default="g")
        mine, theirs = _split(one[day], last), _split(other[day], last)
        equal += len(mine & theirs)
        compared += min(len(mine), len(theirs))
    return equal, compared


def _split(marks: str, last: str) -> set[str]:
    split = (marks[at : at + _DIGITS] for at in range(0, len(marks), _DIGITS))
    return {mark for mark in split if mark <= last}
