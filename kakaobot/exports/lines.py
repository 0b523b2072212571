"""One pass over the lines of a text export, in one layout. Knows no file and no other layout."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time

from kakaobot.exports.layouts import Layout
from kakaobot.exports.stamps import clock_of, day_of
from kakaobot.exports.tally import Tally, Unit, person
from kakaobot.exports.wording import NOTICE, acted


def opened_day(line: str, layout: Layout) -> date | None:
    """The day that a date line of this layout opens, or nothing where it is no date line."""
    for pattern in layout.dates:
        if found := pattern.fullmatch(line.rstrip()):
            return day_of(found)
    return None


class LinePass:
    """Hands every line of one part of a file to its tally."""

    def __init__(
        self,
        layout: Layout,
        tally: Tally,
        headers: frozenset[int],
        *,
        odd_names: Sequence[str] = (),
    ) -> None:
        """`odd_names`: names that are known to hold ` : `, which else ends a name."""
        self._layout = layout
        self._tally = tally
        self._headers = headers
        self._odd_names = odd_names
        self._day: date | None = None
        self._last: datetime | None = None
        self._open: tuple[int, datetime, str, str] | None = None
        self._more: list[str] = []
        """Lines below the open record that continue it."""
        self._dated = layout.dated
        self._when = ""
        self._at: datetime | None = None
        """What `_when` came to, on this day."""
        self._clocks: dict[str, time | None] = {}
        self._senders: set[str] = set()

    def read(self, units: Sequence[Unit], *, goes_on: bool = False) -> None:
        """`goes_on`: these were cut from what was read before, perhaps inside a message."""
        record, add, moment = self._layout.record, self._tally.add, self._moment
        match = record.match
        # By number and out of the loop: this line runs for each message of half a million.
        when_at, sender_at, text_at = map(record.groupindex.__getitem__, ("when", "sender", "text"))
        for index, (number, unit) in enumerate(units):
            found = match(unit)
            if found is None:
                self._other(units, index, goes_on)
                continue
            when, sender, text = found.group(when_at, sender_at, text_at)
            if self._open:
                add(*self._open, self._more)
                self._open = None
            at = moment(when)
            if at is None:
                self._tally.refuse(number, unit)
                continue
            if sender not in self._senders:
                sender, text = self._newcomer(sender, text or "")
            self._last = at
            if self._more:
                self._more = []
            self._open = number, at, sender, text or ""

    def close(self) -> None:
        """What is open ends here."""
        if self._open:
            self._tally.add(*self._open, self._more)
            self._open = None

    def _newcomer(self, sender: str, text: str) -> tuple[str, str]:
        """Sender and text of a record whose name, cut at the first ` : `, was not seen before."""
        if self._layout.system is None:
            self._senders.add(sender)
            return sender, text
        whole = f"{sender} : {text}"
        for name in self._odd_names:
            if whole.startswith(f"{name} : "):
                return name, whole[len(name) + 3 :]
        if NOTICE.fullmatch(whole) and not NOTICE.fullmatch(text):
            return "", whole
        if not any(name.startswith(f"{sender} : ") for name in self._odd_names):
            self._senders.add(sender)
        return sender, text

    def _other(self, units: Sequence[Unit], index: int, goes_on: bool) -> None:
        number, unit = units[index]
        layout = self._layout
        if number in self._headers:
            self._tally.counts["headers"] += 1
            if goes_on:
                self._drop_blank_end()
            else:
                self.close()
        elif layout.system and (found := layout.system.match(unit)):
            self._begin(number, unit, found["when"], found["text"])
        elif layout.begins.match(unit):
            self.close()
            self._tally.refuse(number, unit)
        elif (day := opened_day(unit, layout)) and self._separates(units, index, day):
            self.close()
            self._turn_to(day)
            self._tally.counts["dates"] += 1
        elif layout.notice and self._is_notice(unit) and (at := self._now()):
            self.close()
            self._more = []
            self._open = number, at, "", unit
        elif self._open:
            self._more.extend(unit.split("\n"))
        elif self._last is None and self._tally.part > 1:
            self._tally.lead(unit)
        else:
            self._tally.refuse(number, unit)

    def _begin(self, number: int, unit: str, when: str, text: str) -> None:
        self.close()
        at = self._moment(when)
        if at is None:
            self._tally.refuse(number, unit)
        else:
            self._last = at
            self._more = []
            self._open = number, at, "", text

    def _is_notice(self, unit: str) -> bool:
        found = self._layout.notice.fullmatch(unit) if self._layout.notice else None
        who = acted(found) if found else ""
        return bool(found) and (not who or self._open is None or person(who) in self._senders)

    def _drop_blank_end(self) -> None:
        while self._more and not self._more[-1].strip():
            self._more.pop()
            self._tally.counts["blank"] += 1

    def _turn_to(self, day: date) -> None:
        self._day = day
        self._when = ""

    def _separates(self, units: Sequence[Unit], index: int, day: date) -> bool:
        """Whether a lone date does open a day, since a message may hold such a line too.

        Where records carry their own day, the record below a true one is of that day; where they
        carry but a time, a record is below a true one.
        """
        if self._open is None or self._layout.system is None:
            return True
        index += 1
        while index < len(units) and not units[index][1].strip():
            index += 1
        if index == len(units):
            return True
        below = units[index][1]
        found = self._layout.record.match(below) or self._layout.system.match(below)
        if found is None:
            return bool(opened_day(below, self._layout) or self._layout.begins.match(below))
        at = self._moment(found["when"])
        return not self._layout.dated or at is None or at.date() == day

    def _now(self) -> datetime | None:
        """The time of a line that has none: of the last record of the day, or the day's start."""
        if self._last and (self._day is None or self._last.date() == self._day):
            return self._last
        return datetime.combine(self._day, time()) if self._day else None

    def _moment(self, when: str) -> datetime | None:
        """Most records share their minute with the one above, and all their clock times recur."""
        if when == self._when:
            return self._at
        stamp = self._layout.stamp
        if not self._dated:
            if when not in self._clocks:
                found = stamp.fullmatch(when)
                self._clocks[when] = clock_of(found) if found else None
            day, clock = self._day, self._clocks[when]
        else:
            found = stamp.fullmatch(when)
            day, clock = (day_of(found), clock_of(found)) if found else (None, None)
        self._when = when
        self._at = datetime.combine(day, clock) if day and clock is not None else None
        return self._at
