"""Parses the sections of a text export that share a format.

A text is split at the starts of its records into columns of timestamps, senders and bodies. Runs of
plain records are added in bulk; records with a date line, a notice or something unusual below them
go to `LineParser`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, repeat
from operator import contains, itemgetter

from kakaobot.exports.formats import TextFormat
from kakaobot.exports.line_parser import LineParser
from kakaobot.exports.memo import map_cached
from kakaobot.exports.notice_lines import FileNames
from kakaobot.exports.parse_result import ParseResultBuilder, normalize_name
from kakaobot.exports.sections import Section
from kakaobot.exports.sender_names import SenderNames
from kakaobot.exports.timestamps import Timestamp

_TAIL = 1024
"""Characters at the end of a block in which its last record usually starts."""


@dataclass(frozen=True)
class _RecordColumns:
    """Consecutive records as columns."""

    lines: list[tuple[int, int]]
    """Index and line of the first record of every run of records on consecutive lines."""
    whens: list[str]
    senders: list[str]
    names: list[str]
    """`senders`, normalized."""
    timestamps: list[Timestamp]
    bodies: list[str]
    """Everything up to the next record."""
    multiline: list[int]
    """Indices of bodies of several lines."""
    next_when: str
    """Timestamp of the record after the last one, or empty."""

    def line(self, index: int) -> int:
        """1-based number of the first line of a record."""
        start, line = self.lines[bisect_right(self.lines, index, key=itemgetter(0)) - 1]
        return line + index - start


class TextParser:
    """Passes every line of the sections of one format to the builder."""

    def __init__(
        self,
        format: TextFormat,
        builder: ParseResultBuilder,
        header_lines: Sequence[int],
        names: FileNames,
        *,
        colon_names: Sequence[str] = (),
    ) -> None:
        """Start before the first section.

        Args:
            format: of all sections.
            builder: receives the records.
            header_lines: ascending 1-based numbers of all lines of headers.
            names: those of the whole file.
            colon_names: names known to contain ` : `, which otherwise ends a name.
        """
        self._format = format
        self._builder = builder
        self._names: dict[str, str] = {}
        self._senders = SenderNames(format, colon_names)
        self._line_parser = LineParser(format, builder, header_lines, self._senders, names)

    def read(self, section: Section, *, is_continuation: bool = False) -> None:
        """`is_continuation`: a message may extend from the previous section into this one."""
        self._line_parser.line_end = section.line_end
        splitter = self._format.record_splitter(section.line_end)
        when, sender = splitter.groupindex["when"], splitter.groupindex["sender"]
        number = section.first_line
        for text, next_when in self._blocks(section):
            fields = splitter.split(text)
            has_records = len(fields) > 1
            number = self._line_parser.parse_leading(
                fields[0],
                number,
                fields[when] if has_records else next_when,
                is_continuation=is_continuation,
            )
            if has_records:
                columns = fields[when::3], fields[sender::3], fields[3::3]
                number = self._add_records(*columns, number, next_when)

    def close(self) -> None:
        """End the last record."""
        self._line_parser.close()

    def _blocks(self, section: Section) -> Iterator[tuple[str, str]]:
        """Texts of whole records, and the timestamp of the record after each text."""
        splitter = self._format.record_splitter(section.line_end)
        pending = ""
        for block, is_last in section.blocks():
            start = len(pending)
            text = pending + block
            if is_last:
                yield text, ""
                return
            tail = max(start, len(text) - _TAIL)
            matches = deque(splitter.finditer(text, tail), maxlen=1)
            record = matches[0] if matches else splitter.search(text, start)
            if record is None:
                pending = text
                continue
            yield text[: record.start()], record["when"]
            pending = text[record.start() :]

    def _add_records(
        self,
        whens: list[str],
        senders: list[str],
        bodies: list[str],
        number: int,
        next_when: str,
    ) -> int:
        """Add plain records in bulk and parse the others; return the number of the next line."""
        count = len(bodies)
        names = map_cached(self._names, senders, normalize_name)
        timestamps = self._line_parser.timestamps.parse_all(whens)
        multiline = list(compress(range(count), map(contains, bodies, repeat("\n"))))
        lines, special, number = self._locate(bodies, multiline, number)
        # The last record stays open, as lines of the next block may continue it.
        special.add(count - 1)
        if None in timestamps:
            special.update(index for index, at in enumerate(timestamps) if at is None)
        special |= self._senders.ambiguous(senders, names, bodies)
        records = _RecordColumns(
            lines, whens, senders, names, timestamps, bodies, multiline, next_when
        )
        start = 0
        for index in sorted(special):
            self._add_plain(records, start, index)
            self._parse_record(records, index)
            start = index + 1
        return number

    def _locate(
        self, bodies: Sequence[str], multiline: Sequence[int], number: int
    ) -> tuple[list[tuple[int, int]], set[int], int]:
        """Lines of the records, indices of those with special lines, and the number after all."""
        lines = [(0, number)]
        special = set()
        has_special_line = self._format.has_special_line
        header = self._line_parser.next_header_line(number)
        extra = number
        for index in multiline:
            extra += bodies[index].count("\n")
            lines.append((index + 1, extra + index + 1))
            if has_special_line(bodies[index]) or header <= extra + index:
                special.add(index)
        return lines, special, extra + len(bodies)

    def _add_plain(self, records: _RecordColumns, start: int, stop: int) -> None:
        """Add records without special lines in bulk."""
        if start == stop:
            return
        self._line_parser.close()
        times = self._line_parser.bulk_times(records.timestamps[start:stop])
        if times is None:
            for index in range(start, stop):
                self._parse_record(records, index)
            return
        messages, bodies = self._builder.messages, records.bodies
        line_end = self._line_parser.line_end
        shift = len(messages) - start
        messages.set_line(len(messages), records.line(start))
        for index in _between(records.multiline, start, stop):
            bodies[index] = self._builder.strip_body(bodies[index].replace(line_end, "\n"))
            messages.set_line(shift + index + 1, records.line(index + 1))
        names = records.names[start:stop]
        messages.extend(times, names, bodies[start:stop])
        self._senders.add(names)

    def _parse_record(self, records: _RecordColumns, index: int) -> None:
        following = records.whens[index + 1 : index + 2]
        self._line_parser.parse_record(
            records.line(index),
            records.whens[index],
            records.senders[index],
            records.bodies[index],
            following[0] if following else records.next_when,
        )


def _between(ascending: Sequence[int], start: int, stop: int) -> Sequence[int]:
    """Numbers from `start` up to, not including, `stop`."""
    return ascending[bisect_left(ascending, start) : bisect_left(ascending, stop)]
