"""Several exports of one room → one history. Knows messages only; touches no file."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from kakaobot.exports.aliases import Aliases, ConfirmedAliases, resolve_aliases
from kakaobot.exports.align import interleave
from kakaobot.exports.formats import PART_NAME
from kakaobot.exports.message_fingerprints import Fingerprints, count_shared, fingerprint_messages
from kakaobot.exports.messages import is_chronological
from kakaobot.exports.parse_result import Export
from kakaobot.exports.participants import EXPORTER_NAMES, rename_senders
from kakaobot.schema import Message

_NOBODY: ConfirmedAliases = {}


_SAME_PEOPLE, _SOME_PEOPLE = 2, 3
"""Marks that must be equal where just the same people speak, and where one file has fewer."""
_SHARE = 4
"""And one in so many of those that would be equal if the rooms were one."""


@dataclass(frozen=True)
class RoomEvidence:
    """What tells to which room a file belongs."""

    room: str
    has_room_name: bool
    """Whether KakaoTalk wrote the room's name."""
    people: Mapping[str, int]
    fingerprints: Fingerprints


@dataclass(frozen=True)
class RoomFile:
    place: int
    """Of the file among all that were given."""
    names: Aliases
    """Who is to be called otherwise in it."""


@dataclass(frozen=True)
class RoomGroup:
    """The files of one room."""

    room: str
    keys: tuple[str, ...]
    """Under which names of its room are confirmed; the first is where new ones belong."""
    members: tuple[RoomFile, ...]


@dataclass(frozen=True)
class RoomHistory:
    room: str
    messages: Sequence[Message]
    """In order of time; every message bears `room`."""


def merge(exports: Sequence[Export], confirmed: ConfirmedAliases = _NOBODY) -> list[RoomHistory]:
    """One history for each room, in the order in which the rooms first appear.

    The parts of one export are put one behind the other. Overlap between exports is found by
    aligning them, so real repeats survive, an export read twice adds nothing, and of a message in
    both the whole text and the finer time are kept.

    Args:
        exports: of any rooms.
        confirmed: names that are one person's; they are replaced first.
    """
    return [
        merge_room(
            group.room, [rename_senders(exports[each.place], each.names) for each in group.members]
        )
        for group in group_files(room_evidence(exports), confirmed)
    ]


def room_evidence(exports: Sequence[Export]) -> list[RoomEvidence]:
    """Marks are made only where they may decide something."""
    wanted = len(exports) > 1 and not all(export.has_room_name for export in exports)
    return [
        RoomEvidence(
            each.room,
            each.has_room_name,
            each.people,
            fingerprint_messages(each.messages) if wanted else {},
        )
        for each in exports
    ]


def room_key(room: str) -> str:
    """Two spellings of one room's name are equal here."""
    return " ".join(unicodedata.normalize("NFC", room).split()).casefold()


def group_files(
    sheets: Sequence[RoomEvidence], confirmed: ConfirmedAliases = _NOBODY
) -> list[RoomGroup]:
    """Which files are of one room, in the order in which the rooms first appear.

    They belong together when KakaoTalk gave their rooms one name. iOS and macOS may write none:
    the parts of such an export, which share the start of a file name, belong together, and it
    belongs to the room with which it shares people and several messages. People alone tell
    nothing: the same ones may well have two rooms.
    """
    aliases = {key: resolve_aliases(names) for key, names in confirmed.items()}
    known = [_known(sheet, aliases) for sheet in sheets]
    rooms: dict[str, list[int]] = {}
    for place, each in enumerate(known):
        if each.has_room_name:
            rooms.setdefault(each.key, []).append(place)
    found = list(rooms.items())
    nameless = [place for place, each in enumerate(known) if not each.has_room_name]
    near = _nearness(known, aliases)
    while nameless:
        # Who has found a room may be what another one shares messages with.
        pairs = ((place, home) for place in nameless for home in found)
        pair = next((pair for pair in pairs if near(pair[0], pair[1])), None)
        if pair:
            place = pair[0]
            max(found, key=lambda home: near(place, home))[1].append(place)
        else:
            place = nameless[0]
            found.append((known[place].key, [place]))
        nameless.remove(place)
    return [_group([(place, known[place]) for place in places], aliases) for _, places in found]


