"""Names and exclusions of participants. Proposes corrections; applies only confirmed ones."""

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
    merge_aliases,
    remove_alias,
    resolve_aliases,
)
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.histories import RoomHistories, RoomSummary
from kakaobot.exports.manifest import StoredFile
from kakaobot.exports.participants import (
    exporter_candidates,
    find_bots,
    rename_counts,
    similar_names,
)
from kakaobot.exports.room_names import find_namesakes, room_key
from kakaobot.language import tr
from kakaobot.runs.labels import minute_text
from kakaobot.schema import Progress, no_progress


@dataclass(frozen=True)
class RoomParticipant:
    name: str
    messages: int
    is_bot: bool = False
    """Guessed from the name."""
    is_excluded: bool = False


@dataclass(frozen=True)
class Proposal:
    """A correction for the user to confirm."""

    kind: Literal["exporter", "spelling", "bot"]
    names: tuple[str, ...]
    """The exporter's nickname, the spellings of one name, or all bots."""
    candidates: tuple[str, ...] = ()
    """Names to merge them into, likeliest first."""
    is_likely: bool = True
    """False if the candidates are simply all other names of the room."""


@dataclass(frozen=True)
class RoomReport:
    """A room after merging its exports."""

    room: str
    keys: tuple[str, ...]
    """All it can be called; new aliases are stored under the first."""
    files: int
    messages: int
    repeated: int
    """Duplicates dropped when merging the files."""
    participants: tuple[RoomParticipant, ...]
    """Most messages first."""
    first: str
    """`2026-03-01 12:30`."""
    last: str
    aliases: tuple[tuple[str, str], ...] = ()
    """Confirmed (alias, name) pairs."""
    proposals: tuple[Proposal, ...] = ()
    damage_notices: tuple[str, ...] = ()
    """Korean sentences on damaged files, which the report excludes."""


