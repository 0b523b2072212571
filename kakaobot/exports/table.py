"""The rows of an export in comma-separated values → messages. Knows nothing of text exports."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime

from kakaobot.exports.layouts import Table
from kakaobot.exports.stamps import clock_of, day_of
from kakaobot.exports.tally import Tally

Row = tuple[int, int, list[str] | None]
"""First line, number of lines, and cells; no cells where the row's quotes are broken."""


def is_table(line: str, table: Table) -> bool:
    """Whether this first line names the columns of such an export."""
    names = [cell.strip().strip('"').lower() for cell in line.split(",")]
    return len(names) == len(table.columns) and all(
        name in known for name, known in zip(names, table.columns, strict=True)
    )


def read_table(lines: Sequence[str], table: Table, tally: Tally) -> None:
    """Hand every line to the tally. A row without a time has the time of the row above it."""
    last: datetime | None = None
    for number, height, cells in _rows(lines, table):
        body = "\n".join(lines[number - 1 : number - 1 + height])
        if not body.strip():
            tally.counts["blank"] += height
        elif height == 1 and not body[0].isdigit() and is_table(body, table):
            tally.counts["headers"] += 1
        elif cells is None or len(cells) < 3:
            tally.refuse(number, body)
        else:
            at = _moment(cells[0], table) if cells[0].strip() else last
            if at is None:
                tally.refuse(number, body)
                continue
            last = at
            _add(tally, table, number, height, at, cells)


def _add(
    tally: Tally, table: Table, number: int, height: int, at: datetime, cells: list[str]
) -> None:
    sender, text = cells[1], ",".join(cells[2:])
    if not cells[0].strip() or table.notice.fullmatch(text.strip()):
        sender = ""
    written = text.split("\n")
    tally.add(number, at, sender, written)
    tally.counts["continuations"] += height - len(written)


def _rows(lines: Sequence[str], table: Table) -> list[Row]:
    """All rows, by the rules of CSV; where those fail, by what a row begins with."""
    try:
        return _strictly(lines)
    except csv.Error:
        return _row_by_row(lines, table)


def _strictly(lines: Sequence[str]) -> list[Row]:
    """Raises csv.Error where a quote is never closed."""
    reader = csv.reader([line + "\n" for line in lines], strict=True)
    rows: list[Row] = []
    before = 0
    for cells in reader:
        rows.append((before + 1, reader.line_num - before, cells))
        before = reader.line_num
    return rows


def _row_by_row(lines: Sequence[str], table: Table) -> list[Row]:
    """One broken quote would swallow the rest of the file; here it costs its own row only."""
    starts = [
        index
        for index, line in enumerate(lines)
        if index == 0 or table.row.match(line) or line.startswith((',"",', ",,"))
    ]
    rows: list[Row] = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        piece = lines[start:end]
        try:
            rows.extend((start + first, height, cells) for first, height, cells in _strictly(piece))
        except csv.Error:
            rows.append((start + 1, end - start, None))
    return rows


def _moment(cell: str, table: Table) -> datetime | None:
    found = table.stamp.fullmatch(cell.strip())
    if found is None:
        return None
    day, clock = day_of(found), clock_of(found)
    return datetime.combine(day, clock) if day and clock is not None else None