@dataclass(frozen=True)
class _Evidence:
    """What grouping goes by."""

    room: str
    key: str
    has_room_name: bool
    people: frozenset[str]
    """Under the names that are confirmed for the room it says it is of."""
    fingerprints: Fingerprints


def _known(sheet: RoomEvidence, aliases: Mapping[str, Aliases]) -> _Evidence:
    key = room_key(sheet.room)
    people = _called(sheet.people, aliases.get(key, {}))
    return _Evidence(sheet.room, key, sheet.has_room_name, people, sheet.fingerprints)


def _called(people: Collection[str], names: Aliases) -> frozenset[str]:
    return frozenset(names.get(name, name) for name in people)


def _nearness(
    known: Sequence[_Evidence], aliases: Mapping[str, Aliases]
) -> Callable[[int, tuple[str, list[int]]], int]:
    """How much tells that a nameless file is of a room; 0 where it is not."""
    counted: dict[tuple[int, int, str], int] = {}

    def near(place: int, home: tuple[str, list[int]]) -> int:
        key, places = home
        names = aliases.get(key, {})
        for other in places:
            if (place, other, key) not in counted:
                counted[place, other, key] = _shared(known[place], known[other], names)
        return max(counted[place, other, key] for other in places)

    return near


def _shared(nameless: _Evidence, other: _Evidence, names: Aliases) -> int:
    """Marks that both have, where they are enough to make them one room's."""
    if not other.has_room_name and nameless.key == other.key:
        return sys.maxsize
    mine, theirs = _called(nameless.people, names), _called(other.people, names)
    needed = _SAME_PEOPLE
    if mine != theirs:
        needed = _SOME_PEOPLE
        hidden = bool(EXPORTER_NAMES & (mine ^ theirs))
        mine, theirs = mine - EXPORTER_NAMES, theirs - EXPORTER_NAMES
        if not (mine <= theirs or theirs <= mine) or len(mine & theirs) + hidden < 2:
            return 0
    equal, compared = count_shared(nameless.fingerprints, other.fingerprints)
    return equal if equal >= needed and equal * _SHARE >= compared else 0


def _group(files: Sequence[tuple[int, _Evidence]], aliases: Mapping[str, Aliases]) -> RoomGroup:
    """A file without a room's name keeps the names confirmed for it before it found its room."""
    first = files[0][1]
    here = aliases.get(first.key, {})
    members = []
    for place, known in files:
        before = aliases.get(known.key, {})
        after = {alias: here.get(name, name) for alias, name in before.items()}
        members.append(RoomFile(place, {**here, **after}))
    keys = dict.fromkeys(known.key for _, known in files)
    return RoomGroup(first.room, tuple(keys), tuple(members))


def merge_room(room: str, exports: Sequence[Export]) -> RoomHistory:
    """The exports of one room as its one history."""
    if len(exports) == 1 and exports[0].room == room and is_chronological(exports[0].messages):
        return RoomHistory(room, exports[0].messages)
    finest, *others = sorted(_whole(exports), key=_precision)
    messages = finest
    for other in others:
        messages = interleave(messages, other)
    messages = sorted(messages, key=lambda message: message.at.replace(second=0))
    return RoomHistory(
        room, tuple(m if m.room == room else m._replace(room=room) for m in messages)
    )


def _whole(exports: Sequence[Export]) -> list[list[Message]]:
    """The messages of each export, its parts put together; a part given twice counts once."""
    families: dict[tuple[str, str, int], dict[int, Export]] = {}
    for export in exports:
        found = PART_NAME.fullmatch(export.file)
        whole = found["whole"] if found else PurePath(export.file).stem
        key = room_key(whole), export.format
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
        if export.leading_text and messages and export.part == before + 1:
            messages[-1] = messages[-1]._replace(text=f"{messages[-1].text}\n{export.leading_text}")
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
