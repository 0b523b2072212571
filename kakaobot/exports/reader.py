"""One export file → its messages, and what became of every line. Knows no folder.

Its encoding and its layout are found by content, it is cut at the true record ends, and each line
is counted once: nothing is guessed, and nothing is dropped in silence. A large file is decoded bit
by bit, so what it takes is its bytes and its messages.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kakaobot.errors import ExportError
from kakaobot.exports.containers import MAX_BYTES, ContainedFile, open_container
from kakaobot.exports.csv_parser import parse_csv
from kakaobot.exports.formats import CSV_FORMAT, IOS_FILE_NAME, PART_NAME, TextFormat
from kakaobot.exports.parse_result import Export, ParseResultBuilder
from kakaobot.exports.sections import (
    Section,
    decode_utf8,
    find_anchors,
    find_headers,
    is_csv_header_at,
    names_with_colon,
    split_sections,
)
from kakaobot.exports.text_parser import TextParser
from kakaobot.gc_pause import pause_gc

__all__ = [
    "MAX_BYTES",
    "Export",
    "ReadResult",
    "Upload",
    "decode",
    "parse_export",
    "read_data",
    "read_export",
    "read_exports",
    "read_upload",
]

_MAGIC = (b"PK\x03\x04", b"\x89PNG", b"\xff\xd8\xff", b"%PDF", b"GIF8", b"7z\xbc\xaf")


class NoChat(ExportError):
    """The text is no export at all, as a note that lies beside one is not."""


@dataclass(frozen=True)
class ReadResult:
    """One file that may be a chat: its export, or a Korean sentence in `error`."""

    file: ContainedFile
    export: Export | None = None
    error: str = ""


@dataclass(frozen=True)
class Upload:
    readings: tuple[ReadResult, ...]
    """At least one: what is in a mail or an archive, or the file itself."""
    skipped: int
    """Files beside them that are no chat: pictures, and texts that were sent in the room."""


def read_upload(path: Path, *, name: str | None = None) -> Upload:
    """Read what a person chose: an export, or an archive or a mail with some in it.

    Raises:
        ExportError: it cannot be opened, or nothing in it looks like a chat.
    """
    name = name or path.name
    parcel = open_container(path, name)
    readings: list[ReadResult] = []
    for piece in parcel.pieces:
        try:
            readings.append(ReadResult(piece, read_data(piece.data, piece.name)))
        except NoChat:
            if not parcel.wrapped:
                raise
        except ExportError as error:
            readings.append(ReadResult(piece, error=str(error)))
    if not readings:
        raise ExportError(
            f"'{name}' 안에 카카오톡 대화가 없습니다. "
            "카카오톡 채팅방의 '대화 내보내기'로 만든 파일을 올려 주세요."
        )
    others = parcel.skipped + len(parcel.pieces) - len(readings)
    return Upload(tuple(readings), others)


def read_exports(path: Path, *, name: str | None = None) -> list[Export]:
    """All exports in one file; several where it is an archive or a mail.

    Args:
        path: the file.
        name: its name before it was stored, where that was another.

    Raises:
        ExportError: it is missing, too large, or holds no export that can be read.
    """
    upload = read_upload(path, name=name)
    exports = [reading.export for reading in upload.readings if reading.export]
    if not exports:
        raise ExportError(upload.readings[0].error)
    return exports


def read_export(path: Path, *, name: str | None = None) -> Export:
    """The one export in a file.

    Raises:
        ExportError: as `read_exports`, or there are several.
    """
    exports = read_exports(path, name=name)
    if len(exports) > 1:
        raise ExportError(
            f"'{name or path.name}' 안에 대화가 {len(exports)}개 있습니다. "
            "가져오기로 넣거나, 압축을 풀어 하나씩 올려 주세요."
        )
    return exports[0]


def decode(data: bytes, name: str) -> str:
    """Text of an export: UTF-8, UTF-16 with a mark, or CP949; NFC; line ends as they were.

    Raises:
        ExportError: empty, binary, or in no known encoding.
    """
    for utf8 in _encodings(data, name):
        with suppress(UnicodeDecodeError):
            return decode_utf8(utf8)
    raise ExportError(_unknown_encoding(name))


def read_data(data: bytes, name: str) -> Export:
    """Read the bytes of one file.

    Raises:
        ExportError: it is empty, binary, in no known encoding, no chat, of an unknown layout, or
            holds no message.
    """
    for utf8 in _encodings(data, name):
        with suppress(UnicodeDecodeError):
            return _read(utf8, name)
    raise ExportError(_unknown_encoding(name))


def parse_export(text: str, name: str) -> Export:
    """Read the decoded text of one file.

    Raises:
        ExportError: as `read_data`.
    """
    return _read(text.encode(), name)


def _encodings(data: bytes, name: str) -> Iterator[bytes]:
    """The file as UTF-8, by each encoding it may be in; nothing is looked at twice without need.

    Raises:
        ExportError: empty, or binary.
    """
    blank = b"\xef\xbb\xbf \t\r\n"
    if not data[:4096].strip(blank) and not data.strip(blank):
        raise ExportError(f"'{name}' 파일이 비어 있습니다. 카카오톡에서 대화를 다시 내보내 주세요.")
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if data.startswith(_MAGIC) or (not marked and b"\0" in data[:65536]):
        raise ExportError(
            f"'{name}' 파일은 글이 아닙니다. "
            "카카오톡 채팅방의 '대화 내보내기'로 만든 파일을 올려 주세요."
        )
    if not marked:
        yield data[: len(data) - _torn(data)]
    with suppress(UnicodeDecodeError):
        yield data.decode("utf-16" if marked else "cp949").encode()


def _torn(utf8: bytes) -> int:
    """How many bytes at the end are the beginning of a character, as in a file that was cut."""
    for count in (1, 2, 3):
        lead = utf8[-count:][:1]
        if lead >= b"\xc0":
            needed = 2 if lead < b"\xe0" else 3 if lead < b"\xf0" else 4
            return count if count < needed else 0
    return 0


def _unknown_encoding(name: str) -> str:
    return f"'{name}' 파일의 글자 인코딩을 알 수 없습니다. 메모장에서 UTF-8로 다시 저장해 주세요."


def _read(data: bytes, name: str) -> Export:
    """Raises UnicodeDecodeError where it is no UTF-8."""
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    with pause_gc():
        export = _put_together(data, name)
    if not export.messages:
        raise ExportError(
            f"'{name}' 파일에서 날짜와 시간을 알 수 있는 메시지를 찾지 못했습니다. "
            "카카오톡에서 대화를 다시 내보내 주세요."
        )
    return export


def _sections(data: bytes, starts: Sequence[int]) -> Iterator[tuple[int, bytes, bool]]:
    """Text and tables that were joined by hand: first line, bytes, and whether it is a table."""
    begins = [at for at in starts if is_csv_header_at(data, at)]
    number = 1
    for begin, stop in zip([0, *begins], [*begins, len(data)], strict=True):
        if begin == stop:
            continue
        if begin not in begins:
            yield number, data[begin:stop], False
        else:
            text = _text_behind(data, begin, stop)
            yield number, data[begin:text], True
            if text < stop:
                below = number + data.count(b"\n", begin, text)
                yield below, data[text:stop], False
        if stop < len(data):
            number += data.count(b"\n", begin, stop)


def _text_behind(data: bytes, begin: int, stop: int) -> int:
    """Where a header ends a table; not inside a cell, where somebody may quote one."""
    for header in find_headers(data[begin:stop]):
        inside = data.count(b'"', begin, begin + header.begin) % 2
        if not (inside or CSV_FORMAT.row.match(header.lines[0])):
            return begin + header.begin
    return stop


def _put_together(data: bytes, name: str) -> Export:
    found = PART_NAME.fullmatch(unicodedata.normalize("NFC", name))
    later = found is not None and int(found["part"]) > 1
    starts = find_anchors(data)
    parts = list(_sections(data, starts))
    known_starts = starts if len(parts) == 1 else None
    sections = [
        (n, part, table, [] if table else split_sections(part, n, later=later, starts=known_starts))
        for n, part, table in parts
    ]
    segments = [segment for *_, some in sections for segment in some]
    heads = [line for each in segments if each.header for line in each.header.lines]
    known = [each.layout for each in segments if each.layout]
    tables = [part for _, part, table, _ in sections if table]
    if not (known or tables):
        raise (ExportError if heads else NoChat)(_not_a_chat(name, has_header=bool(heads)))
    room, named = _room(heads, known[0], name) if known else _room_of_table(name)
    part = segments[0].part if segments else 0
    tally = ParseResultBuilder(name, room, part or int(found["part"] if found and known else 1))
    stamped = any(layout.system for layout in known)
    odd = names_with_colon(data, room) if stamped else []
    for number, part_data, table, some in sections:
        if table:
            lines = decode_utf8(part_data).replace("\r\n", "\n").removesuffix("\n").split("\n")
            parse_csv(lines, CSV_FORMAT, tally, number)
        else:
            _read_parts(some, tally, odd)
    ids = [layout.id for layout in known] + [CSV_FORMAT.id] * bool(tables)
    lines_of_all = data.count(b"\n") + (not data.endswith(b"\n"))
    return tally.export("+".join(dict.fromkeys(ids)), has_room_name=named, lines=lines_of_all)


def _room_of_table(name: str) -> tuple[str, bool]:
    found = CSV_FORMAT.room.fullmatch(unicodedata.normalize("NFC", name))
    return (found["room"], True) if found else (_stem(name), False)


def _read_parts(segments: Sequence[Section], tally: ParseResultBuilder, odd: Sequence[str]) -> None:
    """A part that goes on where the one before it was cut may begin inside a message."""
    before: tuple[TextParser, TextFormat, int] | None = None
    heads = [number for each in segments if each.header for number in each.header.numbers]
    for part in segments:
        if part.layout is None:
            tally.refuse(part.number, part.text)
            continue
        goes_on = part.part > 1 and bool(before and before[1:] == (part.layout, part.part - 1))
        if before and not goes_on:
            before[0].close()
        reading = TextParser(part.layout, tally, heads, odd_names=odd)
        if before and goes_on:
            reading = before[0]
        reading.read(part, goes_on=goes_on)
        before = reading, part.layout, part.part
    if before:
        before[0].close()


def _not_a_chat(name: str, *, has_header: bool) -> str:
    if has_header:
        return (
            f"'{name}' 파일은 카카오톡 대화 같지만 읽을 수 있는 메시지가 없습니다. "
            "카카오톡의 언어를 한국어로 두고 대화를 다시 내보내 주세요."
        )
    return (
        f"'{name}' 파일은 카카오톡 대화가 아닙니다. "
        "카카오톡 채팅방의 '대화 내보내기'로 만든 파일을 올려 주세요."
    )


def _room(heads: Sequence[str], layout: TextFormat, name: str) -> tuple[str, bool]:
    """The room's name, and whether a header held it; that of iOS may hold a file name only."""
    for head in heads:
        for pattern in layout.headers:
            found = pattern.fullmatch(head.strip())
            if found and not IOS_FILE_NAME.fullmatch(head.strip()):
                return found["room"].strip(), True
    talks = [
        found["room"] for head in (*heads, name) if (found := IOS_FILE_NAME.fullmatch(head.strip()))
    ]
    return (talks[0] if talks else _stem(name)), False


def _stem(name: str) -> str:
    return unicodedata.normalize("NFC", Path(name).stem)
