"""UTF-8 text → the parts it was put together from, where their headers are, and their layouts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kakaobot.exports.formats import (
    CSV_FORMAT,
    FORMATS,
    IOS_FILE_NAME,
    PART_NAME,
    ROOM_HEADERS,
    SAVED_LINE,
    SAVED_WORDS,
    TextFormat,
)
from kakaobot.exports.timestamps import clock_of, opened_day
from kakaobot.exports.unicode import to_nfc

_SAMPLE = 1 << 13
"""Bytes looked at to find the layout, before all of them are."""
_BLOCK = 1 << 16
"""Bytes that are decoded at once, so that what is thrown away stays small."""
_ODD_NAME = re.compile(
    r", ([^\n]{1,120}? : [^\n]{1,120}?)님이 (?:채팅방에 )?(?:들어왔|나갔)습니다\."
    r"\r?(?:\n|\Z)".encode()
)
_ISOLATED = 20
"""How many times as many lines another must read, before the first one is taken for a quote."""
_LONGEST_HEADER = 4096
"""Bytes. A longer line names no room."""
_TABLE_HEADS = "(?i:(?:\ufeff)?(?:{})\r?(?:\n|\\Z))".format(
    "|".join(",".join(f'"?{each}"?' for each in row) for row in CSV_FORMAT.heads)
).encode()
_TABLE_HEAD = re.compile(_TABLE_HEADS)
_MARKED = re.compile(
    rb"\n(?=%s|%s)"
    % (
        b"|".join(
            unicodedata.normalize(form, word).encode()
            for word in SAVED_WORDS
            for form in ("NFC", "NFD")
        ),
        _TABLE_HEADS,
    )
)
"""Before a line that may be a date of saving or the first of a table: all are found in one pass."""


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
        found = (PART_NAME.fullmatch(line.strip()) for line in self.lines)
        return next((int(each["part"]) for each in found if each), 0)


@dataclass(frozen=True)
class Section:
    """What stands from one header to the next."""

    data: bytes
    """UTF-8; of the whole text."""
    begin: int
    stop: int
    """Offsets into `data`; the line end before the next segment belongs to neither."""
    end: str
    """What ends a record; inside one, a bare line feed is no end where this is CRLF."""
    number: int
    """1-based number of its first line."""
    layout: TextFormat | None
    header: Header | None

    @property
    def part(self) -> int:
        """As its header numbers it; 0 where no header does."""
        return self.header.part if self.header else 0

    @property
    def text(self) -> str:
        return decode_utf8(self.data[self.begin : self.stop])

    def blocks(self) -> Iterator[tuple[str, bool]]:
        """The text, a line end before it, in pieces that begin with one.

        Whether a piece is the last is told with it.
        """
        end = self.end.encode()
        begin, above = self.begin, self.end
        while True:
            stop = self.data.find(end, begin + _BLOCK, self.stop)
            if stop < 0:
                yield above + decode_utf8(self.data[begin : self.stop]), True
                return
            yield above + decode_utf8(self.data[begin:stop]), False
            begin, above = stop, ""


def decode_utf8(data: bytes) -> str:
    """UTF-8 → NFC, without the marks that editors put before a file, and then before a part of one.

    Raises:
        UnicodeDecodeError: it is no UTF-8.
    """
    return to_nfc(data.decode()).replace("\n\ufeff", "\n").lstrip("\ufeff")


def split_sections(
    data: bytes, first: int = 1, *, later: bool = False, starts: Sequence[int] | None = None
) -> list[Section]:
    """Cut before every header: what was put together is read part by part.

    Args:
        data: UTF-8, with its line ends as they were.
        first: number of its first line.
        later: whether it is a later part of an export, and may begin inside a message.
        starts: its `marks`, where they are known.

    Raises:
        UnicodeDecodeError: a part that was looked at is no UTF-8.
    """
    heads: list[Header | None] = list(find_headers(data, first, starts))
    if not heads or heads[0] is None or heads[0].begin:
        heads.insert(0, None)
    begins = [header.begin if header else 0 for header in heads]
    stops = [*begins[1:], len(data)]
    return [
        _segment(data, begin, stop, header, header.number if header else first, later=later)
        for begin, stop, header in zip(begins, stops, heads, strict=True)
    ]


def _segment(
    data: bytes, begin: int, stop: int, header: Header | None, number: int, *, later: bool
) -> Section:
    end = _end_of(data, begin, stop, header)
    if end is None:
        data, end = data[begin:stop].replace(b"\r\n", b"\n"), "\n"
        begin, stop = 0, len(data)
    stop -= data.endswith(b"\n", begin, stop)
    stop -= end == "\r\n" and data.endswith(b"\r", begin, stop)
    later = later or (header is not None and header.part > 1)
    layout = _detect(data, begin, stop, end, later=later)
    return Section(data, begin, stop, end, number, layout, header)


def names_room(line: str) -> bool:
    return any(pattern.fullmatch(line.strip()) for pattern in (IOS_FILE_NAME, *ROOM_HEADERS))


def names_with_colon(data: bytes, room: str) -> list[str]:
    """Names that hold ` : `, as far as a line says who came, who left, or whose room it is."""
    names = set()
    if "님이 ".encode() in data:
        names = {decode_utf8(found[1]) for found in _ODD_NAME.finditer(data)}
    return sorted(names | {room} if " : " in room else names, key=len, reverse=True)


def _end_of(data: bytes, begin: int, stop: int, header: Header | None) -> str | None:
    """What ends the records there; nothing where its line ends tell nothing apart.

    A file with both CRLF and bare LF ends records with CRLF and breaks lines inside a message with
    LF, so a record quoted inside a message stays inside. That is believed only where nearly every
    CRLF piece does begin something; in files edited by hand it does not.
    """
    returns = data.count(b"\r\n", begin, stop)
    if not returns:
        return "\n"
    if returns == data.count(b"\n", begin, stop) or _breaks_inside(data[begin:stop], header):
        return "\r\n"
    return None


def _breaks_inside(data: bytes, header: Header | None) -> bool:
    plain = data.replace(b"\r\n", b"\n")
    layout = _detect(plain, 0, len(plain), "\n")
    if layout is None:
        return False
    head = len(header.lines) if header else 0
    number, strays, pieces = 0, 0, 0
    for piece in decode_utf8(data).removesuffix("\n").removesuffix("\r").split("\r\n"):
        height = piece.count("\n") + 1
        if not (layout.begins.match(piece) or _stands_alone(piece, layout)):
            below = piece.split("\n")[max(0, head - number) :]
            strays += any(line.strip() for line in below)
        number += height
        pieces += 1
    return strays * 100 <= pieces


def _stands_alone(piece: str, layout: TextFormat) -> bool:
    notice = layout.notice
    return (
        not piece.strip()
        or opened_day(piece.strip(), layout.dates) is not None
        or bool(notice and "\n" not in piece and notice.fullmatch(piece))
    )


def find_anchors(data: bytes) -> list[int]:
    """Offsets of the lines that may be a date of saving or the first of a table."""
    return [0, *(match.end() for match in _MARKED.finditer(data))]


def is_csv_header_at(data: bytes, at: int) -> bool:
    """Whether the line there is the first of a table."""
    return _TABLE_HEAD.match(data, at) is not None


def find_headers(data: bytes, first: int = 1, starts: Sequence[int] | None = None) -> list[Header]:
    """Each header: a date of saving below at most two lines that name the room.

    Parts of one export that were put together repeat it. Without a date of saving, only the first
    line of the file can be a header. A header inside a message is none: there a bare LF stands
    before it, and CRLF somewhere above.
    """
    found: list[Header] = []
    number, before, floor = first - 1, 0, 0
    for at in find_anchors(data) if starts is None else starts:
        number += data.count(b"\n", before, at)
        before = at
        saved = _line(data, at)
        if not SAVED_LINE.match(saved):
            continue
        begin, above = at, list[str]()
        while begin > floor and len(above) < 2:
            start = data.rfind(b"\n", 0, begin - 1) + 1
            line = _line(data, start)
            if not names_room(line):
                break
            above.insert(0, line)
            begin = start
        alone = begin == 0 or data.endswith(b"\r\n", 0, begin)
        if (above or at == 0) and (alone or data.find(b"\r\n", floor, begin) < 0):
            found.append(Header(begin, number + 1 - len(above), (*above, saved)))
            floor = data.find(b"\n", at) + 1 or len(data)
    if not found and names_room(line := _line(data, 0)):
        found.append(Header(0, first, (line,)))
    return found


def _line(data: bytes, begin: int) -> str:
    """The line from there, of which no more is looked at than a header may have."""
    stop = data.find(b"\n", begin, begin + _LONGEST_HEADER)
    if stop < 0:
        stop = len(data)
    return decode_utf8(data[begin:stop]).strip() if stop - begin < _LONGEST_HEADER else ""


def _detect(
    data: bytes, begin: int, stop: int, end: str, *, later: bool = False
) -> TextFormat | None:
    """The layout of most records among the first lines, or in all where those hold none.

    What somebody quotes in a message may be longer than the room, but it cannot stand before the
    first record: so the layouts of the first line that means something come first, unless next to
    nothing else is theirs, or a `later` part begins inside a message. `May 3, 2026, 8:34 PM` is
    long and short at once; there the lines that open a day decide.
    """
    sample = data.find(b"\n", begin + _SAMPLE, stop)
    for until in (sample if sample >= 0 else stop, stop):
        lines = decode_utf8(data[begin:until]).split(end)
        scores = [_score(layout, lines) for layout in FORMATS]
        if not any(score.lines for score in scores):
            continue
        usable = max(score.usable for score in scores if score.first is not None)
        first = min(s.first for s in scores if s.first is not None and s.usable == usable)
        early = max(score for score in scores if score.first == first)
        best = max(scores)
        few = early.lines * (1 if later else _ISOLATED) < best.lines
        return FORMATS[scores.index(best if few else early)]
    return None


@dataclass(frozen=True, order=True)
class _Score:
    """What a layout makes of some lines."""

    usable: bool
    """Whether a day is told, by each record or by a line."""
    records: int
    systems: int
    days: int
    first: int | None = field(compare=False)
    """Index of the first line it can read."""

    @property
    def lines(self) -> int:
        return self.records + self.systems


def _score(layout: TextFormat, lines: Sequence[str]) -> _Score:
    records = systems = days = 0
    first = None
    for index, line in enumerate(lines):
        if ":" in line and _is_time(layout, layout.record.match(line)):
            records += 1
        elif ":" in line and layout.system and _is_time(layout, layout.system.match(line)):
            systems += 1
        elif opened_day(line, layout.dates):
            days += 1
        else:
            continue
        first = index if first is None else first
    return _Score(layout.dated or days > 0, records, systems, days, first)


def _is_time(layout: TextFormat, found: re.Match[str] | None) -> bool:
    stamp = layout.stamp.fullmatch(found["when"]) if found else None
    return bool(stamp and clock_of(stamp))
