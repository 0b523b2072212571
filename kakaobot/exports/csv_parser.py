"""The rows of an export in comma-separated values → messages. Knows nothing of text exports."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache

from kakaobot.exports.formats import CsvFormat
from kakaobot.exports.parse_result import ParseResultBuilder
from kakaobot.exports.system_text import actor_of
from kakaobot.exports.timestamps import clock_of, day_of

Row = tuple[int, int, list[str]]
"""First line, number of lines, and cells."""


def is_csv_header(line: str, table: CsvFormat) -> bool:
    """Whether this first line names the columns of such an export."""
    names = tuple(cell.strip().strip('"').lower() for cell in line.split(","))
    return names in [tuple(map(str.lower, head)) for head in table.heads]


def parse_csv(
    lines: Sequence[str], table: CsvFormat, tally: ParseResultBuilder, first: int = 1
) -> None:
    """Hand every line to the tally. A row without a time has the time of the row above it.

    Args:
        first: the number of the first of these lines.
    """
    last: datetime | None = None
    for number, height, cells in _rows(lines, table):
        if not cells or (height == 1 and not lines[number - 1].strip()):
            tally.counts["blank"] += height
        elif height == 1 and not cells[0][:1].isdigit() and is_csv_header(lines[number - 1], table):
            tally.counts["headers"] += 1
        else:
            at = _moment(cells[0], table) if cells[0].strip() else last
            if at is None or len(cells) < 3:
                tally.refuse(number + first - 1, "\n".join(lines[number - 1 : number - 1 + height]))
                continue
            last = at
            _add(tally, table, number + first - 1, height, at, cells)


def _add(
    tally: ParseResultBuilder,
    table: CsvFormat,
    number: int,
    height: int,
    at: datetime,
    cells: list[str],
) -> None:
    sender, text = cells[1], cells[2] if len(cells) == 3 else ",".join(cells[2:])
    if not cells[0].strip():
        sender = ""
    elif sender and (found := table.notice.fullmatch(text.strip())):
        sender = "" if actor_of(found) in {"", sender} else sender
    tally.add(number, at, sender, text, [])
    if height > 1:
        tally.counts["continuations"] += height - 1 - text.count("\n")


def _rows(lines: Sequence[str], table: CsvFormat) -> Iterator[Row]:
    """All rows, by the rules of CSV.

    A broken quote would swallow what follows it. Such a row ends where something begins like the
    next one, is taken as it stands, and the rules hold again below it.
    """
    start = 0
    while start < len(lines):
        try:
            for row in _strictly(lines, start):
                yield row
                start = row[0] - 1 + row[1]
        except csv.Error:
            end = start + 1
            while end < len(lines) and not table.row.match(lines[end]):
                end += 1
            yield start + 1, end - start, _mended("\n".join(lines[start:end]))
            start = end


def _strictly(lines: Sequence[str], start: int) -> Iterator[Row]:
    """Raises csv.Error where a quote is never closed."""
    below = (lines[index] + "\n" for index in range(start, len(lines)))
    reader = csv.reader(below, strict=True)
    before = 0
    for cells in reader:
        yield start + before + 1, reader.line_num - before, cells
        before = reader.line_num


def _mended(body: str) -> list[str]:
    """Time, sender and text of a row whose quotes do not pair; no more where a name goes on."""
    at, _, rest = body.partition(",")
    quoted = rest.startswith('"') and rest.partition('",')
    if quoted and not quoted[1]:
        return [at]
    sender, text = (quoted[0][1:], quoted[2]) if quoted and quoted[1] else rest.partition(",")[::2]
    text = text.removeprefix('"').removesuffix('"')
    return [at, sender.replace('""', '"'), text.replace('""', '"')]


@lru_cache(maxsize=4096)
def _moment(cell: str, table: CsvFormat) -> datetime | None:
    found = table.stamp.fullmatch(cell.strip())
    if found is None:
        return None
    day, clock = day_of(found), clock_of(found)
    return datetime.combine(day, clock) if day and clock is not None else None