class Participants:
    """Manages the participants of one home."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def rooms(self, progress: Progress = no_progress) -> list[RoomReport]:
        """Report on all rooms. Reads the exports only if files or aliases have changed.

        Raises:
            ExportError: no imported file is intact, or the aliases cannot be read.
        """
        store = self._file_store()
        summaries = RoomHistories(store).summaries(progress)
        stored = {file.hash: file for file in store.list_files()}
        excluded = self._home.settings().data.exclude_people
        confirmed = store.load_aliases()
        return [_report(summary, stored, confirmed, excluded) for summary in summaries]

    def merge_names(
        self, name: str, others: Sequence[str], *, room: str = "", progress: Progress = no_progress
    ) -> RoomReport:
        """Make `others` aliases of `name`.

        Args:
            name: an existing or a new name.
            others: names or aliases in the room.
            room: name or key of the room; optional if only one room has these names.
            progress: called while the room is merged again.

        Raises:
            ExportError: the room or a name is unknown, the room is ambiguous, or a name is already
                an alias of another.
        """
        report = self._find_room(room, others)
        names = [participant.name for participant in report.participants]
        others = [other for other in others if other != name]
        self._check_exclusions(name, others)
        for other in others:
            if other not in names and other not in dict(report.aliases):
                raise ExportError(_unknown_name(other, report.room))
        name = name if name in names else clean_name(name)
        self._file_store().update_aliases(
            report.keys[0], lambda aliases: add_aliases(aliases, name, others)
        )
        self._rename_persona(report, name, others)
        return self._refresh(report, progress)

    def unmerge_name(
        self, alias: str, *, room: str = "", progress: Progress = no_progress
    ) -> RoomReport:
        """Remove one confirmed alias.

        Raises:
            ExportError: the alias is unknown, or several rooms have it.
        """
        store = self._file_store()
        confirmed = store.load_aliases()
        rooms = self.rooms()
        matches = [
            report for report in rooms if alias in dict(report.aliases) and _is_room(report, room)
        ]
        report = _single(matches, room, [alias], rooms)
        for key in report.keys:
            if alias in confirmed.get(key, {}):
                store.update_aliases(key, lambda aliases: remove_alias(aliases, alias))
        return self._refresh(report, progress)

    def exclude(self, names: Sequence[str]) -> list[str]:
        """Exclude participants from the training data; returns all excluded names.

        Raises:
            ExportError: a name is in no room.
        """
        known = {participant.name for room in self.rooms() for participant in room.participants}
        for name in names:
            if name not in known:
                raise ExportError(_unknown_name(name))
        return self._save_excluded([*self._home.settings().data.exclude_people, *names])

    def include(self, names: Sequence[str]) -> list[str]:
        """Undo `exclude`; returns the names still excluded.

        Raises:
            ConfigError: a name was not excluded.
        """
        excluded = self._home.settings().data.exclude_people
        for name in names:
            if name not in excluded:
                raise ConfigError(
                    tr("'{name}' 님은 빼기로 한 사람이 아닙니다. 이름을 확인해 주세요.").format(
                        name=name
                    )
                )
        return self._save_excluded([name for name in excluded if name not in names])

    def _save_excluded(self, names: Sequence[str]) -> list[str]:
        unique = list(dict.fromkeys(names))
        save(self._home.settings_file, {"data.exclude_people": unique})
        return unique

    def _check_exclusions(self, name: str, others: Sequence[str]) -> None:
        """Reject a merge that would include an excluded participant under another name."""
        excluded = self._home.settings().data.exclude_people
        readded = [other for other in others if other in excluded and name not in excluded]
        if readded:
            raise ExportError(
                tr(
                    "'{readded}' 님은 빼기로 한 사람이라 합치지 않았습니다. 다시 배우게 한 다음 "
                    "합쳐 주세요."
                ).format(readded=readded[0])
            )

    def _rename_persona(self, report: RoomReport, name: str, others: Sequence[str]) -> None:
        """Update the selected persona if its name has become an alias."""
        data = self._home.settings().data
        if data.persona in others and _is_room(report, data.room):
            save(self._home.settings_file, {"data.persona": name})

    def _find_room(self, room: str, names: Sequence[str]) -> RoomReport:
        """The room with this name or key, or else the only one with any of `names`."""
        rooms = self.rooms()
        if room:
            matches = [report for report in rooms if _is_room(report, room)]
        else:
            matches = [report for report in rooms if not _names_of(report).isdisjoint(names)]
        return _single(matches, room, names, rooms)

    def _refresh(self, report: RoomReport, progress: Progress) -> RoomReport:
        """Report on the room again; the change may have merged it with another."""
        return next(room for room in self.rooms(progress) if report.keys[0] in room.keys)

    def _file_store(self) -> FileStore:
        return FileStore(self._home.folder(self._home.settings().paths.raw))


def _report(
    summary: RoomSummary,
    stored: Mapping[str, StoredFile],
    confirmed: ConfirmedAliases,
    excluded: Sequence[str],
) -> RoomReport:
    aliases = merge_aliases(resolve_aliases(confirmed.get(key, {})) for key in summary.keys)
    bots = set(find_bots(summary.people))
    participants = tuple(
        RoomParticipant(name, count, is_bot=name in bots, is_excluded=name in excluded)
        for name, count in summary.people.items()
    )
    file_counts = [
        rename_counts(stored[hash].people, aliases) for hash in summary.files if hash in stored
    ]
    return RoomReport(
        room=summary.room,
        keys=summary.keys,
        files=len(summary.files),
        messages=summary.messages,
        repeated=summary.repeated,
        participants=participants,
        first=minute_text(summary.first),
        last=minute_text(summary.last),
        aliases=tuple((alias, aliases[alias]) for alias in sorted(aliases)),
        proposals=_proposals(participants, file_counts),
        damage_notices=summary.lost,
    )


def _proposals(
    participants: Sequence[RoomParticipant], file_counts: Sequence[Mapping[str, int]]
) -> tuple[Proposal, ...]:
    proposals = []
    humans = [participant.name for participant in participants if not participant.is_bot]
    for nickname, missing in exporter_candidates(file_counts).items():
        likely = tuple(name for name in humans if name in missing)
        others = tuple(name for name in humans if name != nickname)
        proposals.append(
            Proposal("exporter", (nickname,), likely or others, is_likely=bool(likely))
        )
    counts = {participant.name: participant.messages for participant in participants}
    for names in similar_names(counts):
        proposals.append(Proposal("spelling", tuple(names), tuple(names)))
    bots = tuple(
        participant.name
        for participant in participants
        if participant.is_bot and not participant.is_excluded
    )
    if bots:
        proposals.append(Proposal("bot", bots))
    return tuple(proposals)


def _is_room(report: RoomReport, room: str) -> bool:
    return not room or room_key(room) in report.keys


def _names_of(report: RoomReport) -> set[str]:
    """Names and aliases."""
    return {participant.name for participant in report.participants} | dict(report.aliases).keys()


def _single(
    matches: Sequence[RoomReport], room: str, names: Sequence[str], rooms: Sequence[RoomReport]
) -> RoomReport:
    """The only match.

    Raises:
        ExportError: there is none, or there are several.
    """
    if len(matches) == 1:
        return matches[0]
    if room and not matches:
        namesakes = find_namesakes([report.room for report in rooms], room)
        matches = [report for report in rooms if report.room in namesakes]
    if matches:
        listed = ", ".join(f"'{report.room}'" for report in matches)
        raise ExportError(
            tr("그런 방이 여럿입니다: {listed}. 어느 방인지(--room) 골라 주세요.").format(
                listed=listed
            )
        )
    if room and not any(_is_room(report, room) for report in rooms):
        raise ExportError(
            tr("'{room}' 이라는 방이 없습니다. 방 이름을 확인해 주세요.").format(room=room)
        )
    raise ExportError(_unknown_name(names[0] if names else "", room))


def _unknown_name(name: str, room: str = "") -> str:
    where = tr("'{room}' 방").format(room=room) if room else tr("가져온 대화")
    return tr(
        "'{name}' 이라는 사람이 {where}에 없습니다. 이름을 그대로 적었는지 확인해 주세요."
    ).format(name=name, where=where)
