"""Reads one export file into messages and counts every line.

Encoding and format are detected by content, records end where KakaoTalk ends them, and lines not
understood are reported instead of guessed at or dropped. A large file is decoded in blocks, so
memory holds little more than its bytes.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kakaobot.errors import ExportError
from kakaobot.exports.contained_files import MAX_BYTES, ContainedFile
from kakaobot.exports.containers import open_container
from kakaobot.exports.csv_parser import parse_csv
from kakaobot.exports.formats import CSV_FORMAT, IOS_FILE_NAME, PART_NAME, ROOM_IN_NAME, TextFormat
from kakaobot.exports.notice_lines import FileNames
from kakaobot.exports.parse_result import Export, ParseResultBuilder
from kakaobot.exports.rejection import NotAChat, Rejected
from kakaobot.exports.sections import (
    Chunk,
    Section,
    find_anchors,
    names_with_colon,
    split_chunks,
    split_sections,
)
from kakaobot.exports.text_parser import TextParser
from kakaobot.exports.unicode import decode_utf8
from kakaobot.gc_pause import pause_gc
from kakaobot.language import tr

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

_BINARY_SIGNATURES = (b"PK\x03\x04", b"\x89PNG", b"\xff\xd8\xff", b"%PDF", b"GIF8", b"7z\xbc\xaf")


@dataclass(frozen=True)
class ReadResult:
    """One file that may be a chat: its export, or a Korean sentence in `error`."""

    file: ContainedFile
    export: Export | None = None
    error: str = ""


@dataclass(frozen=True)
class Upload:
    results: tuple[ReadResult, ...]
    """At least one: of the files in a mail or archive, or of the file itself."""
    skipped: int
    """Other files in it, which are not chats: pictures, and texts sent in the room."""


def read_upload(path: Path, *, name: str | None = None, room: str = "") -> Upload:
    """Read an export, or an archive, mail or folder containing some.

    Args:
        path: the upload.
        name: its original name, if it was stored under another.
        room: name of the room for exports that contain none.

    Raises:
        ExportError: it cannot be opened, or nothing in it looks like a chat.
    """
    name = name or path.name
    container = open_container(path, name)
    results: list[ReadResult] = []
    for file in container.files:
        try:
            results.append(ReadResult(file, read_data(file.data, file.name, file.room or room)))
        except NotAChat:
            if not container.is_wrapped:
                raise
        except ExportError as error:
            results.append(ReadResult(file, error=str(error)))
    if not results:
        raise ExportError(
            tr(
                "'{name}' 안에 카카오톡 대화가 없습니다. 카카오톡 채팅방의 '대화 내보내기'로 "
                "만든 파일을 올려 주세요."
            ).format(name=name)
        )
    return Upload(tuple(results), container.skipped + len(container.files) - len(results))


def read_exports(path: Path, *, name: str | None = None, room: str = "") -> list[Export]:
    """All exports in an upload; arguments as for `read_upload`.

    Raises:
        ExportError: it is missing, too large, or contains no readable export.
    """
    results = read_upload(path, name=name, room=room).results
    exports = [result.export for result in results if result.export]
    if not exports:
        raise ExportError(results[0].error)
    return exports


def read_export(path: Path, *, name: str | None = None, room: str = "") -> Export:
    """The one export in a file; arguments as for `read_upload`.

    Raises:
        ExportError: as `read_exports`, or there are several.
    """
    exports = read_exports(path, name=name, room=room)
    if len(exports) > 1:
        raise ExportError(
            tr(
                "'{name}' 안에 대화가 {exports}개 있습니다. 가져오기로 넣거나, 압축을 풀어 "
                "하나씩 올려 주세요."
            ).format(name=name or path.name, exports=len(exports))
        )
    return exports[0]


def decode(data: bytes, name: str) -> str:
    """Text of an export in UTF-8, UTF-16 with a BOM, or CP949; NFC, line ends unchanged.

    Raises:
        ExportError: empty, binary, or in no known encoding.
    """
    for utf8 in _utf8_candidates(data, name):
        with suppress(UnicodeDecodeError):
            return decode_utf8(utf8)
    raise ExportError(_unknown_encoding(name))


def read_data(data: bytes, name: str, room: str = "") -> Export:
    """Read the bytes of one file; `room` is its room if it contains no name.

    Raises:
        ExportError: it is empty, binary, not a chat, without messages, or in an unknown encoding
            or format.
    """
    for utf8 in _utf8_candidates(data, name):
        with suppress(UnicodeDecodeError):
            return _read(utf8, name, room)
    raise ExportError(_unknown_encoding(name))


def parse_export(text: str, name: str) -> Export:
    """Read the decoded text of one file.

    Raises:
        ExportError: as `read_data`.
    """
    return _read(text.encode(), name)


def _utf8_candidates(data: bytes, name: str) -> Iterator[bytes]:
    """The file as UTF-8, from each encoding it may be in.

    Raises:
        ExportError: empty, or binary.
    """
    blank = b"\xef\xbb\xbf \t\r\n"
    if not data[:4096].strip(blank) and not data.strip(blank):
        raise ExportError(
            tr("'{name}' 파일이 비어 있습니다. 카카오톡에서 대화를 다시 내보내 주세요.").format(
                name=name
            )
        )
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if data.startswith(_BINARY_SIGNATURES) or (not is_utf16 and b"\0" in data[:65536]):
        raise ExportError(
            tr(
                "'{name}' 파일은 글이 아닙니다. 카카오톡 채팅방의 '대화 내보내기'로 만든 "
                "파일을 올려 주세요."
            ).format(name=name)
        )
    if not is_utf16:
        yield data[: len(data) - _truncated_bytes(data)]
    with suppress(UnicodeDecodeError):
        yield data.decode("utf-16" if is_utf16 else "cp949").encode()


def _truncated_bytes(utf8: bytes) -> int:
    """Bytes of an incomplete character at the end, as in a truncated file."""
    for count in (1, 2, 3):
        lead = utf8[-count:][:1]
        if lead >= b"\xc0":
            needed = 2 if lead < b"\xe0" else 3 if lead < b"\xf0" else 4
            return count if count < needed else 0
    return 0


def _unknown_encoding(name: str) -> str:
    return tr(
        "'{name}' 파일의 글자 인코딩을 알 수 없습니다. 메모장에서 UTF-8로 다시 저장해 주세요."
    ).format(name=name)


def _read(data: bytes, name: str, room: str = "") -> Export:
    """Raises UnicodeDecodeError for invalid UTF-8."""
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    with pause_gc():
        return _parse(data, name, room)


def _parse(data: bytes, name: str, known_room: str) -> Export:
    part_name = PART_NAME.fullmatch(unicodedata.normalize("NFC", name))
    file_part = int(part_name["part"]) if part_name else 1
    chunks = _split(data, is_later_part=file_part > 1)
    sections = [section for _, chunk_sections in chunks for section in chunk_sections]
    header_lines = [line for section in sections if section.header for line in section.header.lines]
    formats = [section.format for section in sections if section.format]
    has_csv = any(chunk.is_csv for chunk, _ in chunks)
    if not (formats or has_csv):
        raise Rejected(name, data, header_lines).error()
    room, has_room_name = (
        _room_of_text(header_lines, formats[0], name) if formats else _room_of_csv(name)
    )
    if known_room and not has_room_name:
        room, has_room_name = known_room, True
    header_part = sections[0].part if sections else 0
    builder = ParseResultBuilder(name, room, header_part or (file_part if formats else 1))
    has_system_records = any(format.system_record for format in formats)
    colon_names = names_with_colon(data, room) if has_system_records else []
    names = FileNames(data)
    for chunk, chunk_sections in chunks:
        if chunk.is_csv:
            lines = decode_utf8(chunk.data).replace("\r\n", "\n").removesuffix("\n").split("\n")
            parse_csv(lines, CSV_FORMAT, builder, chunk.first_line)
        else:
            _parse_sections(chunk_sections, builder, names, colon_names)
    if not builder.messages:
        is_undated = bool(formats) and not any(format.has_dates for format in formats)
        raise Rejected(name, data, header_lines, is_undated, has_csv).error()
    ids = [format.id for format in formats] + [CSV_FORMAT.id] * has_csv
    line_count = data.count(b"\n") + (not data.endswith(b"\n"))
    return builder.build(
        "+".join(dict.fromkeys(ids)), has_room_name=has_room_name, lines=line_count
    )


def _split(data: bytes, *, is_later_part: bool) -> list[tuple[Chunk, list[Section]]]:
    """Chunks of CSV and text, each with its sections; CSV has none."""
    anchors = find_anchors(data)
    chunks = list(split_chunks(data, anchors))
    known_anchors = anchors if len(chunks) == 1 else None
    return [
        (
            chunk,
            []
            if chunk.is_csv
            else split_sections(
                chunk.data, chunk.first_line, is_later_part=is_later_part, anchors=known_anchors
            ),
        )
        for chunk in chunks
    ]


def _parse_sections(
    sections: Sequence[Section],
    builder: ParseResultBuilder,
    names: FileNames,
    colon_names: Sequence[str],
) -> None:
    """Parse text; a part that continues the section before it may start inside a message."""
    parser: TextParser | None = None
    previous: tuple[TextFormat, int] | None = None
    header_lines = [
        number for section in sections if section.header for number in section.header.line_numbers
    ]
    for section in sections:
        if section.format is None:
            builder.reject(section.first_line, section.text)
            continue
        is_continuation = section.part > 1 and previous == (section.format, section.part - 1)
        if parser is None or not is_continuation:
            if parser:
                parser.close()
            parser = TextParser(
                section.format, builder, header_lines, names, colon_names=colon_names
            )
        parser.read(section, is_continuation=is_continuation)
        previous = section.format, section.part
    if parser:
        parser.close()


def _room_of_text(header_lines: Sequence[str], format: TextFormat, name: str) -> tuple[str, bool]:
    """Room name, and whether a header gives it; a header of iOS may give a file name instead."""
    for line in header_lines:
        for pattern in format.headers:
            match = pattern.fullmatch(line.strip())
            if match and not IOS_FILE_NAME.fullmatch(line.strip()):
                return match["room"].strip(), True
    for line in (*header_lines, name):
        if match := IOS_FILE_NAME.fullmatch(line.strip()):
            return match["room"], False
    return _stem(name), False


def _room_of_csv(name: str) -> tuple[str, bool]:
    match = ROOM_IN_NAME.fullmatch(_stem(name))
    return (match["room"], True) if match else (_stem(name), False)


def _stem(name: str) -> str:
    return unicodedata.normalize("NFC", Path(name).stem)
