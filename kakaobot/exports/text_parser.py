"""One pass over a part of a text export, in one layout. Knows no file and no other layout.

A text is split at the openings of its records, which leaves columns of times, senders and texts.
Where nothing else stands in it, a run of records is taken over as it is; only where a day opens, a
notice stands, or something odd was found, are lines looked at one by one.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import compress, repeat
from operator import contains, itemgetter
from typing import cast

from kakaobot.exports.formats import TextFormat
from kakaobot.exports.openings import Moment, Openings, midnight
from kakaobot.exports.parse_result import ParseResultBuilder, normalize_name
from kakaobot.exports.sections import Section
from kakaobot.exports.system_text import NOTICE, actor_of
from kakaobot.exports.timestamps import is_day, opened_day

_TAIL = 1024
"""Characters at the end of a block in which its last record most often begins."""

Unit = tuple[int, str]
"""A 1-based line number and a line; with what follows it, where it begins like a record."""


@dataclass(frozen=True)
class _Block:
    """Some records, one below the other, as columns."""

    places: list[tuple[int, int]]
    """Indices of the records that do not stand right below the line of the one before; lines."""
    whens: list[str]
    senders: list[str]
    people: list[str]
    moments: list[Moment]
    bodies: list[str]
    """From a record's opening to the next record."""
    long: list[int]
    """Indices of the bodies of several lines."""
    below: str
    """The time of the record below the last one, or nothing."""

    def line(self, index: int) -> int:
        """The 1-based number of the line on which a record stands."""
        begin, line = self.places[bisect_right(self.places, index, key=itemgetter(0)) - 1]
        return line + index - begin


