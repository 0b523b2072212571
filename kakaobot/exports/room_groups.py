"""Groups exported files by room. Touches no file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from kakaobot.exports.aliases import Aliases, ConfirmedAliases, merge_aliases, resolve_aliases
from kakaobot.exports.clusters import Cluster, Link, join_clusters
from kakaobot.exports.participants import EXPORTER_NAMES
from kakaobot.exports.room_evidence import (
    Names,
    People,
    RoomEvidence,
    are_different_rooms,
    are_in_order,
    continuity,
    shared_messages,
)
from kakaobot.exports.room_names import file_keys, name_rooms, room_key

_NO_ALIASES: ConfirmedAliases = {}


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
    """Its name, which no other group has."""
    keys: tuple[str, ...]
    """All it can be called; aliases are confirmed under any of them, new ones under the first."""
    members: tuple[RoomFile, ...]


def group_files(
    files: Sequence[RoomEvidence], confirmed: ConfirmedAliases = _NO_ALIASES
) -> list[RoomGroup]:
    """Group files by room: named rooms in order of first appearance, then nameless ones.

    Files with the same room name from KakaoTalk belong together, unless they contradict each other.
    A nameless file, as iOS and macOS may write, belongs to the room with which it shares
    participants and several messages, or to the other parts of its export. Names of files and
    participants alone do not decide: rooms may have them in common. The order of the files does
    not matter.
    """
    aliases = {key: resolve_aliases(names) for key, names in confirmed.items()}
    grouper = _Grouper(files, aliases)
    clusters = grouper.clusters()
    while len(joined := grouper.join(clusters)) < len(clusters) and aliases:
        # What was joined shares its aliases, which may reveal more.
        clusters = joined
    groups = [sorted(cluster, key=lambda i: not files[i].has_room_name) for cluster in joined]
    groups.sort(key=lambda group: (not files[group[0]].has_room_name, min(group)))
    names = name_rooms([[files[index] for index in group] for group in groups])
    return [
        RoomGroup(name.room, name.keys, _members(group, files, name.keys, aliases))
        for group, name in zip(groups, names, strict=True)
    ]


class _Grouper:
    def __init__(self, files: Sequence[RoomEvidence], aliases: ConfirmedAliases) -> None:
        self._files = files
        self._aliases = [
            merge_aliases(aliases.get(key, {}) for key in file_keys(file)) for file in files
        ]
        """Confirmed aliases of each file."""
        self._keys = ["" if file.has_room_name else room_key(file.room) for file in files]
        """Key of each nameless file."""
        self._people = [
            _rename(file.people, names) for file, names in zip(files, self._aliases, strict=True)
        ]
        self._shared: dict[tuple[int, int, People], int] = {}
        self._named: dict[int, int] = {}
        """Named file → number of its cluster."""

    def clusters(self) -> list[Cluster]:
        """Every nameless file, and files with one room name that do not contradict each other."""
        rooms: dict[str, list[int]] = {}
        for index, file in enumerate(self._files):
            if file.has_room_name:
                rooms.setdefault(room_key(file.room), []).append(index)
        named = [cluster for indices in rooms.values() for cluster in self._split(indices)]
        self._named = {i: number for number, cluster in enumerate(named) for i in cluster}
        return named + [(i,) for i in range(len(self._files)) if i not in self._named]

    def _split(self, indices: Sequence[int]) -> list[Cluster]:
        pairs = list(combinations(indices, 2))
        excluded = {
            (i, j)
            for i, j in pairs
            if are_different_rooms(
                self._files[i], self._files[j], (self._people[i], self._people[j])
            )
        }
        if not excluded:
            return [tuple(indices)]

        def can_join(one: Cluster, other: Cluster, _: Link) -> bool:
            return not any((min(i, j), max(i, j)) in excluded for i in one for j in other)

        links = []
        for i, j in sorted(set(pairs) - excluded):
            people = self._people[i], self._people[j]
            common = people[0] & people[1]
            links.append(Link((self._count_shared(i, j, people), len(common)), i, j))
        return join_clusters([(index,) for index in indices], links, can_join)

    def join(self, clusters: Sequence[Cluster]) -> list[Cluster]:
        """Join nameless files to each other and to named ones."""
        return join_clusters(clusters, self._links(clusters), self._can_join)

    def _links(self, clusters: Sequence[Cluster]) -> Iterator[Link]:
        aliases = [merge_aliases(self._aliases[i] for i in cluster) for cluster in clusters]
        for (one, mine), (other, theirs) in combinations(zip(clusters, aliases, strict=True), 2):
            names = merge_aliases((mine, theirs)) if mine or theirs else {}
            for i in one:
                for j in other:
                    if not (i in self._named and j in self._named):
                        yield from self._links_of(i, j, names)

    def _links_of(self, i: int, j: int, names: Aliases) -> Iterator[Link]:
        """Shared messages are stronger evidence than the continuity of two parts."""
        people = self._people[i], self._people[j]
        if names:
            people = _rename(people[0], names), _rename(people[1], names)
        if shared := self._count_shared(i, j, people):
            yield Link((1, shared), i, j)
        elif self._has_same_name(i, j):
            fit = continuity(self._files[i], self._files[j], people)
            if fit is not None:
                yield Link((0, *fit), i, j)

    def _count_shared(self, i: int, j: int, people: People) -> int:
        if (i, j, people) not in self._shared:
            self._shared[i, j, people] = shared_messages(
                self._files[i], self._files[j], people, same_name=self._has_same_name(i, j)
            )
        return self._shared[i, j, people]

    def _can_join(self, one: Cluster, other: Cluster, link: Link) -> bool:
        if len({self._named[i] for i in one + other if i in self._named}) > 1:
            return False
        shares_messages = link.strength[0] == 1
        return shares_messages or all(
            are_in_order(self._files[i], self._files[j])
            for i in one
            for j in other
            if self._has_same_name(i, j)
        )

    def _has_same_name(self, i: int, j: int) -> bool:
        """Whether both files are nameless and were named alike, as the parts of one export."""
        return self._keys[i] == self._keys[j] != ""


def _rename(people: Collection[str], names: Aliases) -> Names:
    return frozenset(names.get(name, name) for name in people)


def _members(
    cluster: Sequence[int],
    files: Sequence[RoomEvidence],
    keys: Collection[str],
    aliases: ConfirmedAliases,
) -> tuple[RoomFile, ...]:
    """The files with their names.

    Aliases count for all files of the room, those of a file's own keys first. Only the nickname of
    the exporter in a nameless file means somebody else in a file with a room name, which another
    phone may have exported.
    """
    named = {key for i in cluster if files[i].has_room_name for key in file_keys(files[i])}

    def names(file: RoomEvidence) -> Aliases:
        own = set(file_keys(file))
        maps = []
        for key in sorted(keys, key=lambda key: key not in own):
            is_known = key in own or key in named or not file.has_room_name
            known = aliases.get(key, {})
            hidden = () if is_known else EXPORTER_NAMES
            maps.append({alias: name for alias, name in known.items() if alias not in hidden})
        return merge_aliases(maps)

    return tuple(RoomFile(index, names(files[index])) for index in cluster)
