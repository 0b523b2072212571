"""Times and names as they are written → when and who. Knows one layout; reads no lines.

A room says the same few thousand things here over and over, so each is worked out once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar

from kakaobot.exports.formats import TextFormat
from kakaobot.exports.parse_result import normalize_name
from kakaobot.exports.timestamps import clock_of, day_of

_MANY = 1 << 16
"""Times that are remembered, before all are forgotten: where records bear days, most are new."""

Moment = datetime | timedelta | None
"""When a record was: since midnight where the layout has no days there, nothing if impossible."""
_Pieces = tuple[str | None, ...]


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


class Openings:
    def __init__(self, layout: TextFormat) -> None:
        self._dated = layout.dated
        self._stamp = layout.stamp
        groups = layout.stamp.groupindex
        self._day = [name for name in ("year", "month", "day") if name in groups]
        self._clock = [name for name in ("half", "hour", "minute", "second") if name in groups]
        self._days: dict[_Pieces, date | None] = {}
        self._clocks: dict[_Pieces, timedelta | None] = {}
        self._people: dict[str, str] = {}
        self._moments: dict[str, Moment] = {}

    def people(self, senders: Sequence[str]) -> list[str]:
        """Every `person`."""
        return _looked_up(self._people, senders, normalize_name)

    def moments(self, whens: Sequence[str]) -> list[Moment]:
        """What each time says."""
        if len(self._moments) > _MANY:
            self._moments.clear()
        return _looked_up(self._moments, whens, self.moment)

    def moment(self, when: str) -> Moment:
        """What a time says."""
        found = self._stamp.fullmatch(when)
        if found is None:
            return None
        pieces = found.group(*self._clock)
        if pieces not in self._clocks:
            time = clock_of(found)
            self._clocks[pieces] = (
                None
                if time is None
                else timedelta(hours=time.hour, minutes=time.minute, seconds=time.second)
            )
        clock = self._clocks[pieces]
        if not self._dated or clock is None:
            return clock
        pieces = found.group(*self._day)
        if pieces not in self._days:
            self._days[pieces] = day_of(found)
        day = self._days[pieces]
        return midnight(day) + clock if day else None


_T = TypeVar("_T")


def _looked_up(known: dict[str, _T], keys: Sequence[str], find: Callable[[str], _T]) -> list[_T]:
    """What is known of each, after finding out what is not known yet."""
    try:
        return list(map(known.__getitem__, keys))
    except KeyError:
        for key in set(keys) - known.keys():
            known[key] = find(key)
        return list(map(known.__getitem__, keys))
