"""Merges the exports of one room into one history. Touches no file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import PurePath

from kakaobot.exports.align import interleave
from kakaobot.exports.formats import PART_NAME
from kakaobot.exports.messages import MappedMessages, is_chronological
from kakaobot.exports.parse_result import Export
from kakaobot.exports.room_names import room_key
from kakaobot.schema import Message


@dataclass(frozen=True)
class RoomHistory:
    room: str
    messages: Sequence[Message]
    """In chronological order; every message has this `room`."""


def merge_room(room: str, exports: Sequence[Export]) -> RoomHistory:
    """One history from the exports of one room, under one set of names.

    Parts of one export are concatenated. Overlap between exports is found by aligning them, so
    true repeats survive and an export read twice adds nothing. A message in several exports keeps
    its complete text and its most precise time.
    """
    if len(exports) == 1 and is_chronological(exports[0].messages):
        return RoomHistory(room, _in_room(room, exports[0]))
    finest, *others = sorted(_join_parts(exports), key=_time_precision)
    messages = finest
    for other in others:
        messages = interleave(messages, other)
    messages = sorted(messages, key=lambda message: message.at.replace(second=0))
    return RoomHistory(
        room, tuple(m if m.room == room else m._replace(room=room) for m in messages)
    )


def _join_parts(exports: Sequence[Export]) -> list[list[Message]]:
    """Messages of each export, its parts in order; a part given twice counts once.

    Two exports may have parts of the same names: a part belongs to the one that it continues.
    """
    families: dict[tuple[str, str], list[dict[int, Export]]] = {}
    for export in sorted(exports, key=lambda export: export.part):
        match = PART_NAME.fullmatch(export.file)
        whole_name = match["whole"] if match else PurePath(export.file).stem
        family = families.setdefault((room_key(whole_name), export.format), [])
        if any(parts.get(export.part) == export for parts in family):
            continue
        free = [parts for parts in family if export.part not in parts]
        if not free:
            free = [{}]
            family += free
        parts = free[0] if len(free) == 1 else max(free, key=partial(_end_before, export=export))
        parts[export.part] = export
    return [_concatenate(list(parts.values())) for family in families.values() for parts in family]


def _end_before(parts: Mapping[int, Export], export: Export) -> tuple[bool, datetime]:
    """Sort key: greatest for the parts that end shortly before the export."""
    end = parts[max(parts)].last
    return end <= export.first, end


def _in_room(room: str, export: Export) -> Sequence[Message]:
    if export.room == room:
        return export.messages
    return MappedMessages(
        export.messages, lambda message: message._replace(room=room), lambda name: name
    )


def _concatenate(parts: Sequence[Export]) -> list[Message]:
    """Join parts; a message split between two of them continues in `leading_text`."""
    messages: list[Message] = []
    previous = 0
    for export in parts:
        if export.leading_text and messages and export.part == previous + 1:
            text = f"{messages[-1].text}\n{export.leading_text}"
            messages[-1] = messages[-1]._replace(text=text)
        messages += export.messages
        previous = export.part
    return messages


def _time_precision(messages: Sequence[Message]) -> int:
    """Sort key: 0 with seconds, 1 if every message has its own time, 2 if notices borrow one."""
    if any(message.at.second for message in messages):
        return 0
    notice_times = [message.at for message in messages if not message.sender]
    sent_times = {message.at for message in messages if message.sender}
    borrowed = all(at in sent_times or not (at.hour or at.minute) for at in notice_times)
    return 2 if notice_times and borrowed else 1
