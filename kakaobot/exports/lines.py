"""One pass over the lines of a text export, in one layout. Knows no file and no other layout."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time

from kakaobot.exports.layouts import Layout
from kakaobot.exports.stamps import clock_of, day_of
from kakaobot.exports.tally import Tally, Unit


def opened_day(line: str, layout: Layout) -> date | None:
    """The day that a date line of this layout opens, or nothing where it is no date line."""
    for pattern in layout.dates:
        if found := pattern.fullmatch(line.rstrip()):
            return day_of(found)
    return None


class LinePass:
    """Hands every line of one part of a file to its tally."""

    def __init__(self, layout: Layout, tally: Tally, headers: frozenset[int]) -> None:
        self._layout = layout
        self._tally = tally
        self._headers = headers
        self._day: date | None = None
        self._last: datetime | None = None
        self._open: tuple[int, datetime, str, list[str]] | None = None
        self._moments: dict[tuple[date | None, str], datetime | None] = {}

    def read(self, units: Sequence[Unit]) -> None:
        record, system = self._layout.record.match, self._layout.system
        for index, (number, unit) in enumerate(units):
            if found := record(unit):
                when, sender, text = found.group("when", "sender", "text")
                self._begin(number, unit, when, sender, text or "")
            elif system and (found := system.match(unit)):
                self._begin(number, unit, found["when"], "", found["text"])
            else:
                self._other(units, index)
        self._close()

    def _begin(self, number: int, unit: str, when: str, sender: str, text: str) -> None:
        self._close()
        at = self._moment(when)
        if at is None:
            self._tally.refuse(number, unit)
        else:
            self._last = at
            self._open = (number, at, sender, text.split("\n") if "\n" in text else [text])

    def _other(self, units: Sequence[Unit], index: int) -> None:
        number, unit = units[index]
        if number in self._headers:
            self._close()
            self._tally.counts["headers"] += 1
        elif self._layout.begins.match(unit):
            self._close()
            self._tally.refuse(number, unit)
        elif (day := opened_day(unit, self._layout)) and self._separates(units, index, day):
            self._close()
            self._day = day
            self._tally.counts["dates"] += 1
        elif self._layout.notice and self._layout.notice.fullmatch(unit) and self._now():
            self._notice(number, unit)
        elif self._open:
            self._open[3].extend(unit.split("\n"))
        else:
            self._tally.refuse(number, unit)

    def _separates(self, units: Sequence[Unit], index: int, day: date) -> bool:
        """Whether a lone date does open a day, since a message may hold such a line too.

        Where records carry their own day, the record below a true one is of that day.
        """
        if not self._layout.dated or self._open is None:
            return True
        index += 1
        while index < len(units) and not units[index][1].strip():
            index += 1
        if index == len(units):
            return True
        below = units[index][1]
        system = self._layout.system
        found = self._layout.record.match(below) or (system and system.match(below))
        if found is None:
            return bool(opened_day(below, self._layout) or self._layout.begins.match(below))
        at = self._moment(found["when"])
        return at is None or at.date() == day

    def _notice(self, number: int, unit: str) -> None:
        at = self._now()
        self._close()
        if at:
            self._open = (number, at, "", unit.split("\n"))

    def _now(self) -> datetime | None:
        """The time of a line that has none: of the last record of the day, or the day's start."""
        if self._last and (self._day is None or self._last.date() == self._day):
            return self._last
        return datetime.combine(self._day, time()) if self._day else None

    def _moment(self, when: str) -> datetime | None:
        key = (self._day, when)
        if key not in self._moments:
            found = self._layout.stamp.fullmatch(when)
            clock = clock_of(found) if found else None
            day = day_of(found) if found and self._layout.dated else self._day
            self._moments[key] = datetime.combine(day, clock) if day and clock is not None else None
        return self._moments[key]

    def _close(self) -> None:
        if self._open:
            self._tally.add(*self._open)
            self._open = None
