"""Several exports of one room → one history. Knows messages only; touches no file."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from kakaobot.exports.align import interleaved
from kakaobot.exports.layouts import PART
from kakaobot.exports.tally import Export
from kakaobot.records import Message


@dataclass(frozen=True)
class History:
    room: str
    messages: tuple[Message, ...]
    """In order of time; every message bears `room`."""


def merge(exports: Sequence[Export]) -> list[History]:
    """One history for each room, in the order in which the rooms first appear.

    Exports belong together when KakaoTalk gave their rooms one name. iOS and macOS may write none:
    such an export belongs to the room in which just the same people speak, and its parts, which
    share the start of a file name, belong together.

    The parts of one export are put one behind the other. Overlap between exports is found by
    aligning them, so real repeats survive, an export read twice adds nothing, and of a message in
    both the whole text and the finer time are kept.
    """
    return [_history(group) for group in _by_room(exports)]


def room_key(room: str) -> str:
    """Two spellings of one room's name are equal here."""
    return " ".join(unicodedata.normalize("NFC", room).split()).casefold()


def _by_room(exports: Iterable[Export]) -> list[list[Export]]:
    groups: dict[str, list[Export]] = {}
    nameless: list[Export] = []
    for export in exports:
        if export.named:
            groups.setdefault(room_key(export.room), []).append(export)
        else:
            nameless.append(export)
    found = list(groups.values())
    for export in nameless:
        home = next((group for group in found if any(_alike(export, e) for e in group)), None)
        if home is None:
            found.append([export])
        else:
            home.append(export)
    return found


def _alike(nameless: Export, other: Export) -> bool:
    if not other.named and room_key(nameless.room) == room_key(other.room):
        return True
    return bool(nameless.people) and set(nameless.people) == set(other.people)


def _history(exports: Sequence[Export]) -> History:
    room = next((export.room for export in exports if export.named), exports[0].room)
    finest, *others = sorted(_whole(exports), key=_precision)
    messages = finest
    for other in others:
        messages = interleaved(messages, other)
    messages = sorted(messages, key=lambda message: message.at.replace(second=0))
    return History(room, tuple(m if m.room == room else m._replace(room=room) for m in messages))


def _whole(exports: Sequence[Export]) -> list[list[Message]]:
    """The messages of each export, its parts put together; a part given twice counts once."""
    families: dict[tuple[str, str, int], dict[int, Export]] = {}
    for export in exports:
        found = PART.fullmatch(export.file)
        whole = found["whole"] if found else PurePath(export.file).stem
        key = room_key(whole), export.layout
        copy = 0
        while (there := families.setdefault((*key, copy), {})).get(export.part, export) != export:
            copy += 1
        there[export.part] = export
    return [_in_a_row([parts[n] for n in sorted(parts)]) for parts in families.values()]


def _in_a_row(parts: Sequence[Export]) -> list[Message]:
    """The cut may go through a message, whose rest then leads the next part."""
    messages: list[Message] = []
    before = 0
    for export in parts:
        if export.lead and messages and export.part == before + 1:
            messages[-1] = messages[-1]._replace(text=f"{messages[-1].text}\n{export.lead}")
        messages += export.messages
        before = export.part
    return messages


def _precision(messages: Sequence[Message]) -> int:
    """0 where seconds are known, 1 where all have a time, 2 where notices have that of others."""
    if any(message.at.second for message in messages):
        return 0
    times = [message.at for message in messages if not message.sender]
    own = {message.at for message in messages if message.sender}
    return 2 if times and all(at in own or not (at.hour or at.minute) for at in times) else 1
