"""What shows that two exported files are of one room, or of two. Touches no file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from kakaobot.exports.message_fingerprints import (
    Fingerprints,
    all_fingerprints,
    count_comparable,
    share_hardly_any,
)
from kakaobot.exports.participants import EXPORTER_NAMES

_MIN_SHARED_SAME_PEOPLE, _MIN_SHARED = 2, 3
"""Shared fingerprints needed if participants are the same, and if one file has fewer."""
_MIN_SHARE = 4
"""At least one in this many comparable fingerprints must also be shared."""
_MIN_COMPARABLE, _MAX_ACCIDENTAL = 6, 20
"""Fingerprints needed to tell two rooms apart, and one in how many they may share by accident."""
_MAX_DISORDER = timedelta(days=1)
"""By how much the parts of one export may overlap, as some messages are out of order."""

Names = frozenset[str]
People = tuple[Names, Names]


@dataclass(frozen=True)
class RoomEvidence:
    """Properties of a file that show which room it belongs to."""

    room: str
    has_room_name: bool
    """Whether KakaoTalk wrote the room's name."""
    people: Mapping[str, int]
    """Most active first."""
    fingerprints: Fingerprints
    first: str
    """ISO time of the first sent message."""
    last: str
    part: int = 1
    hash: str = ""
    """Identifies the content."""

    @cached_property
    def all_fingerprints(self) -> frozenset[int]:
        return all_fingerprints(self.fingerprints)


def shared_messages(
    one: RoomEvidence, other: RoomEvidence, people: People, *, same_name: bool
) -> int:
    """Shared fingerprints if they suffice to join the files to one room, otherwise 0.

    Args:
        one: a file.
        other: another one.
        people: the participants of both under one set of names.
        same_name: whether the files were named alike, so that less evidence suffices.
    """
    mine, theirs = people
    if not _fit(mine, theirs, same_name=same_name):
        return 0
    if same_name and _are_copies(one, other):
        return max(1, len(one.all_fingerprints))
    shared = len(one.all_fingerprints & other.all_fingerprints)
    needed = _MIN_SHARED_SAME_PEOPLE if mine == theirs else _MIN_SHARED
    whole = min(len(one.all_fingerprints), len(other.all_fingerprints))
    if same_name:
        # An export that the other one contains as a whole may be shorter.
        needed = min(needed, max(1, whole))
    if shared < needed:
        return 0
    if shared * _MIN_SHARE >= whole:
        return shared
    comparable = count_comparable(one.fingerprints, other.fingerprints)
    return shared if shared * _MIN_SHARE >= comparable else 0


def _are_copies(one: RoomEvidence, other: RoomEvidence) -> bool:
    """Whether the files hold the same messages, perhaps in another encoding."""
    return (
        (one.first, one.last) == (other.first, other.last)
        and one.people == other.people
        and one.fingerprints == other.fingerprints
    )


def _fit(mine: Names, theirs: Names, *, same_name: bool) -> bool:
    """Whether the participants can be those of one room."""
    has_exporter = bool(EXPORTER_NAMES & (mine ^ theirs))
    if mine == theirs:
        return True
    mine, theirs = mine - EXPORTER_NAMES, theirs - EXPORTER_NAMES
    if same_name:
        return bool(mine & theirs) or has_exporter
    return (mine <= theirs or theirs <= mine) and len(mine & theirs) + has_exporter >= 2


def are_different_rooms(one: RoomEvidence, other: RoomEvidence, people: People) -> bool:
    """Whether two files with the same room name contradict each other.

    Both files contain everything that was said while their periods overlap. They contradict each
    other if they have no participant in common then, or hardly a message on the days within both.
    """
    start, stop = max(one.first, other.first), min(one.last, other.last)
    if start >= stop:
        return False
    mine, theirs = people
    if mine and theirs and not (mine & theirs or EXPORTER_NAMES & (mine ^ theirs)):
        return True
    days = (
        day
        for day in one.fingerprints
        if start[:10] < day < stop[:10] and day in other.fingerprints
    )
    return share_hardly_any(
        one.fingerprints,
        other.fingerprints,
        days,
        least=_MIN_COMPARABLE,
        accidental=_MAX_ACCIDENTAL,
    )


def continuity(
    one: RoomEvidence, other: RoomEvidence, people: People
) -> tuple[float, timedelta] | None:
    """How well two parts of one export fit together, more is better; None if they do not.

    They must share participants, and follow each other in time as their numbers do.
    """
    mine, theirs = people
    if one.part == other.part:
        return None
    common = mine & theirs
    is_enough = len(common) >= 2 or (common and common in (mine, theirs))
    if not is_enough or not are_in_order(one, other):
        return None
    earlier, later = sorted((one, other), key=lambda file: file.part)
    gap = abs(datetime.fromisoformat(later.first) - datetime.fromisoformat(earlier.last))
    return len(common) / len(mine | theirs), -gap


def are_in_order(one: RoomEvidence, other: RoomEvidence) -> bool:
    """Whether the files can be two parts of one export."""
    earlier, later = sorted((one, other), key=lambda file: file.part)
    overlap = datetime.fromisoformat(earlier.last) - datetime.fromisoformat(later.first)
    return earlier.part < later.part and overlap <= _MAX_DISORDER
