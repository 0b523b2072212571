"""One merged history per room of a `FileStore`, and a cached summary of each.

The only source of histories; confirmed aliases are applied. A summary is recomputed only if the
files or aliases of its room have changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from kakaobot import __version__
from kakaobot.errors import ExportError
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.manifest import StoredFile, are_counts, damage_notice, is_count
from kakaobot.exports.merge import RoomHistory, merge_room
from kakaobot.exports.messages import message_times, sender_counts
from kakaobot.exports.participants import rename_senders
from kakaobot.exports.room_evidence import RoomEvidence
from kakaobot.exports.room_groups import RoomGroup, group_files
from kakaobot.exports.room_names import room_key
from kakaobot.language import tr
from kakaobot.schema import Progress, no_progress

_CACHE_VERSION = 4
"""Bumped whenever the content of a summary changes."""
_READ_SHARE = 0.6
"""Share of a room's progress spent on reading files; the rest is merging."""
_MAX_RETRIES = 5
"""More changes than that during one computation are no coincidence."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class RoomSummary:
    """One room after merging."""

    room: str
    """Its name, which no other room has."""
    keys: tuple[str, ...]
    """As in `RoomGroup`."""
    files: tuple[str, ...]
    """Hashes."""
    messages: int
    repeated: int
    """Messages dropped because another file has them too."""
    people: dict[str, int]
    """Messages by participant, with aliases applied, most active first."""
    first: str
    """ISO time of the first sent message."""
    last: str
    lost: tuple[str, ...] = ()
    """Korean sentences on damaged files, whose messages are missing here."""


@dataclass(frozen=True)
class RoomSources:
    """What histories are merged from."""

    files: frozenset[str]
    """Hashes."""
    names: str
    """Digest of who is called by another name in which file."""


class RoomHistories:
    def __init__(self, store: FileStore) -> None:
        self._store = store

    def summaries(self, progress: Progress = no_progress) -> list[RoomSummary]:
        """All rooms, in the order in which they were first imported.

        Damaged files are reported and left out, as is a room without any other file.

        Raises:
            ExportError: no file of any room is intact, or the aliases are unreadable.
        """
        return self._retry_on_change(lambda: self._summaries(progress))

    def histories(self, room: str = "", progress: Progress = no_progress) -> list[RoomHistory]:
        """The merged history of each room, or of the one called `room`.

        Raises:
            ExportError: a file of such a room is damaged, as no training data may be missing; or
                the aliases are unreadable.
        """
        return self._retry_on_change(lambda: self._histories(room, progress))

    def names(self, room: str = "") -> list[str]:
        """The name of each room, or of the one called `room`; reads no export.

        Raises:
            ExportError: the manifest or the aliases are unreadable.
        """
        return [group.room for group in _called(room, self._groups()[1])]

    def version(self) -> str:
        """Changes whenever a history may have changed.

        Raises:
            ExportError: the manifest or the aliases are unreadable.
        """
        stored, groups = self._groups()
        return _digest([_cache_key(group, stored) for group in groups])

    def sources(self, room: str = "") -> RoomSources:
        """The sources of all histories, or of that of the room called `room`; reads no export.

        Raises:
            ExportError: the manifest or the aliases are unreadable.
        """
        stored, groups = self._groups()
        members = {
            stored[file.index].hash: sorted(file.names.items())
            for group in _called(room, groups)
            for file in group.members
        }
        return RoomSources(frozenset(members), _digest(sorted(members.items())))

    def _summaries(self, progress: Progress) -> list[RoomSummary]:
        stored, all_groups = self._groups()
        groups = [group for group in all_groups if _intact(group, stored).members]
        if all_groups and not groups:
            raise ExportError(damage_notice(stored[all_groups[0].members[0].index]))
        summaries = _parse_cache(self._store.load_summaries())
        keys = [_cache_key(group, stored) for group in groups]
        missing = [
            (key, group) for key, group in zip(keys, groups, strict=True) if key not in summaries
        ]
        steps = _split_progress([group for _, group in missing], stored, progress)
        for (key, group), step in zip(missing, steps, strict=True):
            summaries[key] = self._summarize(group, stored, step)
        current = {key: summaries[key] for key in keys}
        if missing:
            progress(1.0, tr("대화를 합쳤습니다"))
            rooms = {key: asdict(summary) for key, summary in current.items()}
            self._store.save_summaries({"form": _CACHE_VERSION, "rooms": rooms})
        return list(current.values())

    def _histories(self, room: str, progress: Progress) -> list[RoomHistory]:
        stored, all_groups = self._groups()
        groups = _called(room, all_groups)
        steps = _split_progress(groups, stored, progress)
        return [
            self._merge(group, stored, step)[0] for group, step in zip(groups, steps, strict=True)
        ]

    def _groups(self) -> tuple[list[StoredFile], list[RoomGroup]]:
        stored = self._store.list_complete()
        evidence = [
            RoomEvidence(
                room=file.room,
                has_room_name=bool(file.has_room_name),
                people=file.people,
                fingerprints=file.fingerprints or {},
                first=file.first,
                last=file.last,
                part=file.part or 1,
                hash=file.hash,
            )
            for file in stored
        ]
        return stored, group_files(evidence, self._store.load_aliases())

    def _merge(
        self, group: RoomGroup, stored: Sequence[StoredFile], progress: Progress
    ) -> tuple[RoomHistory, int]:
        """The history, and the number of messages before merging."""
        exports = []
        for number, file in enumerate(group.members):
            progress(
                _READ_SHARE * number / len(group.members),
                tr("'{room}' 대화를 읽는 중").format(room=group.room),
            )
            exports.append(rename_senders(self._store.export(stored[file.index]), file.names))
        progress(_READ_SHARE, tr("'{room}' 대화를 합치는 중").format(room=group.room))
        return merge_room(group.room, exports), sum(len(export.messages) for export in exports)

    def _summarize(
        self, group: RoomGroup, stored: Sequence[StoredFile], progress: Progress
    ) -> RoomSummary:
        intact = _intact(group, stored)
        history, total = self._merge(intact, stored, progress)
        people = sender_counts(history.messages).copy()
        del people[""]
        damaged = [file for file in group.members if not stored[file.index].is_intact]
        return RoomSummary(
            room=group.room,
            keys=group.keys,
            files=tuple(stored[file.index].hash for file in intact.members),
            messages=len(history.messages),
            repeated=total - len(history.messages),
            people=dict(people.most_common()),
            first=min(message_times(history.messages, sent_only=bool(people))).isoformat(),
            last=max(message_times(history.messages)).isoformat(),
            lost=tuple(damage_notice(stored[file.index]) for file in damaged),
        )

    def _retry_on_change(self, compute: Callable[[], _T]) -> _T:
        """Compute again, a few times, if it failed while files were added or removed."""
        for _ in range(_MAX_RETRIES):
            before = [file.hash for file in self._store.list_files()]
            try:
                return compute()
            except ExportError:
                if [file.hash for file in self._store.list_files()] == before:
                    raise
        return compute()


def _called(room: str, groups: Sequence[RoomGroup]) -> list[RoomGroup]:
    key = room_key(room)
    return [group for group in groups if not room or key in group.keys]


def _intact(group: RoomGroup, stored: Sequence[StoredFile]) -> RoomGroup:
    """The group without damaged files."""
    return replace(
        group, members=tuple(file for file in group.members if stored[file.index].is_intact)
    )


def _split_progress(
    groups: Sequence[RoomGroup], stored: Sequence[StoredFile], progress: Progress
) -> list[Progress]:
    """One progress per group, scaled to its share of all bytes."""
    sizes = [sum(stored[file.index].size for file in group.members) for group in groups]
    total = sum(sizes) or 1

    def scale(before: int, size: int) -> Progress:
        return lambda share, text: progress((before + share * size) / total, text)

    return [scale(sum(sizes[:number]), size) for number, size in enumerate(sizes)]


def _cache_key(group: RoomGroup, stored: Sequence[StoredFile]) -> str:
    """Hash of everything a summary depends on, including the program version."""
    files = [
        [stored[file.index].hash, stored[file.index].name, sorted(file.names.items())]
        for file in group.members
    ]
    damaged = [n for n, file in enumerate(group.members) if not stored[file.index].is_intact]
    return _digest([_CACHE_VERSION, __version__, group.room, group.keys, files, damaged])


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


def _parse_cache(cache: object) -> dict[str, RoomSummary]:
    """The valid summaries in rooms.json."""
    rooms = cache.get("rooms") if isinstance(cache, Mapping) else None
    if not isinstance(rooms, Mapping):
        return {}
    summaries = {key: _parse_summary(value) for key, value in rooms.items()}
    return {key: summary for key, summary in summaries.items() if summary}


def _parse_summary(value: Any) -> RoomSummary | None:
    try:
        lists = {name: tuple(value[name]) for name in ("keys", "files", "lost")}
        summary = RoomSummary(**{**value, **lists})
        datetime.fromisoformat(summary.first)
        datetime.fromisoformat(summary.last)
    except (TypeError, KeyError, ValueError):
        return None
    strings = (summary.room, *summary.keys, *summary.files, *summary.lost)
    is_valid = (
        bool(summary.keys)
        and all(isinstance(text, str) for text in strings)
        and is_count(summary.messages)
        and is_count(summary.repeated)
        and are_counts(summary.people)
    )
    return summary if is_valid else None
