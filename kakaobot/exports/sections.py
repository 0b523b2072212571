"""Splits the bytes of a file into sections: a header and the text after it, in one format.

Files of several rooms, parts or formats may have been concatenated by hand.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kakaobot.exports.format_detection import detect_format
from kakaobot.exports.formats import (
    CSV_FORMAT,
    IOS_FILE_NAME,
    PART_NAME,
    ROOM_HEADERS,
    SAVED_LINE,
    SAVED_WORDS,
    TextFormat,
)
from kakaobot.exports.timestamps import parse_date_line
from kakaobot.exports.unicode import decode_utf8

_BLOCK = 1 << 16
"""Bytes decoded at once."""
_MAX_HEADER = 4096
"""Bytes. A longer line names no room."""
_JOIN_OF_COLON_NAME = re.compile(
    r", ([^\n]{1,120}? : [^\n]{1,120}?)님이 (?:채팅방에 )?(?:들어왔|나갔)습니다\."
    r"\r?(?:\n|\Z)".encode()
)
_CSV_HEADER_LINES = "(?i:(?:\ufeff)?(?:{})\r?(?:\n|\\Z))".format(
    "|".join(",".join(f'"?{name}"?' for name in names) for names in CSV_FORMAT.column_names)
).encode()
_CSV_HEADER = re.compile(_CSV_HEADER_LINES)
_ANCHOR = re.compile(
    rb"\n(?=%s|%s)"
    % (
        b"|".join(
            unicodedata.normalize(form, word).encode()
            for word in SAVED_WORDS
            for form in ("NFC", "NFD")
        ),
        _CSV_HEADER_LINES,
    )
)
"""Precedes a line that may hold a save date or CSV column names: one pass finds them all."""


@dataclass(frozen=True)
class Header:
    start: int
    """Byte offset of its first line."""
    first_line: int
    """1-based."""
    lines: tuple[str, ...]

    @property
    def line_numbers(self) -> range:
        return range(self.first_line, self.first_line + len(self.lines))

    @property
    def part(self) -> int:
        """Part number in the header; 0 if there is none."""
        matches = (PART_NAME.fullmatch(line.strip()) for line in self.lines)
        return next((int(match["part"]) for match in matches if match), 0)


@dataclass(frozen=True)
class Section:
    """Text from one header to the next."""

    data: bytes
    """UTF-8 bytes that contain the section."""
    start: int
    stop: int
    """Offsets into `data`; the line end before the next section belongs to neither."""
    line_end: str
    """Ends a record; with CRLF, a bare LF is a line break inside a record."""
    first_line: int
    """1-based."""
    format: TextFormat | None
    header: Header | None

    @property
    def part(self) -> int:
        """Part number in the header; 0 if there is none."""
        return self.header.part if self.header else 0

    @property
    def text(self) -> str:
        return decode_utf8(self.data[self.start : self.stop])

    def blocks(self) -> Iterator[tuple[str, bool]]:
        """The text in blocks, and whether a block is the last.

        Each block starts with a line end, which is prepended to the first one.
        """
        line_end = self.line_end.encode()
        start, prefix = self.start, self.line_end
        while True:
            stop = self.data.find(line_end, start + _BLOCK, self.stop)
            if stop < 0:
                yield prefix + decode_utf8(self.data[start : self.stop]), True
                return
            yield prefix + decode_utf8(self.data[start:stop]), False
            start, prefix = stop, ""


@dataclass(frozen=True)
class Chunk:
    """Consecutive lines of a file that are either CSV or text."""

    data: bytes
    first_line: int
    """1-based."""
    is_csv: bool


def split_chunks(data: bytes, anchors: Sequence[int]) -> Iterator[Chunk]:
    """Separate CSV and text that were concatenated."""
    csv_starts = [at for at in anchors if _CSV_HEADER.match(data, at)]
    line = 1
    for start, stop in zip([0, *csv_starts], [*csv_starts, len(data)], strict=True):
        if start == stop:
            continue
        if start not in csv_starts:
            yield Chunk(data[start:stop], line, is_csv=False)
        else:
            text_start = _text_start(data, start, stop)
            yield Chunk(data[start:text_start], line, is_csv=True)
            if text_start < stop:
                text_line = line + data.count(b"\n", start, text_start)
                yield Chunk(data[text_start:stop], text_line, is_csv=False)
        if stop < len(data):
            line += data.count(b"\n", start, stop)


def _text_start(data: bytes, start: int, stop: int) -> int:
    """Offset of the header that ends the CSV; one quoted inside a cell does not."""
    for header in find_headers(data[start:stop]):
        in_cell = data.count(b'"', start, start + header.start) % 2
        if not (in_cell or CSV_FORMAT.row_start.match(header.lines[0])):
            return start + header.start
    return stop


def split_sections(
    data: bytes,
    first_line: int = 1,
    *,
    is_later_part: bool = False,
    anchors: Sequence[int] | None = None,
) -> list[Section]:
    """Split a text before every header.

    Args:
        data: UTF-8 with its original line ends.
        first_line: 1-based number of its first line.
        is_later_part: whether the file is a later part of an export and may start inside a message.
        anchors: `find_anchors(data)`, if known.

    Raises:
        UnicodeDecodeError: the inspected bytes are not UTF-8.
    """
    headers: list[Header | None] = list(find_headers(data, first_line, anchors))
    if not headers or headers[0] is None or headers[0].start:
        headers.insert(0, None)
    starts = [header.start if header else 0 for header in headers]
    return [
        _make_section(data, start, stop, header, first_line, is_later_part=is_later_part)
        for start, stop, header in zip(starts, [*starts[1:], len(data)], headers, strict=True)
    ]


def _make_section(
    data: bytes,
    start: int,
    stop: int,
    header: Header | None,
    first_line: int,
    *,
    is_later_part: bool,
) -> Section:
    line_end = _detect_line_end(data, start, stop, header)
    if line_end is None:
        data, line_end = data[start:stop].replace(b"\r\n", b"\n"), "\n"
        start, stop = 0, len(data)
    stop -= data.endswith(b"\n", start, stop)
    stop -= line_end == "\r\n" and data.endswith(b"\r", start, stop)
    is_later_part = is_later_part or (header is not None and header.part > 1)
    format = detect_format(data, start, stop, line_end, is_later_part=is_later_part)
    first_line = header.first_line if header else first_line
    return Section(data, start, stop, line_end, first_line, format, header)


def names_with_colon(data: bytes, room: str) -> list[str]:
    """Names containing ` : `, as far as join or leave notices or the room name reveal them."""
    names = set()
    if "님이 ".encode() in data:
        names = {decode_utf8(match[1]) for match in _JOIN_OF_COLON_NAME.finditer(data)}
    return sorted(names | {room} if " : " in room else names, key=len, reverse=True)


def _detect_line_end(data: bytes, start: int, stop: int, header: Header | None) -> str | None:
    """The line end of records; None if line ends are mixed at random.

    A file with both CRLF and bare LF ends records with CRLF and breaks lines inside a message with
    LF, so a record quoted inside a message stays inside. This only holds if nearly every piece
    between CRLFs starts a record; in files edited by hand it does not.
    """
    crlf_count = data.count(b"\r\n", start, stop)
    if not crlf_count:
        return "\n"
    if crlf_count == data.count(b"\n", start, stop) or _breaks_with_lf(data[start:stop], header):
        return "\r\n"
    return None


def _breaks_with_lf(data: bytes, header: Header | None) -> bool:
    unix = data.replace(b"\r\n", b"\n")
    format = detect_format(unix, 0, len(unix), "\n")
    if format is None:
        return False
    header_height = len(header.lines) if header else 0
    number, strays, total = 0, 0, 0
    for piece in decode_utf8(data).removesuffix("\n").removesuffix("\r").split("\r\n"):
        if not (format.record_like.match(piece) or _is_complete(piece, format)):
            lines = piece.split("\n")[max(0, header_height - number) :]
            strays += any(line.strip() for line in lines)
        number += piece.count("\n") + 1
        total += 1
    return strays * 100 <= total


def _is_complete(piece: str, format: TextFormat) -> bool:
    """Whether a piece between CRLFs is blank, a date line or a notice."""
    return (
        not piece.strip()
        or parse_date_line(piece.strip(), format.date_lines) is not None
        or ("\n" not in piece and format.notice.fullmatch(piece.strip()) is not None)
    )


def find_anchors(data: bytes) -> list[int]:
    """Offsets of lines that may hold a save date or CSV column names."""
    return [0, *(match.end() for match in _ANCHOR.finditer(data))]


def find_headers(
    data: bytes, first_line: int = 1, anchors: Sequence[int] | None = None
) -> list[Header]:
    """All headers: a save date after at most two lines that name the room.

    Concatenated parts of one export repeat it. Without a save date, only the first line of the file
    can be a header. A header quoted inside a message does not count: there, a bare LF precedes it
    and CRLF occurs above.
    """
    headers: list[Header] = []
    number, counted_to, floor = first_line - 1, 0, 0
    for at in find_anchors(data) if anchors is None else anchors:
        number += data.count(b"\n", counted_to, at)
        counted_to = at
        save_date = _header_line(data, at)
        if not SAVED_LINE.match(save_date):
            continue
        start, lines_above = at, list[str]()
        while start > floor and len(lines_above) < 2:
            line_start = data.rfind(b"\n", 0, start - 1) + 1
            line = _header_line(data, line_start)
            if not _names_room(line):
                break
            lines_above.insert(0, line)
            start = line_start
        ends_record = start == 0 or data.endswith(b"\r\n", 0, start)
        if (lines_above or at == 0) and (ends_record or data.find(b"\r\n", floor, start) < 0):
            lines = (*lines_above, save_date)
            headers.append(Header(start, number + 1 - len(lines_above), lines))
            floor = data.find(b"\n", at) + 1 or len(data)
    if not headers and _names_room(line := _header_line(data, 0)):
        headers.append(Header(0, first_line, (line,)))
    return headers


def _names_room(line: str) -> bool:
    return any(pattern.fullmatch(line.strip()) for pattern in (IOS_FILE_NAME, *ROOM_HEADERS))


def _header_line(data: bytes, start: int) -> str:
    """The line at `start`; empty if it is too long for a header."""
    stop = data.find(b"\n", start, start + _MAX_HEADER)
    if stop < 0:
        stop = len(data)
    return decode_utf8(data[start:stop]).strip() if stop - start < _MAX_HEADER else ""
