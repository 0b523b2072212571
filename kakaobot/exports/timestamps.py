"""Matched time pieces → days and clock times. Knows no layout; an impossible time is `None`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, time

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def day_of(found: re.Match[str]) -> date | None:
    """From groups year, month (number or English name) and day. The weekday is never looked at."""
    month = found["month"]
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
    try:
        return date(int(found["year"]), number, int(found["day"]))
    except ValueError:
        return None


def is_day(line: str, dates: Iterable[re.Pattern[str]]) -> bool:
    """Whether it is a date line, of a day that there was or not."""
    return any(pattern.fullmatch(line.rstrip()) for pattern in dates)


def opened_day(line: str, dates: Iterable[re.Pattern[str]]) -> date | None:
    """The day that a date line opens, or nothing where it is none of these."""
    for pattern in dates:
        if found := pattern.fullmatch(line.rstrip()):
            return day_of(found)
    return None


def clock_of(found: re.Match[str]) -> time | None:
    """From groups hour and minute, and half and second where the layout has them.

    오전 12:05 is five past midnight, 오후 12:05 five past noon; 오후 13:00 is no time.
    """
    parts = found.groupdict()
    hour, half = int(parts["hour"]), parts.get("half")
    if half:
        if hour > 12:
            return None
        hour = hour % 12 + (12 if half == "오후" or half[0] in "Pp" else 0)
    try:
        return time(hour, int(parts["minute"]), int(parts.get("second") or 0))
    except ValueError:
        return None
