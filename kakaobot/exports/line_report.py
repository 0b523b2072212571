"""Counts the lines of one file by kind and shows those not understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kakaobot.exports.captions import CaptionCounts
from kakaobot.exports.parse_result import LineCounts
from kakaobot.exports.reader import Export, ReadResult, decode

_MAX_LINES = 200
_MAX_CHARACTERS = 200


@dataclass(frozen=True)
class LineReport:
    file: str
    format: str
    room: str
    lines: int
    counts: LineCounts
    """They sum to `lines`."""
    not_understood_lines: tuple[tuple[int, str], ...]
    """1-based numbers and texts of the first lines not understood; long ones are truncated."""
    captions: CaptionCounts = CaptionCounts()

    @property
    def omitted(self) -> int:
        """Further lines not understood, without text here."""
        return self.counts.not_understood - len(self.not_understood_lines)


def report_lines(result: ReadResult, export: Export) -> LineReport:
    """`export`: `result.export`, known to exist."""
    text = decode(result.file.data, result.file.name)
    return LineReport(
        file=export.file,
        format=export.format,
        room=export.room,
        lines=export.lines,
        counts=export.counts,
        not_understood_lines=_lines_at(text, export.not_understood[:_MAX_LINES]),
        captions=export.captions,
    )


def _lines_at(text: str, numbers: Sequence[int]) -> tuple[tuple[int, str], ...]:
    """Numbers and texts of lines, numbered as by the reader."""
    if not numbers:
        return ()
    if "\n" not in text:
        text = text.replace("\r", "\n")
    lines = text.split("\n", max(numbers))
    return tuple((number, _truncate(lines[number - 1])) for number in numbers)


def _truncate(line: str) -> str:
    line = line.strip()
    return line if len(line) <= _MAX_CHARACTERS else line[: _MAX_CHARACTERS - 1] + "…"
