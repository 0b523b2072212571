"""One export file → its messages, and what became of every line. Knows no folder.

Bytes are decoded, cut at the true record ends, their layout is found by content, and each line is
counted once: nothing is guessed, and nothing is dropped in silence.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from kakaobot.errors import ExportError
from kakaobot.exports.layouts import HEADERS, LAYOUTS, SAVED, TABLE, TALK, Layout
from kakaobot.exports.lines import LinePass, opened_day
from kakaobot.exports.stamps import clock_of
from kakaobot.exports.table import is_table, read_table
from kakaobot.exports.tally import Counts, Export, Tally, Unit

__all__ = ["MAX_BYTES", "Counts", "Export", "decode", "parse_export", "read_export"]

MAX_BYTES = 1 << 30
_MAGIC = (b"PK\x03\x04", b"\x89PNG", b"\xff\xd8\xff", b"%PDF", b"GIF8", b"7z\xbc\xaf")
_SAMPLE = 2000
"""Lines looked at to find the layout, before all of them are."""


def read_export(path: Path, *, name: str | None = None) -> Export:
    """Read one export file. The only function here that touches the disk.

    Args:
        path: the file.
        name: its name before it was stored, where that was another.

    Raises:
        ExportError: the file is missing, too large, or not an export that can be read.
    """
    name = name or path.name
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ExportError(
                f"'{name}' 파일이 1GB보다 큽니다. 카카오톡에서 기간을 나누어 다시 내보내 주세요."
            )
        data = path.read_bytes()
    except OSError as error:
        raise ExportError(
            f"'{name}' 파일을 열 수 없습니다. 파일이 있는지 확인하고 다시 올려 주세요."
        ) from error
    return parse_export(decode(data, name), name)


def decode(data: bytes, name: str) -> str:
    """Text of an export: UTF-8, UTF-16 with a mark, or CP949; NFC; line ends as they were.

    Raises:
        ExportError: empty, binary, or in no known encoding.
    """
    if not data.strip(b"\xef\xbb\xbf \t\r\n"):
        raise ExportError(f"'{name}' 파일이 비어 있습니다. 카카오톡에서 대화를 다시 내보내 주세요.")
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    if data.startswith(_MAGIC) or (not marked and b"\0" in data[:65536]):
        raise ExportError(
            f"'{name}' 파일은 글이 아닙니다. "
            "압축 파일이면 풀어서, 그 안의 카카오톡 .txt 또는 .csv 파일을 올려 주세요."
        )
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp949"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return unicodedata.normalize("NFC", text).replace("\n\ufeff", "\n")
    raise ExportError(
        f"'{name}' 파일의 글자 인코딩을 알 수 없습니다. 메모장에서 UTF-8로 다시 저장해 주세요."
    )


def parse_export(text: str, name: str) -> Export:
    """Read the decoded text of one file.

    Raises:
        ExportError: it is no chat, is of an unknown layout, or holds no message.
    """
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    export = (_table if is_table(lines[0], TABLE) else _text)(text, lines, name)
    if not export.messages:
        raise ExportError(
            f"'{name}' 파일에서 날짜와 시간을 알 수 있는 메시지를 찾지 못했습니다. "
            "카카오톡에서 대화를 다시 내보내 주세요."
        )
    return export


def _table(_: str, lines: Sequence[str], name: str) -> Export:
    found = TABLE.room.fullmatch(unicodedata.normalize("NFC", name))
    tally = Tally(name, found["room"] if found else _stem(name))
    read_table(lines, TABLE, tally)
    return tally.export(TABLE.id, named=bool(found), lines=len(lines))


def _text(text: str, lines: Sequence[str], name: str) -> Export:
    blocks = _header_blocks(lines)
    headers = frozenset(number for block in blocks for number in block)
    units = _units(text, lines, headers)
    parts = _parts(units, blocks)
    layouts = [_detect(part) for part in parts]
    known = [layout for layout in layouts if layout]
    if not known:
        raise ExportError(_not_a_chat(name, has_header=bool(blocks)))
    heads = [lines[number - 1] for number in sorted(headers)]
    room, named = _room(heads, known[0], name)
    tally = Tally(name, room)
    for part, layout in zip(parts, layouts, strict=True):
        if layout:
            LinePass(layout, tally, headers).read(part)
        else:
            tally.refuse_all(part)
    ids = "+".join(dict.fromkeys(layout.id for layout in known))
    return tally.export(ids, named=named, lines=len(lines))


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


def _header_blocks(lines: Sequence[str]) -> list[range]:
    """Line numbers of each header: a date of saving below at most two lines that name the room.

    Parts of one export that were put together repeat it. Without a date of saving, only the first
    line of the file can be a header.
    """
    blocks = []
    for index, line in enumerate(lines):
        if line.startswith(("저장한", "Date Saved", "Saved Date")) and SAVED.match(line):
            start = index
            while start > max(0, index - 2) and _names_room(lines[start - 1]):
                start -= 1
            if start < index or index == 0:
                blocks.append(range(start + 1, index + 2))
    if not blocks and _names_room(lines[0]):
        blocks.append(range(1, 2))
    return blocks


def _names_room(line: str) -> bool:
    return any(pattern.fullmatch(line.strip()) for pattern in (TALK, *HEADERS))


def _room(heads: Sequence[str], layout: Layout, name: str) -> tuple[str, bool]:
    """The room's name, and whether a header held it; that of iOS may hold a file name only."""
    for head in heads:
        for pattern in layout.headers:
            found = pattern.fullmatch(head.strip())
            if found and not TALK.fullmatch(head.strip()):
                return found["room"].strip(), True
    talks = [found["room"] for head in (*heads, name) if (found := TALK.fullmatch(head.strip()))]
    return (talks[0] if talks else _stem(name)), False


