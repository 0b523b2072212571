"""Who is who in each room: names that are one person's, and who is left out. Nothing unasked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kakaobot.config import Home, save
from kakaobot.errors import ConfigError, ExportError
from kakaobot.exports.aliases import (
    ConfirmedAliases,
    add_aliases,
    clean_name,
    remove_alias,
    resolve_aliases,
)
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.histories import RoomHistories, RoomSummary
from kakaobot.exports.manifest import StoredFile
from kakaobot.exports.merge import room_key
from kakaobot.exports.participants import (
    exporter_candidates,
    find_bots,
    rename_counts,
    similar_names,
)
from kakaobot.schema import Progress, no_progress


@dataclass(frozen=True)
class RoomParticipant:
    name: str
    messages: int
    is_bot: bool = False
    """Only a guess, from the name."""
    is_excluded: bool = False


@dataclass(frozen=True)
class Proposal:
    """Something a person may want to confirm."""

    kind: Literal["exporter", "spelling", "bot"]
    names: tuple[str, ...]
    """Whose: the nickname of the exporter, the spellings that are one, or all bots."""
    candidates: tuple[str, ...] = ()
    """Under which name they may go on, likeliest first."""
    sure: bool = True
    """Whether the first candidate is more than a name of the room."""


@dataclass(frozen=True)
class RoomReport:
    """One room after merging, and who is in it."""

    room: str
    keys: tuple[str, ...]
    """What names it; the first is where new names are noted."""
    files: int
    messages: int
    repeated: int
    """Messages that were in several files and count once."""
    people: tuple[RoomParticipant, ...]
    """Most messages first."""
    first: str
    """`2026-03-01 12:30`."""
    last: str
    aliases: tuple[tuple[str, str], ...] = ()
    """Confirmed: an alias and the name that stands for it."""
    proposals: tuple[Proposal, ...] = ()
    lost: tuple[str, ...] = ()
    """Korean sentences on files of the room that were damaged and are left out here."""


class Participants:
    def __init__(self, home: Home) -> None:
        self._home = home

    def rooms(self, progress: Progress = no_progress) -> list[RoomReport]:
        """All rooms; exports are read only where files or names have changed.

        Raises:
            ExportError: no listed file is whole, or what was confirmed cannot be read.
        """
        inbox = self._inbox()
        summaries = RoomHistories(inbox).summaries(progress)
        stored = {each.hash: each for each in inbox.list_files()}
        excluded = self._home.settings().data.exclude_people
        confirmed = inbox.load_aliases()
        return [_report(each, stored, confirmed, excluded) for each in summaries]

    def merge_names(
        self, name: str, others: Sequence[str], *, room: str = "", progress: Progress = no_progress
    ) -> RoomReport:
        """Let `others` be further names of `name`, which may be a new one.

        Args:
            name: what the person is called from now on.
            others: names in the room.
            room: name or key of the room; may be left out where just one has such people.
            progress: told while the room is merged anew.

        Raises:
            ExportError: no such room or people, several such rooms, or a name stands for another.
        """
        here = self._room(room, others)
        names = [member.name for member in here.people]
        others = [other for other in others if other != name]
        self._refuse_excluded(name, others)
        for other in others:
            if other not in names and other not in dict(here.aliases):
                raise ExportError(_nobody(other, here.room))
        name = name if name in names else clean_name(name)
        self._inbox().update_aliases(
            here.keys[0], lambda aliases: add_aliases(aliases, name, others)
        )
        self._follow(here, name, others)
        return self._again(here, progress)

    def unmerge_name(
        self, alias: str, *, room: str = "", progress: Progress = no_progress
    ) -> RoomReport:
        """Take one `same` back.

        Raises:
            ExportError: it was not confirmed, or in several rooms.
        """
        inbox = self._inbox()
        confirmed = inbox.load_aliases()
        rooms = [each for each in self.rooms() if alias in dict(each.aliases)]
        here = _only([each for each in rooms if _is(each, room)], room, [alias], rooms)
        key = next(key for key in here.keys if alias in confirmed.get(key, {}))
        inbox.update_aliases(key, lambda aliases: remove_alias(aliases, alias))
        return self._again(here, progress)

    def exclude(self, names: Sequence[str]) -> list[str]:
        """Leave people out of what is learnt; all who are left out now.

        Raises:
            ExportError: somebody is in no room.
        """
        known = {member.name for room in self.rooms() for member in room.people}
        for name in names:
            if name not in known:
                raise ExportError(_nobody(name))
        before = self._home.settings().data.exclude_people
        return self._exclude([*before, *names])

    def include(self, names: Sequence[str]) -> list[str]:
        """Take people back in; all who are still left out.

        Raises:
            ConfigError: somebody was not left out.
        """
        before = self._home.settings().data.exclude_people
        for name in names:
            if name not in before:
                raise ConfigError(f"'{name}' 님은 빼기로 한 사람이 아닙니다. 이름을 확인해 주세요.")
        return self._exclude([name for name in before if name not in names])

    def _exclude(self, names: Sequence[str]) -> list[str]:
        once = list(dict.fromkeys(names))
        save(self._home.settings_file, {"data.exclude_people": once})
        return once

    def _refuse_excluded(self, name: str, others: Sequence[str]) -> None:
        """Else what somebody said who was left out would be learnt under another name."""
        excluded = self._home.settings().data.exclude_people
        hidden = [other for other in others if other in excluded and name not in excluded]
        if hidden:
            raise ExportError(
                f"'{hidden[0]}' 님은 빼기로 한 사람이라 합치지 않았습니다. "
                "다시 배우게 한 다음 합쳐 주세요."
            )

    def _follow(self, here: RoomReport, name: str, others: Sequence[str]) -> None:
        """Who was chosen to be learnt is still chosen under the new name."""
        data = self._home.settings().data
        if data.persona in others and data.room in ("", here.room):
            save(self._home.settings_file, {"data.persona": name})

    def _room(self, room: str, names: Sequence[str]) -> RoomReport:
        rooms = self.rooms()
        if room:
            return _only([each for each in rooms if _is(each, room)], room, names, rooms)
        wanted = set(names)
        with_them = [
            each
            for each in rooms
            if wanted & ({member.name for member in each.people} | dict(each.aliases).keys())
        ]
        return _only(with_them, room, names, rooms)

    def _again(self, before: RoomReport, progress: Progress) -> RoomReport:
        """The same room after a change, which may have made it part of another."""
        return next(each for each in self.rooms(progress) if before.keys[0] in each.keys)

    def _inbox(self) -> FileStore:
        return FileStore(self._home.folder(self._home.settings().paths.raw))


def _report(
    summary: RoomSummary,
    stored: Mapping[str, StoredFile],
    confirmed: ConfirmedAliases,
    excluded: Sequence[str],
) -> RoomReport:
    names = resolve_aliases(confirmed.get(summary.keys[0], {}))
    for key in summary.keys[1:]:
        before = resolve_aliases(confirmed.get(key, {}))
        names |= {alias: names.get(name, name) for alias, name in before.items()}
    programs = set(find_bots(summary.people))
    members = tuple(
        RoomParticipant(name, count, name in programs, name in excluded)
        for name, count in summary.people.items()
    )
    files = [rename_counts(stored[each].people, names) for each in summary.files if each in stored]
    return RoomReport(
        room=summary.room,
        keys=summary.keys,
        files=len(summary.files),
        messages=summary.messages,
        repeated=summary.repeated,
        people=members,
        first=summary.first[:16].replace("T", " "),
        last=summary.last[:16].replace("T", " "),
        aliases=tuple((alias, names[alias]) for alias in sorted(names)),
        proposals=_proposals(members, files),
        lost=summary.lost,
    )


def _proposals(
    members: Sequence[RoomParticipant], files: Sequence[Mapping[str, int]]
) -> tuple[Proposal, ...]:
    found = []
    others = [member.name for member in members if not member.is_bot]
    for nickname, missing in exporter_candidates(files).items():
        likely = tuple(name for name in others if name in missing)
        rest = tuple(name for name in others if name != nickname)
        found.append(Proposal("exporter", (nickname,), likely or rest, sure=bool(likely)))
    counts = {member.name: member.messages for member in members}
    found += [Proposal("spelling", tuple(names), tuple(names)) for names in similar_names(counts)]
    programs = tuple(each.name for each in members if each.is_bot and not each.is_excluded)
    if programs:
        found.append(Proposal("bot", programs))
    return tuple(found)


def _is(room: RoomReport, wanted: str) -> bool:
    return not wanted or room_key(wanted) in room.keys


def _only(
    found: Sequence[RoomReport], wanted: str, names: Sequence[str], rooms: Sequence[RoomReport]
) -> RoomReport:
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(f"'{each.room}'" for each in found)
        raise ExportError(f"그런 방이 여럿입니다: {listed}. 어느 방인지(--room) 골라 주세요.")
    if wanted and not any(_is(each, wanted) for each in rooms):
        raise ExportError(f"'{wanted}' 이라는 방이 없습니다. 방 이름을 확인해 주세요.")
    raise ExportError(_nobody(names[0] if names else "", wanted))


def _nobody(name: str, room: str = "") -> str:
    where = f"'{room}' 방" if room else "가져온 대화"
    return f"'{name}' 이라는 사람이 {where}에 없습니다. 이름을 그대로 적었는지 확인해 주세요."
