"""Groups exported files by room. Touches no file."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from kakaobot.exports.aliases import Aliases, ConfirmedAliases, resolve_aliases
from kakaobot.exports.message_fingerprints import Fingerprints, count_shared
from kakaobot.exports.participants import EXPORTER_NAMES

_NO_ALIASES: ConfirmedAliases = {}
_MIN_SHARED_SAME_PEOPLE, _MIN_SHARED = 2, 3
"""Shared fingerprints needed if participants are the same, and if one file has fewer."""
_MIN_SHARE = 4
"""At least one in this many comparable fingerprints must also be shared."""

_RoomFiles = tuple[str, list[int]]
"""Key of a room and the indices of its files."""


@dataclass(frozen=True)
class RoomEvidence:
    """Properties of a file that show which room it belongs to."""

    room: str
    has_room_name: bool
    """Whether KakaoTalk wrote the room's name."""
    people: Mapping[str, int]
    fingerprints: Fingerprints


@dataclass(frozen=True)
class RoomFile:
    index: int
    """Index into the grouped files."""
    names: Aliases
    """Alias → name for its senders."""


@dataclass(frozen=True)
class RoomGroup:
    """The files of one room."""

    room: str
    keys: tuple[str, ...]
    """Keys its aliases are confirmed under; new ones go to the first."""
    members: tuple[RoomFile, ...]


def room_key(room: str) -> str:
    """Equal for different spellings of one room's name."""
    return " ".join(unicodedata.normalize("NFC", room).split()).casefold()


def group_files(
    files: Sequence[RoomEvidence], confirmed: ConfirmedAliases = _NO_ALIASES
) -> list[RoomGroup]:
    """Group files by room, in order of first appearance.

    Files with the same room name from KakaoTalk belong together. iOS and macOS may write none:
    parts of such an export share the start of the file name, and it belongs to the room with which
    it shares participants and several messages. Participants alone do not decide: they may have
    several rooms in common.
    """
    aliases = {key: resolve_aliases(names) for key, names in confirmed.items()}
    evidence = [_resolve(file, aliases) for file in files]
    named: dict[str, list[int]] = {}
    for index, file in enumerate(evidence):
        if file.has_room_name:
            named.setdefault(file.key, []).append(index)
    rooms: list[_RoomFiles] = list(named.items())
    nameless = [index for index, file in enumerate(evidence) if not file.has_room_name]
    shared = _shared_counter(evidence, aliases)
    while nameless:
        # A file that was assigned to a room may share messages with one that was not.
        pairs = ((index, room) for index in nameless for room in rooms)
        pair = next((pair for pair in pairs if shared(pair[0], pair[1])), None)
        if pair:
            index = pair[0]
            max(rooms, key=lambda room: shared(index, room))[1].append(index)
        else:
            index = nameless[0]
            rooms.append((evidence[index].key, [index]))
        nameless.remove(index)
    return [
        _make_group([(index, evidence[index]) for index in indices], aliases)
        for _, indices in rooms
    ]


@dataclass(frozen=True)
class _ResolvedEvidence:
    room: str
    key: str
    has_room_name: bool
    people: frozenset[str]
    """With the aliases of its own room resolved."""
    fingerprints: Fingerprints


def _resolve(file: RoomEvidence, aliases: Mapping[str, Aliases]) -> _ResolvedEvidence:
    key = room_key(file.room)
    people = _rename(file.people, aliases.get(key, {}))
    return _ResolvedEvidence(file.room, key, file.has_room_name, people, file.fingerprints)


def _rename(people: Collection[str], names: Aliases) -> frozenset[str]:
    return frozenset(names.get(name, name) for name in people)


def _shared_counter(
    evidence: Sequence[_ResolvedEvidence], aliases: Mapping[str, Aliases]
) -> Callable[[int, _RoomFiles], int]:
    """Memoized evidence that a nameless file belongs to a room; 0 if it does not."""
    cache: dict[tuple[int, int, str], int] = {}

    def shared(index: int, room: _RoomFiles) -> int:
        key, others = room
        names = aliases.get(key, {})
        for other in others:
            if (index, other, key) not in cache:
                cache[index, other, key] = _count_evidence(evidence[index], evidence[other], names)
        return max(cache[index, other, key] for other in others)

    return shared


def _count_evidence(nameless: _ResolvedEvidence, other: _ResolvedEvidence, names: Aliases) -> int:
    """Shared fingerprints if they suffice to join the files to one room, otherwise 0."""
    if not other.has_room_name and nameless.key == other.key:
        return sys.maxsize
    mine, theirs = _rename(nameless.people, names), _rename(other.people, names)
    needed = _MIN_SHARED_SAME_PEOPLE
    if mine != theirs:
        needed = _MIN_SHARED
        has_exporter = bool(EXPORTER_NAMES & (mine ^ theirs))
        mine, theirs = mine - EXPORTER_NAMES, theirs - EXPORTER_NAMES
        if not (mine <= theirs or theirs <= mine) or len(mine & theirs) + has_exporter < 2:
            return 0
    shared, comparable = count_shared(nameless.fingerprints, other.fingerprints)
    return shared if shared >= needed and shared * _MIN_SHARE >= comparable else 0


def _make_group(
    files: Sequence[tuple[int, _ResolvedEvidence]], aliases: Mapping[str, Aliases]
) -> RoomGroup:
    """A nameless file keeps the aliases confirmed before it was assigned to the room."""
    first = files[0][1]
    room_aliases = aliases.get(first.key, {})
    members = []
    for index, file in files:
        own = aliases.get(file.key, {})
        resolved = {alias: room_aliases.get(name, name) for alias, name in own.items()}
        members.append(RoomFile(index, {**room_aliases, **resolved}))
    keys = dict.fromkeys(file.key for _, file in files)
    return RoomGroup(first.room, tuple(keys), tuple(members))