def _stem(name: str) -> str:
    return unicodedata.normalize("NFC", Path(name).stem)


def _units(text: str, lines: Sequence[str], headers: frozenset[int]) -> list[Unit]:
    """Cut the text where records can end.

    A file with both CRLF and bare LF ends records with CRLF and breaks lines inside a message with
    LF, so a record quoted inside a message stays inside. That is believed only where nearly every
    CRLF piece does begin something; in files edited by hand it does not.
    """
    plain = list(enumerate(lines, 1))
    crlf = text.count("\r\n")
    layout = _detect(plain) if 0 < crlf < text.count("\n") else None
    if layout is None:
        return plain
    pieces = text.removesuffix("\n").removesuffix("\r").split("\r\n")
    units: list[Unit] = []
    number, strays = 1, 0
    for piece in pieces:
        height = piece.count("\n") + 1
        if layout.begins.match(piece):
            units.append((number, piece))
        else:
            units.extend(enumerate(piece.split("\n"), number))
            strays += not (_stands_alone(piece, layout) or number in headers)
        number += height
    return units if strays * 100 <= len(pieces) else plain


def _stands_alone(piece: str, layout: Layout) -> bool:
    notice = layout.notice
    return (
        not piece.strip()
        or opened_day(piece.strip(), layout) is not None
        or bool(notice and notice.fullmatch(piece))
    )


def _parts(units: list[Unit], blocks: Sequence[range]) -> list[list[Unit]]:
    """Cut before every header but the first: what was put together is read part by part."""
    cuts = [block.start for block in blocks[1:]]
    if not cuts:
        return [units]
    parts: list[list[Unit]] = [[]]
    for unit in units:
        if cuts and unit[0] >= cuts[0]:
            cuts.pop(0)
            parts.append([])
        parts[-1].append(unit)
    return parts


def _detect(units: Sequence[Unit]) -> Layout | None:
    """The layout that reads most records among the first lines, or in all where those hold none."""
    for some in (units[:_SAMPLE], units):
        score = Counter(
            index
            for _, unit in some
            for index, layout in enumerate(LAYOUTS)
            if (found := layout.record.match(unit))
            and (stamp := layout.stamp.fullmatch(found["when"]))
            and clock_of(stamp)
        )
        if score:
            return LAYOUTS[max(score, key=lambda index: (score[index], -index))]
    return None
