"""What every line of one file turned out to be, and the text of those that were not understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kakaobot.exports.parse_result import LineCounts
from kakaobot.exports.reader import Export, ReadResult, decode

_MOST_LINES = 200
_MOST_CHARACTERS = 200


@dataclass(frozen=True)
class LineReport:
    file: str
    format: str
    room: str
    lines: int
    counts: LineCounts
    """They sum to `lines`."""
    not_understood_lines: tuple[tuple[int, str], ...]
    """1-based numbers and texts of the first lines not understood; long ones are cut."""

    @property
    def omitted(self) -> int:
        """How many more lines were not understood."""
        return self.counts.not_understood - len(self.not_understood_lines)


def report_lines(reading: ReadResult, export: Export) -> LineReport:
    """`export` is that of the reading."""
    text = decode(reading.file.data, reading.file.name)
    return LineReport(
        file=export.file,
        format=export.format,
        room=export.room,
        lines=export.lines,
        counts=export.counts,
        not_understood_lines=_texts(text, export.not_understood[:_MOST_LINES]),
    )


def _texts(text: str, numbers: Sequence[int]) -> tuple[tuple[int, str], ...]:
    """The lines of these numbers, counted as the reader counts them."""
    if not numbers:
        return ()
    if "\n" not in text:
        text = text.replace("\r", "\n")
    lines = text.split("\n", max(numbers))
    return tuple((number, _short(lines[number - 1])) for number in numbers)


def _short(line: str) -> str:
    line = line.strip()
    return line if len(line) <= _MOST_CHARACTERS else line[: _MOST_CHARACTERS - 1] + "…"
