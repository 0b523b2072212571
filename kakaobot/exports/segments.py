"""Decoded text → the parts it was put together from, where their headers are, and their layouts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kakaobot.exports.layouts import HEADERS, LAYOUTS, PART, SAVED, TALK, Layout
from kakaobot.exports.lines import opened_day
from kakaobot.exports.stamps import clock_of
from kakaobot.exports.tally import Unit

_SAMPLE = 2000
"""Lines looked at to find the layout, before all of them are."""
_ODD_NAME = re.compile(
    r"(?m), ([^\n]{1,40}? : [^\n]{1,40}?)님이 (?:채팅방에 )?(?:들어왔|나갔)습니다\.$"
)


@dataclass(frozen=True)
class Segment:
    """What stands from one header to the next."""

    units: list[Unit]
    layout: Layout | None
    part: int
    """As its header numbers it; 0 where no header does."""


@dataclass(frozen=True)
class Segments:
    parts: tuple[Segment, ...]
    headers: frozenset[int]
    """1-based numbers of the lines that belong to a header."""


def cut(text: str, lines: Sequence[str]) -> Segments:
    """`lines` are those of `text`, which alone tells how they ended."""
    blocks = _header_blocks(text, lines)
    headers = frozenset(number for block in blocks for number in block)
    units = _units(text, lines, headers)
    parts = []
    for number, some in enumerate(_parts(units, blocks)):
        numbered = _part_number(lines, blocks[number]) if number < len(blocks) else 0
        parts.append(Segment(some, _detect(some), numbered))
    return Segments(tuple(parts), headers)


def names_room(line: str) -> bool:
    return any(pattern.fullmatch(line.strip()) for pattern in (TALK, *HEADERS))


def odd_names(text: str, room: str) -> list[str]:
    """Names that hold ` : `, as far as a line says who came, who left, or whose room it is."""
    names = {found[1] for found in _ODD_NAME.finditer(text)} if "님이 " in text else set()
    return sorted(names | {room} if " : " in room else names, key=len, reverse=True)


def _part_number(lines: Sequence[str], block: range) -> int:
    found = (PART.fullmatch(lines[number - 1].strip()) for number in block)
    return next((int(each["part"]) for each in found if each), 0)


def _header_blocks(text: str, lines: Sequence[str]) -> list[range]:
    """Line numbers of each header: a date of saving below at most two lines that name the room.

    Parts of one export that were put together repeat it. Without a date of saving, only the first
    line of the file can be a header.
    """
    blocks = []
    index = before = 0
    for found in SAVED.finditer(text):
        index += text.count("\n", before, found.start())
        before = found.start()
        if lines[index].startswith(found[0]):
            start = index
            while start > max(0, index - 2) and names_room(lines[start - 1]):
                start -= 1
            if start < index or index == 0:
                blocks.append(range(start + 1, index + 2))
    if not blocks and names_room(lines[0]):
        blocks.append(range(1, 2))
    return blocks


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
    """The layout that reads most records among the first lines, or in all where those hold none.

    `May 3, 2026, 8:34 PM` is long and short at once; there the lines that open a day decide.
    """
    for some in (units[:_SAMPLE], units):
        clocked = [unit for _, unit in some if ":" in unit]
        score = Counter(
            {layout.id: sum(_reads(layout, unit) for unit in clocked) for layout in LAYOUTS}
        )
        most = max(score.values())
        if most:
            best = [layout for layout in LAYOUTS if score[layout.id] == most]
            return best[0] if len(best) == 1 else max(best, key=lambda each: _days(each, some))
    return None


def _reads(layout: Layout, unit: str) -> bool:
    found = layout.record.match(unit) or (layout.system and layout.system.match(unit))
    stamp = layout.stamp.fullmatch(found["when"]) if found else None
    return bool(stamp and clock_of(stamp))


def _days(layout: Layout, units: Sequence[Unit]) -> int:
    return sum(opened_day(unit, layout) is not None for _, unit in units)
