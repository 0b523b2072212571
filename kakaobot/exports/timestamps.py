"""Dates and times as KakaoTalk writes them → datetime values; None if invalid."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

from kakaobot.exports.formats import TextFormat
from kakaobot.exports.memo import map_cached

Timestamp = datetime | timedelta | None
"""A datetime, or the time since midnight if the format omits the date; None if invalid."""
_Groups = tuple[str | None, ...]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CACHE_SIZE = 1 << 16
"""Timestamps in the cache before it is emptied: with dates in them, most are new."""


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def parse_date(match: re.Match[str]) -> date | None:
    """Parse the groups year, month (number or English name) and day, not the weekday."""
    month = match["month"]
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
    try:
        return date(int(match["year"]), number, int(match["day"]))
    except ValueError:
        return None


def parse_time(match: re.Match[str]) -> time | None:
    """Parse the groups hour and minute, and meridiem and second if the format has them.

    오전 12:05 is five past midnight, 오후 12:05 five past noon; 오후 13:00 is invalid.
    """
    groups = match.groupdict()
    hour, meridiem = int(groups["hour"]), groups.get("meridiem")
    if meridiem:
        if hour > 12:
            return None
        hour = hour % 12 + (12 if meridiem == "오후" or meridiem[0] in "Pp" else 0)
    try:
        return time(hour, int(groups["minute"]), int(groups.get("second") or 0))
    except ValueError:
        return None


def is_date_line(line: str, patterns: Iterable[re.Pattern[str]]) -> bool:
    """Whether the line is a date line, even of an invalid date."""
    return any(pattern.fullmatch(line.rstrip()) for pattern in patterns)


def parse_date_line(line: str, patterns: Iterable[re.Pattern[str]]) -> date | None:
    """The date of a date line; None for any other line."""
    for pattern in patterns:
        if match := pattern.fullmatch(line.rstrip()):
            return parse_date(match)
    return None


class TimestampParser:
    """Parses the timestamps of records in one format.

    A room repeats a few thousand dates and times, so every distinct one is parsed once.
    """

    def __init__(self, format: TextFormat) -> None:
        self._has_dates = format.has_dates
        self._pattern = format.timestamp
        groups = format.timestamp.groupindex
        self._date_groups = [name for name in ("year", "month", "day") if name in groups]
        time_groups = ("meridiem", "hour", "minute", "second")
        self._time_groups = [name for name in time_groups if name in groups]
        self._dates: dict[_Groups, date | None] = {}
        self._times: dict[_Groups, timedelta | None] = {}
        self._timestamps: dict[str, Timestamp] = {}

    def parse_all(self, texts: Sequence[str]) -> list[Timestamp]:
        if len(self._timestamps) > _CACHE_SIZE:
            self._timestamps.clear()
        return map_cached(self._timestamps, texts, self.parse)

    def parse(self, text: str) -> Timestamp:
        match = self._pattern.fullmatch(text)
        if match is None:
            return None
        since_midnight = self._time(match)
        if not self._has_dates or since_midnight is None:
            return since_midnight
        groups = match.group(*self._date_groups)
        if groups not in self._dates:
            self._dates[groups] = parse_date(match)
        day = self._dates[groups]
        return midnight(day) + since_midnight if day else None

    def _time(self, match: re.Match[str]) -> timedelta | None:
        groups = match.group(*self._time_groups)
        if groups not in self._times:
            at = parse_time(match)
            self._times[groups] = (
                None
                if at is None
                else timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)
            )
        return self._times[groups]
