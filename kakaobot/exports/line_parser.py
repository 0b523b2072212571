"""Parses the lines of one format one by one: records, dates, notices, headers, continuations.

`TextParser` takes runs of plain records in bulk and passes everything else here.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import cast

from kakaobot.exports.formats import TextFormat
from kakaobot.exports.notice_lines import FileNames, trailing_notices
from kakaobot.exports.notices import POLICY, actor_of
from kakaobot.exports.parse_result import ParseResultBuilder, normalize_name
from kakaobot.exports.sender_names import SenderNames
from kakaobot.exports.timestamps import (
    Timestamp,
    TimestampParser,
    is_date_line,
    midnight,
    parse_date_line,
)

_Line = tuple[int, str]
"""A 1-based line number and a line; several lines if they look like one record."""


@dataclass
class _OpenRecord:
    """The last record, which the next lines may continue."""

    number: int
    at: datetime
    sender: str
    text: str
    continuations: list[str] = field(default_factory=list)


class LineParser:
    """State of a file in one format: the current day, the open record, the known senders."""

    def __init__(
        self,
        format: TextFormat,
        builder: ParseResultBuilder,
        header_lines: Sequence[int],
        senders: SenderNames,
        names: FileNames,
    ) -> None:
        """Start before the first record.

        Args:
            format: of all lines.
            builder: receives the records.
            header_lines: ascending 1-based numbers of all lines of headers.
            senders: the senders so far.
            names: those of the whole file.
        """
        self._format = format
        self._builder = builder
        self._header_lines = header_lines
        self._senders = senders
        self._names = names
        self.line_end = "\n"
        """Line terminator of the current section."""
        self.timestamps = TimestampParser(format)
        self._day: date | None = None
        self._last: datetime | None = None
        self._open: _OpenRecord | None = None

    def close(self) -> None:
        """Add the open record to the result."""
        if self._open:
            record = self._open
            self._builder.add_record(
                record.number, record.at, record.sender, record.text, record.continuations
            )
            self._open = None

    def bulk_times(self, timestamps: Sequence[Timestamp]) -> Sequence[datetime] | None:
        """Times of valid records that are added without this parser; None if the day is unknown."""
        if self._format.has_dates:
            times = cast("Sequence[datetime]", timestamps)
        elif self._day is None:
            return None
        else:
            since_midnight = cast("Sequence[timedelta]", timestamps)
            times = list(map(midnight(self._day).__add__, since_midnight))
        self._last = times[-1]
        return times

    def next_header_line(self, number: int) -> int:
        """The first line of a header from line `number` on; `sys.maxsize` if there is none."""
        index = bisect_left(self._header_lines, number)
        return self._header_lines[index] if index < len(self._header_lines) else sys.maxsize

    def parse_leading(
        self, text: str, number: int, next_when: str, *, is_continuation: bool
    ) -> int:
        """Parse the text before the first record of a block; return the number of the next line.

        Args:
            text: starts with a line end, or is empty.
            number: 1-based number of its first line.
            next_when: timestamp of the first record.
            is_continuation: whether the text may continue the previous part.
        """
        if not text:
            return number
        lines = list(self._split_lines(text.split(self.line_end)[1:], number))
        self._parse_lines(lines, next_when, is_continuation=is_continuation)
        return number + text.count("\n")

    def parse_record(self, number: int, when: str, sender: str, body: str, next_when: str) -> None:
        """Parse one record and every line below it.

        Args:
            number: 1-based number of its first line.
            when: its timestamp.
            sender: as written.
            body: everything up to the next record.
            next_when: timestamp of the next record, or empty.
        """
        text, *lines = body.split(self.line_end)
        self.close()
        at = self._resolve(when)
        if at is None:
            self._builder.reject(number, f"{sender}:{text}")
        else:
            sender, text = self._senders.split(sender, text)
            self._senders.add([normalize_name(sender)])
            self._last = at
            self._open = _OpenRecord(number, at, sender, text)
        rest = list(self._split_lines(lines, number + 1 + text.count("\n")))
        self._parse_lines(rest, next_when, is_continuation=False)

    def _parse_lines(
        self, lines: Sequence[_Line], next_when: str, *, is_continuation: bool
    ) -> None:
        """Parse all lines up to the next record."""
        notices = trailing_notices([line for _, line in lines], self._is_notice, self._is_date_line)
        for index, is_notice in enumerate(notices):
            self._parse_line(
                lines, index, next_when, is_notice=is_notice, is_continuation=is_continuation
            )

    def _split_lines(self, pieces: Sequence[str], number: int) -> Iterator[_Line]:
        for piece in pieces:
            if self._format.record_like.match(piece):
                yield number, piece
                number += piece.count("\n") + 1
            else:
                lines = piece.split("\n")
                yield from enumerate(lines, number)
                number += len(lines)

    def _parse_line(
        self,
        lines: Sequence[_Line],
        index: int,
        next_when: str,
        *,
        is_notice: bool,
        is_continuation: bool,
    ) -> None:
        """Parse `lines[index]`, which starts no regular record; the others are its context."""
        number, line = lines[index]
        format, builder = self._format, self._builder
        if self.next_header_line(number) == number:
            builder.counts["headers"] += 1
            if is_continuation:
                self._strip_open_record()
            else:
                self.close()
        elif format.system_record and (match := format.system_record.match(line)):
            self._open_system_record(number, line, match["when"], match["text"])
        elif format.record_like.match(line):
            self.close()
            builder.reject(number, line)
        elif (day := parse_date_line(line, format.date_lines)) and self._starts_day(
            lines[index + 1 :], next_when, day
        ):
            self.close()
            self._day = day
            builder.counts["dates"] += 1
        elif not format.system_record and self._is_date_line(line):
            # An invalid date: the records below belong to no day.
            self.close()
            self._day = None
            builder.reject(number, line)
        elif self._starts_notice(line, is_trailing=is_notice) and (at := self._time_of_notice()):
            self.close()
            self._open = _OpenRecord(number, at, "", line)
        elif self._open:
            self._open.continuations.extend(line.split("\n"))
        elif self._last is None and builder.part > 1:
            builder.add_leading(line)
        else:
            builder.reject(number, line)

    def _open_system_record(self, number: int, line: str, when: str, text: str) -> None:
        self.close()
        at = self._resolve(when)
        if at is None:
            self._builder.reject(number, line)
        else:
            self._last = at
            self._open = _OpenRecord(number, at, "", text)

    def _starts_notice(self, line: str, *, is_trailing: bool) -> bool:
        """`is_trailing`: whether the line is a notice if it stands below a message."""
        if self._open is None:
            return self._format.notice.fullmatch(line.strip()) is not None
        if self._open.sender:
            return is_trailing
        belongs_to_notice = self._format.system_record or POLICY.fullmatch(line.strip())
        return not belongs_to_notice and self._is_notice(line)

    def _is_notice(self, line: str) -> bool:
        """Whether a line has the wording of a notice about somebody in the file."""
        match = self._format.notice.fullmatch(line.strip())
        if match is None:
            return False
        actor = actor_of(match)
        return not actor or actor in self._senders or self._names.has_actor(match)

    def _is_date_line(self, line: str) -> bool:
        return is_date_line(line, self._format.date_lines)

    def _strip_open_record(self) -> None:
        while self._open and self._open.continuations and not self._open.continuations[-1].strip():
            self._open.continuations.pop()
            self._builder.counts["blank"] += 1

    def _starts_day(self, following: Sequence[_Line], next_when: str, day: date) -> bool:
        """Whether a date line starts a day, as a message may contain such a line too.

        In a format with dates in its records, the next record must be of that day; otherwise a
        record must follow.
        """
        system_record = self._format.system_record
        if self._open is None or system_record is None:
            return True
        line = next((line for _, line in following if line.strip()), "")
        if line:
            match = system_record.match(line)
            if match is None:
                return bool(
                    parse_date_line(line, self._format.date_lines)
                    or self._format.record_like.match(line)
                )
            next_when = match["when"]
        at = self.timestamps.parse(next_when)
        return not isinstance(at, datetime) or at.date() == day

    def _time_of_notice(self) -> datetime | None:
        """Time of a line without a timestamp: that of the day's last record, or midnight."""
        if self._last and (self._day is None or self._last.date() == self._day):
            return self._last
        return midnight(self._day) if self._day else None

    def _resolve(self, when: str) -> datetime | None:
        at = self.timestamps.parse(when)
        if isinstance(at, timedelta):
            return midnight(self._day) + at if self._day else None
        return at
