"""What a room is called: unique among all rooms, and the same in whichever order files arrive."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from kakaobot.exports.room_evidence import RoomEvidence

_MAX_PEOPLE = 3
_SHORT_HASH = 4


@dataclass(frozen=True)
class RoomName:
    room: str
    """Not the name of any other room."""
    keys: tuple[str, ...]
    """Keys of all names and files that mean this room and no other, the most lasting one first."""


def room_key(room: str) -> str:
    """Equal for different spellings of one room's name."""
    return " ".join(unicodedata.normalize("NFC", room).split()).casefold()


def file_keys(file: RoomEvidence) -> tuple[str, ...]:
    """Keys of everything a file's room may be called.

    Only KakaoTalk's name of the room outlasts the file. A nameless file may be called like one of
    another room, so its content identifies the room.
    """
    names = tuple(map(room_key, _names(file)))
    content = (f"#{file.hash}",) if file.hash else ()
    return names + content if file.has_room_name else content + names


def name_rooms(groups: Sequence[Sequence[RoomEvidence]]) -> list[RoomName]:
    """Name each group of files, of which those with a name from KakaoTalk come first.

    The name is as short as possible: two rooms with one name also name participants, or even the
    content of a file.
    """
    owners = _owners(groups)
    return [_name_room(files, number, owners) for number, files in enumerate(groups)]


def find_namesakes(rooms: Sequence[str], room: str) -> list[str]:
    """The rooms whose name had to be extended because several are called `room`."""
    return [name for name in rooms if room_key(name).startswith(f"{room_key(room)} (")]


def _names(file: RoomEvidence) -> list[str]:
    """The room's name, and longer ones for when it is not unique."""
    people = ", ".join(islice(file.people, _MAX_PEOPLE)) or file.first[:10]
    others = len(file.people) - _MAX_PEOPLE
    longer = f"{file.room} ({people}{f' 외 {others}명' if others > 0 else ''})"
    names = [file.room, longer]
    return [*names, f"{longer} #{file.hash[:_SHORT_HASH]}"] if file.hash else names


def _owners(groups: Sequence[Sequence[RoomEvidence]]) -> Mapping[str, int | None]:
    """Key → number of its only group; None if several have it.

    A name from KakaoTalk takes precedence over that of a file.
    """
    owners: dict[str, int | None] = {}
    for named in (True, False):
        claims: dict[str, set[int]] = {}
        for number, files in enumerate(groups):
            for file in files:
                if file.has_room_name == named:
                    for key in file_keys(file):
                        claims.setdefault(key, set()).add(number)
        for key, numbers in claims.items():
            owners.setdefault(key, next(iter(numbers)) if len(numbers) == 1 else None)
    return owners


def _name_room(
    files: Sequence[RoomEvidence], number: int, owners: Mapping[str, int | None]
) -> RoomName:
    is_named = files[0].has_room_name
    # Independent of the order of import.
    first = min(
        (file for file in files if file.has_room_name == is_named),
        key=lambda file: (file.first, file.part, file.hash),
    )
    base, *longer = _names(first)
    names = [files[0].room if is_named else base, *longer]
    room = next((name for name in names if owners[room_key(name)] == number), names[-1])
    keys = dict.fromkeys(key for file in (first, *files) for key in file_keys(file))
    lasting = [key for key in keys if owners[key] == number]
    return RoomName(room, tuple(lasting) or (room_key(room),))
