"""Rows of a CSV export → messages."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache

from kakaobot.exports.formats import CsvFormat
from kakaobot.exports.notices import actor_of, is_own_notice, split_official
from kakaobot.exports.parse_result import ParseResultBuilder
from kakaobot.exports.timestamps import parse_date, parse_time

Row = tuple[int, int, list[str]]
"""1-based first line, number of lines, and cells."""


def is_csv_header(line: str, format: CsvFormat) -> bool:
    names = tuple(cell.strip().strip('"').lower() for cell in line.split(","))
    return names in [tuple(map(str.lower, header)) for header in format.column_names]


def parse_csv(
    lines: Sequence[str], format: CsvFormat, builder: ParseResultBuilder, first_line: int = 1
) -> None:
    """Pass every line to the builder. A row without a time takes that of the row above.

    Args:
        first_line: 1-based number of the first of `lines`.
    """
    last: datetime | None = None
    for number, height, cells in _rows(lines, format):
        if not cells or (height == 1 and not lines[number - 1].strip()):
            builder.counts["blank"] += height
        elif (
            height == 1 and not cells[0][:1].isdigit() and is_csv_header(lines[number - 1], format)
        ):
            builder.counts["headers"] += 1
        else:
            at = _parse_timestamp(cells[0], format) if cells[0].strip() else last
            if at is None or len(cells) < 3:
                text = "\n".join(lines[number - 1 : number - 1 + height])
                builder.reject(number + first_line - 1, text)
                continue
            last = at
            _add_row(builder, format, (number + first_line - 1, height, cells), at)


def _add_row(builder: ParseResultBuilder, format: CsvFormat, row: Row, at: datetime) -> None:
    number, height, cells = row
    sender, text = cells[1], cells[2] if len(cells) == 3 else ",".join(cells[2:])
    if not cells[0].strip():
        sender = ""
    elif sender and (notice := format.notice.fullmatch(text.strip())):
        is_about_sender = actor_of(notice) in {"", sender} or is_own_notice(sender, text.strip())
        sender = "" if is_about_sender else sender
    words, official = split_official(text) if sender else (text, "")
    if official and words.strip():
        text = words
    elif official:
        sender, official = "", ""
    builder.add_record(number, at, sender, text, [])
    if official:
        builder.add_record(number + text.count("\n") + 1, at, "", official, [])
    if height > 1:
        lines = text.count("\n") + (official.count("\n") + 1 if official else 0)
        builder.counts["continuations"] += height - 1 - lines


def _rows(lines: Sequence[str], format: CsvFormat) -> Iterator[Row]:
    """All rows by the rules of CSV.

    A row with a broken quote ends before the next line that looks like a row, instead of swallowing
    the rest of the file.
    """
    start = 0
    while start < len(lines):
        try:
            for row in _strict_rows(lines, start):
                yield row
                start = row[0] - 1 + row[1]
        except csv.Error:
            stop = start + 1
            while stop < len(lines) and not format.row_start.match(lines[stop]):
                stop += 1
            yield start + 1, stop - start, _split_broken_row("\n".join(lines[start:stop]))
            start = stop


def _strict_rows(lines: Sequence[str], start: int) -> Iterator[Row]:
    """Raises csv.Error at a quote that is never closed."""
    rest = (lines[index] + "\n" for index in range(start, len(lines)))
    reader = csv.reader(rest, strict=True)
    lines_before = 0
    for cells in reader:
        yield start + lines_before + 1, reader.line_num - lines_before, cells
        lines_before = reader.line_num


def _split_broken_row(text: str) -> list[str]:
    """Time, sender and text of a row with unbalanced quotes; only the time if the sender is cut."""
    at, _, rest = text.partition(",")
    quoted = rest.startswith('"') and rest.partition('",')
    if quoted and not quoted[1]:
        return [at]
    sender, body = (quoted[0][1:], quoted[2]) if quoted and quoted[1] else rest.partition(",")[::2]
    body = body.removeprefix('"').removesuffix('"')
    return [at, sender.replace('""', '"'), body.replace('""', '"')]


@lru_cache(maxsize=4096)
def _parse_timestamp(cell: str, format: CsvFormat) -> datetime | None:
    match = format.timestamp.fullmatch(cell.strip())
    if match is None:
        return None
    day, clock = parse_date(match), parse_time(match)
    return datetime.combine(day, clock) if day and clock is not None else None
