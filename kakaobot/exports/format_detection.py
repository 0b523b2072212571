"""Detects the text format of a section by its content."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from kakaobot.exports.formats import FORMATS, TextFormat
from kakaobot.exports.timestamps import parse_date_line, parse_time
from kakaobot.exports.unicode import decode_utf8

_SAMPLE = 1 << 13
"""Bytes tried first, before the whole section."""
_QUOTE_RATIO = 20
"""How many times more lines another format must match for the first one to count as a quote."""


def detect_format(
    data: bytes, start: int, stop: int, line_end: str, *, is_later_part: bool = False
) -> TextFormat | None:
    """Detect the format from the first lines, or from all lines if none of those is a record.

    A message may quote more lines of another format than the room has, but not before the first
    record. So the format of the first matching line wins, unless hardly any other line is in it or
    the section is a later part, which may start inside a message. `May 3, 2026, 8:34 PM` fits the
    long and the short month formats; there the date lines decide. None if no line matches.
    """
    sample_stop = data.find(b"\n", start + _SAMPLE, stop)
    for until in (sample_stop if sample_stop >= 0 else stop, stop):
        lines = decode_utf8(data[start:until]).split(line_end)
        scores = [_score(format, lines) for format in FORMATS]
        if not any(score.lines for score in scores):
            continue
        usable = max(score.usable for score in scores if score.first is not None)
        first = min(s.first for s in scores if s.first is not None and s.usable == usable)
        earliest = max(score for score in scores if score.first == first)
        best = max(scores)
        is_quote = earliest.lines * (1 if is_later_part else _QUOTE_RATIO) < best.lines
        return FORMATS[scores.index(best if is_quote else earliest)]
    return None


@dataclass(frozen=True, order=True)
class _FormatScore:
    """How well some lines match one format."""

    usable: bool
    """Whether records have a date, of their own or from a date line."""
    records: int
    system_records: int
    date_lines: int
    first: int | None = field(compare=False)
    """Index of the first matching line."""

    @property
    def lines(self) -> int:
        return self.records + self.system_records


def _score(format: TextFormat, lines: Sequence[str]) -> _FormatScore:
    records = system_records = date_lines = 0
    first = None
    for index, line in enumerate(lines):
        if ":" in line and _has_valid_time(format, format.record.match(line)):
            records += 1
        elif (
            ":" in line
            and format.system_record
            and _has_valid_time(format, format.system_record.match(line))
        ):
            system_records += 1
        elif parse_date_line(line, format.date_lines):
            date_lines += 1
        else:
            continue
        first = index if first is None else first
    return _FormatScore(
        format.has_dates or date_lines > 0, records, system_records, date_lines, first
    )


def _has_valid_time(format: TextFormat, record: re.Match[str] | None) -> bool:
    timestamp = format.timestamp.fullmatch(record["when"]) if record else None
    return bool(timestamp and parse_time(timestamp))
