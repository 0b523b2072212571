"""What the files of an inbox are together: one history a room, and a summary that is kept.

Everything that wants histories gets them here, under the names that were confirmed. A summary is
worked out again only for a room whose files or names have changed.
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
from kakaobot.exports.file_store import FileStore, damage_notice
from kakaobot.exports.manifest import StoredFile, are_counts, is_count
from kakaobot.exports.merge import RoomEvidence, RoomGroup, RoomHistory, group_files, merge_room
from kakaobot.exports.messages import message_times, sender_counts
from kakaobot.exports.participants import rename_senders
from kakaobot.schema import Progress, no_progress

_FORM = 2
"""Grows when a summary says something new."""
_READING = 0.6
"""The share of a room's work that is reading its files; the rest is merging them."""

Found = TypeVar("Found")


@dataclass(frozen=True)
class RoomSummary:
    """One room after merging."""

    room: str
    keys: tuple[str, ...]
    """Under which names of it are confirmed; the first is where new ones belong."""
    files: tuple[str, ...]
    """Hashes."""
    messages: int
    repeated: int
    """Messages of the files that are not among them, being in another file already."""
    people: dict[str, int]
    """Who spoke, under the names that were confirmed, most messages first."""
    first: str
    """ISO time of the first thing somebody said."""
    last: str
    lost: tuple[str, ...] = ()
    """Korean sentences on its files that were damaged, and whose messages are missing here."""


class RoomHistories:
    def __init__(self, inbox: FileStore) -> None:
        self._inbox = inbox

    def summaries(self, progress: Progress = no_progress) -> list[RoomSummary]:
        """All rooms, in the order in which they were first brought in.

        A damaged file is left out and told of; a room of which nothing else is left is not there.

        Raises:
            ExportError: no file of any room is whole, or the confirmed names cannot be read.
        """
        return self._steadily(lambda: self._summaries(progress))

    def histories(self, room: str = "", progress: Progress = no_progress) -> list[RoomHistory]:
        """The merged history of each room, or of those called `room`.

        Raises:
            ExportError: a file of such a room was damaged: what is learnt is all or nothing; or
                the confirmed names cannot be read.
        """
        return self._steadily(lambda: self._histories(room, progress))

    def version(self) -> str:
        """Changes when a history may have changed.

        Raises:
            ExportError: the list of files or the confirmed names cannot be read.
        """
        stored, groups = self._grouped()
        return _digest([_fingerprint(group, stored) for group in groups])

    def _summaries(self, progress: Progress) -> list[RoomSummary]:
        stored, all_groups = self._grouped()
        groups = [group for group in all_groups if _whole(group, stored).members]
        if all_groups and not groups:
            raise ExportError(damage_notice(stored[all_groups[0].members[0].place]))
        known = _parse(self._inbox.load_summaries())
        prints = [_fingerprint(group, stored) for group in groups]
        wanted = [each for each in zip(prints, groups, strict=True) if each[0] not in known]
        steps = _steps([group for _, group in wanted], stored, progress)
        for (fingerprint, group), step in zip(wanted, steps, strict=True):
            known[fingerprint] = self._summary(group, stored, step)
        found = {fingerprint: known[fingerprint] for fingerprint in prints}
        if wanted:
            progress(1.0, "대화를 합쳤습니다")
            rooms = {key: asdict(summary) for key, summary in found.items()}
            self._inbox.save_summaries({"form": _FORM, "rooms": rooms})
        return list(found.values())

    def _histories(self, room: str, progress: Progress) -> list[RoomHistory]:
        stored, groups = self._grouped()
        wanted = [group for group in groups if room in ("", group.room)]
        steps = _steps(wanted, stored, progress)
        return [
            self._read(group, stored, step)[0] for group, step in zip(wanted, steps, strict=True)
        ]

    def _grouped(self) -> tuple[list[StoredFile], list[RoomGroup]]:
        stored = self._inbox.list_complete()
        sheets = [
            RoomEvidence(each.room, bool(each.has_room_name), each.people, each.fingerprints or {})
            for each in stored
        ]
        return stored, group_files(sheets, self._inbox.load_aliases())

    def _read(
        self, group: RoomGroup, stored: Sequence[StoredFile], progress: Progress
    ) -> tuple[RoomHistory, int]:
        """Its history, and how many messages its files hold."""
        exports = []
        for number, member in enumerate(group.members):
            progress(_READING * number / len(group.members), f"'{group.room}' 대화를 읽는 중")
            exports.append(rename_senders(self._inbox.export(stored[member.place]), member.names))
        progress(_READING, f"'{group.room}' 대화를 합치는 중")
        return merge_room(group.room, exports), sum(len(export.messages) for export in exports)

    def _summary(
        self, group: RoomGroup, stored: Sequence[StoredFile], progress: Progress
    ) -> RoomSummary:
        whole = _whole(group, stored)
        history, total = self._read(whole, stored, progress)
        people = sender_counts(history.messages).copy()
        del people[""]
        return RoomSummary(
            room=group.room,
            keys=group.keys,
            files=tuple(stored[each.place].hash for each in whole.members),
            messages=len(history.messages),
            repeated=total - len(history.messages),
            people=dict(people.most_common()),
            first=min(message_times(history.messages, sent_only=bool(people))).isoformat(),
            last=max(message_times(history.messages)).isoformat(),
            lost=tuple(
                damage_notice(stored[each.place])
                for each in group.members
                if not stored[each.place].is_intact
            ),
        )

    def _steadily(self, ask: Callable[[], Found]) -> Found:
        """Ask again where files came or went while they were read."""
        before = [each.hash for each in self._inbox.list_files()]
        try:
            return ask()
        except ExportError:
            if [each.hash for each in self._inbox.list_files()] == before:
                raise
            return self._steadily(ask)


