"""UTF-8 text → the parts it was put together from, where their headers are, and their layouts."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from kakaobot.exports.composing import composed
from kakaobot.exports.layouts import HEADERS, LAYOUTS, PART, SAVED, SAVED_WORDS, TALK, Layout
from kakaobot.exports.stamps import clock_of, opened_day

_SAMPLE = 1 << 15
"""Bytes looked at to find the layout, before all of them are."""
_BLOCK = 1 << 16
"""Bytes that are decoded at once, so that what is thrown away stays small."""
_ODD_NAME = re.compile(
    r", ([^\n]{1,120}? : [^\n]{1,120}?)님이 (?:채팅방에 )?(?:들어왔|나갔)습니다\."
    r"\r?(?:\n|\Z)".encode()
)
_LONGEST_HEADER = 4096
"""Bytes. A longer line names no room."""
_SAVED = re.compile(
    rb"\n(?=%s)"
    % b"|".join(
        unicodedata.normalize(form, word).encode()
        for word in SAVED_WORDS
        for form in ("NFC", "NFD")
    )
)
"""Before a line that may be a date of saving."""


@dataclass(frozen=True)
class Header:
    begin: int
    """Offset of its first line, in bytes."""
    number: int
    """1-based number of its first line."""
    lines: tuple[str, ...]

    @property
    def numbers(self) -> range:
        return range(self.number, self.number + len(self.lines))

    @property
    def part(self) -> int:
        """As the header numbers it; 0 where it does not."""
        found = (PART.fullmatch(line.strip()) for line in self.lines)
        return next((int(each["part"]) for each in found if each), 0)


@dataclass(frozen=True)
class Segment:
    """What stands from one header to the next."""

    begin: int
    stop: int
    """Offsets into the bytes; the line end before the next segment belongs to neither."""
    number: int
    """1-based number of its first line."""
    layout: Layout | None
    part: int
    """As its header numbers it; 0 where no header does."""


@dataclass(frozen=True)
class Segments:
    data: bytes
    """UTF-8."""
    end: str
    """What ends a record; inside one, a bare line feed is no end where this is CRLF."""
    parts: tuple[Segment, ...]
    headers: tuple[Header, ...]
    lines: int

    @cached_property
    def header_lines(self) -> list[int]:
        """1-based numbers, ascending."""
        return [number for header in self.headers for number in header.numbers]

    def text(self, part: Segment) -> str:
        return text_of(self.data[part.begin : part.stop])

    def blocks(self, part: Segment) -> Iterator[tuple[str, bool]]:
        """The text of a part, a line end before it, in pieces that begin with one.

        Whether a piece is the last is told with it.
        """
        end = self.end.encode()
        begin, above = part.begin, self.end
        while True:
            stop = self.data.find(end, begin + _BLOCK, part.stop)
            if stop < 0:
                yield above + text_of(self.data[begin : part.stop]), True
                return
            yield above + text_of(self.data[begin:stop]), False
            begin, above = stop, ""


def text_of(data: bytes) -> str:
    """UTF-8 → NFC, without the marks that editors put before a file, and then before a part of one.

    Raises:
        UnicodeDecodeError: it is no UTF-8.
    """
    return composed(data.decode()).replace("\n\ufeff", "\n").removeprefix("\ufeff")


def cut(data: bytes) -> Segments:
    """Cut before every header but the first: what was put together is read part by part.

    Args:
        data: UTF-8, with its line ends as they were.

    Raises:
        UnicodeDecodeError: a part that was looked at is no UTF-8.
    """
    feeds = data.count(b"\n")
    data, end = _ended(data, feeds)
    stop = len(data) - data.endswith(b"\n")
    stop -= end == "\r\n" and data.endswith(b"\r", 0, stop)
    headers = _headers(data, end.encode())
    cuts = headers[1:]
    begins = [0, *(header.begin for header in cuts)]
    stops = [*(header.begin - len(end) for header in cuts), stop]
    numbers = [1, *(header.number for header in cuts)]
    parts = (header.part for header in headers or [Header(0, 1, ())])
    segments = tuple(
        Segment(begin, stop, number, _detect(data[begin:stop], end), part)
        for begin, stop, number, part in zip(begins, stops, numbers, parts, strict=True)
    )
    lines = feeds + (not data.endswith(b"\n"))
    return Segments(data, end, segments, tuple(headers), lines)


def names_room(line: str) -> bool:
    return any(pattern.fullmatch(line.strip()) for pattern in (TALK, *HEADERS))


def odd_names(data: bytes, room: str) -> list[str]:
    """Names that hold ` : `, as far as a line says who came, who left, or whose room it is."""
    names = set()
    if "님이 ".encode() in data:
        names = {text_of(found[1]) for found in _ODD_NAME.finditer(data)}
    return sorted(names | {room} if " : " in room else names, key=len, reverse=True)


def _ended(data: bytes, feeds: int) -> tuple[bytes, str]:
    """The text with so many line feeds, and what ends its records.

    A file with both CRLF and bare LF ends records with CRLF and breaks lines inside a message with
    LF, so a record quoted inside a message stays inside. That is believed only where nearly every
    CRLF piece does begin something; in files edited by hand it does not.
    """
    returns = data.count(b"\r\n")
    if not returns:
        return data, "\n"
    if returns == feeds or _breaks_inside(data):
        return data, "\r\n"
    return data.replace(b"\r\n", b"\n"), "\n"


def _breaks_inside(data: bytes) -> bool:
    plain = data.replace(b"\r\n", b"\n")
    layout = _detect(plain, "\n")
    if layout is None:
        return False
    headers = {number for header in _headers(plain, b"\n") for number in header.numbers}
    number, strays, pieces = 1, 0, 0
    for piece in text_of(data).removesuffix("\n").removesuffix("\r").split("\r\n"):
        if not (layout.begins.match(piece) or _stands_alone(piece, layout)):
            rows = enumerate(piece.split("\n"), number)
            strays += any(line.strip() and at not in headers for at, line in rows)
        number += piece.count("\n") + 1
        pieces += 1
    return strays * 100 <= pieces


def _stands_alone(piece: str, layout: Layout) -> bool:
    notice = layout.notice
    return (
        not piece.strip()
        or opened_day(piece.strip(), layout.dates) is not None
        or bool(notice and notice.fullmatch(piece))
    )


def _headers(data: bytes, end: bytes) -> list[Header]:
    """Each header: a date of saving below at most two lines that name the room.

    Parts of one export that were put together repeat it. Without a date of saving, only the first
    line of the file can be a header. A header inside a message is none.
    """
    found: list[Header] = []
    number = before = floor = 0
    for at in [0, *(match.end() for match in _SAVED.finditer(data))]:
        number += data.count(b"\n", before, at)
        before = at
        saved = _line(data, at)
        if not SAVED.match(saved):
            continue
        begin, above = at, list[str]()
        while begin > floor and len(above) < 2:
            start = data.rfind(b"\n", 0, begin - 1) + 1
            line = _line(data, start)
            if not names_room(line):
                break
            above.insert(0, line)
            begin = start
        if (above or at == 0) and (begin == 0 or data.endswith(end, 0, begin)):
            found.append(Header(begin, number + 1 - len(above), (*above, saved)))
            floor = data.find(b"\n", at) + 1 or len(data)
    if not found and names_room(first := _line(data, 0)):
        found.append(Header(0, 1, (first,)))
    return found


def _line(data: bytes, begin: int) -> str:
    """The line from there, of which no more is looked at than a header may have."""
    stop = data.find(b"\n", begin, begin + _LONGEST_HEADER)
    if stop < 0:
        stop = len(data)
    return text_of(data[begin:stop]).strip() if stop - begin < _LONGEST_HEADER else ""


def _detect(data: bytes, end: str) -> Layout | None:
    """The layout that reads most records among the first lines, or in all where those hold none.

    `May 3, 2026, 8:34 PM` is long and short at once; there the lines that open a day decide.
    """
    sample = data.find(b"\n", _SAMPLE)
    for some in (data[: sample if sample >= 0 else len(data)], data):
        lines = text_of(some).split(end)
        clocked = [line for line in lines if ":" in line]
        score = Counter(
            {layout.id: sum(_reads(layout, line) for line in clocked) for layout in LAYOUTS}
        )
        most = max(score.values())
        if most:
            best = [layout for layout in LAYOUTS if score[layout.id] == most]
            return best[0] if len(best) == 1 else max(best, key=lambda each: _days(each, lines))
    return None


def _reads(layout: Layout, line: str) -> bool:
    found = layout.record.match(line) or (layout.system and layout.system.match(line))
    stamp = layout.stamp.fullmatch(found["when"]) if found else None
    return bool(stamp and clock_of(stamp))


def _days(layout: Layout, lines: Sequence[str]) -> int:
    return sum(opened_day(line, layout.dates) is not None for line in lines)