class TextParser:
    """Hands every line of the parts of a file that go on in one layout to its tally."""

    def __init__(
        self,
        layout: TextFormat,
        tally: ParseResultBuilder,
        headers: Sequence[int],
        *,
        odd_names: Sequence[str] = (),
    ) -> None:
        """Begin above the first part.

        Args:
            headers: ascending numbers of the lines of headers.
            odd_names: names that are known to hold ` : `, which else ends a name.
        """
        self._layout = layout
        self._tally = tally
        self._odd_names = odd_names
        self._headers = headers
        self._end = ""
        self._starts = layout.record
        self._when = self._sender = 0
        """Which groups these are, when a text is split by `_starts`."""
        self._openings = Openings(layout)
        self._day: date | None = None
        self._last: datetime | None = None
        self._open: tuple[int, datetime, str, str] | None = None
        self._more: list[str] = []
        """Lines below the open record that continue it."""
        self._senders: set[str] = set()
        """Who was heard so far."""

    def read(self, part: Section, *, goes_on: bool = False) -> None:
        """`goes_on`: it was cut from what was read before, perhaps inside a message."""
        self._end = part.end
        self._starts = self._layout.starts(part.end)
        self._when, self._sender = map(self._starts.groupindex.__getitem__, ("when", "sender"))
        number = part.number
        for text, below in self._blocks(part):
            pieces = self._starts.split(text)
            alone = len(pieces) == 1
            first = below if alone else pieces[self._when]
            number = self._read_lead(pieces[0], number, first, goes_on)
            if not alone:
                number = self._read_block(pieces, number, below)

    def close(self) -> None:
        """What is open ends here."""
        if self._open:
            self._tally.add(*self._open, self._more)
            self._open = None
            self._more = []

    def _blocks(self, part: Section) -> Iterator[tuple[str, str]]:
        """Pieces that begin with a record, the first one perhaps with others; the time below."""
        open_text = ""
        for text, last in part.blocks():
            begin = len(open_text)
            text = open_text + text
            if last:
                yield text, ""
                return
            tail = max(begin, len(text) - _TAIL)
            found = deque(self._starts.finditer(text, tail), maxlen=1)
            record = found[0] if found else self._starts.search(text, begin)
            if record is None:
                open_text = text
                continue
            yield text[: record.start()], record["when"]
            open_text = text[record.start() :]

    def _read_lead(self, lead: str, number: int, below: str, goes_on: bool) -> int:
        """What stands above the first record. Returns the number of the line below it."""
        if not lead:
            return number
        units = list(self._units(lead.split(self._end)[1:], number))
        for index in range(len(units)):
            self._other(units, index, below, goes_on)
        return number + lead.count("\n")

    def _read_block(self, pieces: list[str], number: int, below: str) -> int:
        """Take over what is plain, and look closely at the rest. Returns the number below.

        Args:
            pieces: what came of splitting: something else, and then three for each record.
        """
        whens, senders, bodies = pieces[self._when :: 3], pieces[self._sender :: 3], pieces[3::3]
        count = len(bodies)
        people, moments = self._openings.people(senders), self._openings.moments(whens)
        long = list(compress(range(count), map(contains, bodies, repeat("\n"))))
        places, odd, number = self._placed(bodies, long, number)
        # The last one stays open, since lines of the next part may continue it.
        odd.add(count - 1)
        if None in moments:
            odd.update(index for index, moment in enumerate(moments) if moment is None)
        if self._layout.system and not self._senders.issuperset(people):
            odd |= self._odd_senders(senders, people, bodies)
        block = _Block(places, whens, senders, people, moments, bodies, long, below)
        done = 0
        for index in sorted(odd):
            self._take(block, done, index)
            self._look(block, index)
            done = index + 1
        return number

    def _placed(
        self, bodies: Sequence[str], long: Sequence[int], number: int
    ) -> tuple[list[tuple[int, int]], set[int], int]:
        """Where the records stand, those whose bodies stir, and the number below them all."""
        places = [(0, number)]
        odd = set()
        stirs, header = self._layout.stirs.search, self._header_below(number)
        shift = number
        for index in long:
            shift += bodies[index].count("\n")
            places.append((index + 1, shift + index + 1))
            if stirs(bodies[index]) or header <= shift + index:
                odd.add(index)
        return places, odd, shift + len(bodies)

    def _header_below(self, number: int) -> int:
        """The line of the first header from there on; beyond all lines where there is none."""
        at = bisect_left(self._headers, number)
        return self._headers[at] if at < len(self._headers) else sys.maxsize

    def _odd_senders(
        self, senders: Sequence[str], people: Sequence[str], bodies: Sequence[str]
    ) -> set[int]:
        """Records of a name that was not seen before, and may go on beyond its first ` : `."""
        odd = set()
        for index, name in enumerate(people):
            if name not in self._senders:
                sender = senders[index]
                if self._named(sender, bodies[index]) != (sender, bodies[index]):
                    odd.add(index)
                elif self._ends_a_name(sender):
                    self._senders.add(name)
        return odd

    def _ends_a_name(self, sender: str) -> bool:
        return not any(name.startswith(f"{sender} : ") for name in self._odd_names)

    def _named(self, sender: str, text: str) -> tuple[str, str]:
        """Sender and text of a record, whose name was cut at the first ` : `."""
        if self._layout.system is None or normalize_name(sender) in self._senders:
            return sender, text
        whole = f"{sender} : {text}"
        for name in self._odd_names:
            if whole.startswith(f"{name} : "):
                return name, whole[len(name) + 3 :]
        if NOTICE.fullmatch(whole) and not NOTICE.fullmatch(text):
            return "", whole
        return sender, text

    def _take(self, block: _Block, begin: int, stop: int) -> None:
        """Records that are what they seem, all at once."""
        if begin == stop:
            return
        self.close()
        moments = self._dated(block.moments[begin:stop])
        if moments is None:
            for index in range(begin, stop):
                self._look(block, index)
            return
        messages = self._tally.messages
        shift = len(messages) - begin
        messages.place(len(messages), block.line(begin))
        for index in _within(block.long, begin, stop):
            block.bodies[index] = self._tally.joined(block.bodies[index].replace(self._end, "\n"))
            messages.place(shift + index + 1, block.line(index + 1))
        people = block.people[begin:stop]
        messages.add(moments, people, block.bodies[begin:stop])
        self._last = moments[-1]
        if self._layout.notice:
            self._senders.update(people)

    def _dated(self, moments: Sequence[Moment]) -> Sequence[datetime] | None:
        """Nothing where no line has told the day yet. None of these is nothing itself."""
        if self._layout.dated:
            return cast("Sequence[datetime]", moments)
        if self._day is None:
            return None
        clocks = cast("Sequence[timedelta]", moments)
        return list(map(midnight(self._day).__add__, clocks))

    def _look(self, block: _Block, index: int) -> None:
        """One record, and each line below it."""
        number, sender = block.line(index), block.senders[index]
        text, *lines = block.bodies[index].split(self._end)
        self.close()
        at = self._moment(block.whens[index])
        if at is None:
            self._tally.refuse(number, f"{sender}:{text}")
        else:
            sender, text = self._named(sender, text)
            if self._layout.notice:
                self._senders.add(normalize_name(sender))
            self._last = at
            self._more = []
            self._open = number, at, sender, text
        below = block.whens[index + 1] if index + 1 < len(block.whens) else block.below
        units = list(self._units(lines, number + 1 + text.count("\n")))
        for place in range(len(units)):
            self._other(units, place, below, False)

    def _units(self, pieces: Sequence[str], number: int) -> Iterator[Unit]:
        for piece in pieces:
            if self._layout.begins.match(piece):
                yield number, piece
                number += piece.count("\n") + 1
            else:
                lines = piece.split("\n")
                yield from enumerate(lines, number)
                number += len(lines)

    def _other(self, units: Sequence[Unit], index: int, below: str, goes_on: bool) -> None:
        """One line that begins no record, with those below it up to the next record."""
        number, unit = units[index]
        layout = self._layout
        if self._header_below(number) == number:
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
        elif (day := opened_day(unit, layout.dates)) and self._separates(
            units[index + 1 :], below, day
        ):
            self.close()
            self._day = day
            self._tally.counts["dates"] += 1
        elif not layout.system and is_day(unit, layout.dates):
            # A day that never was: what stands below is of no day.
            self.close()
            self._day = None
            self._tally.refuse(number, unit)
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
        who = actor_of(found) if found else ""
        return bool(found) and (
            not who or self._open is None or normalize_name(who) in self._senders
        )

    def _drop_blank_end(self) -> None:
        while self._more and not self._more[-1].strip():
            self._more.pop()
            self._tally.counts["blank"] += 1

    def _separates(self, units: Sequence[Unit], below: str, day: date) -> bool:
        """Whether a lone date does open a day, since a message may hold such a line too.

        Where records carry their own day, the record below a true one is of that day; where they
        carry but a time, a record is below a true one.
        """
        system = self._layout.system
        if self._open is None or system is None:
            return True
        line = next((line for _, line in units if line.strip()), "")
        if line:
            found = system.match(line)
            if found is None:
                layout = self._layout
                return bool(opened_day(line, layout.dates) or layout.begins.match(line))
            below = found["when"]
        at = self._openings.moment(below)
        return not isinstance(at, datetime) or at.date() == day

    def _now(self) -> datetime | None:
        """The time of a line that has none: of the last record of the day, or the day's start."""
        if self._last and (self._day is None or self._last.date() == self._day):
            return self._last
        return midnight(self._day) if self._day else None

    def _moment(self, when: str) -> datetime | None:
        at = self._openings.moment(when)
        if isinstance(at, timedelta):
            return midnight(self._day) + at if self._day else None
        return at


def _within(indices: Sequence[int], begin: int, stop: int) -> Sequence[int]:
    """Those of some ascending numbers that lie between two."""
    return indices[bisect_left(indices, begin) : bisect_left(indices, stop)]