def _whole(group: RoomGroup, stored: Sequence[StoredFile]) -> RoomGroup:
    """Without its damaged files."""
    return replace(
        group, members=tuple(each for each in group.members if stored[each.place].is_intact)
    )


def _steps(
    groups: Sequence[RoomGroup], stored: Sequence[StoredFile], progress: Progress
) -> list[Progress]:
    """For each group a progress of its own, which is told as its part of the whole by size."""
    sizes = [sum(stored[each.place].size for each in group.members) for group in groups]
    whole = sum(sizes) or 1

    def step(before: int, size: int) -> Progress:
        return lambda share, words: progress((before + share * size) / whole, words)

    return [step(sum(sizes[:number]), size) for number, size in enumerate(sizes)]


def _fingerprint(group: RoomGroup, stored: Sequence[StoredFile]) -> str:
    """Of all that a summary depends on, the program that makes it included."""
    files = [
        [stored[each.place].hash, stored[each.place].name, sorted(each.names.items())]
        for each in group.members
    ]
    lost = [place for place, each in enumerate(group.members) if not stored[each.place].is_intact]
    return _digest([_FORM, __version__, group.room, group.keys, files, lost])


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


def _parse(remembered: object) -> dict[str, RoomSummary]:
    """Whatever is sound of it: the rest is worked out again."""
    rooms = remembered.get("rooms") if isinstance(remembered, Mapping) else None
    if not isinstance(rooms, Mapping):
        return {}
    found = {key: _summary_of(value) for key, value in rooms.items()}
    return {key: summary for key, summary in found.items() if summary}


def _summary_of(value: Any) -> RoomSummary | None:
    try:
        texts = {name: tuple(value[name]) for name in ("keys", "files", "lost")}
        found = RoomSummary(**{**value, **texts})
        datetime.fromisoformat(found.first)
        datetime.fromisoformat(found.last)
    except (TypeError, KeyError, ValueError):
        return None
    sound = (
        isinstance(found.room, str)
        and bool(found.keys)
        and all(isinstance(each, str) for each in (*found.keys, *found.files, *found.lost))
        and is_count(found.messages)
        and is_count(found.repeated)
        and are_counts(found.people)
    )
    return found if sound else None
