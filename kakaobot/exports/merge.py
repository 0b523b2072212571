"""Several exports of one room → one history. Knows messages only; touches no file."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

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

    Overlap is found minute by minute, since text exports know no seconds: of the messages equal in
    minute, sender and text, as many are kept as the export with most of them holds. Real repeats
    within one export so survive, and an export read twice adds nothing.
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
    kept: list[Message] = []
    have: Counter[tuple[datetime, str, str]] = Counter()
    for export in sorted(exports, key=_precision, reverse=True):
        seen: Counter[tuple[datetime, str, str]] = Counter()
        for message in export.messages:
            key = _key(message)
            seen[key] += 1
            if seen[key] > have[key]:
                have[key] += 1
                kept.append(message)
    return History(room, tuple(replace(m, room=room) for m in _in_order(kept)))


def _key(message: Message) -> tuple[datetime, str, str]:
    # Windows writes no time for system lines, so only their day can be compared.
    at = message.at.replace(second=0, microsecond=0)
    at = at if message.sender else at.replace(hour=0, minute=0)
    return at, message.sender, message.text.strip()


def _precision(export: Export) -> bool:
    """Whether it knows seconds: what it holds then goes before the same minute of others."""
    return any(message.at.second for message in export.messages)


def _in_order(messages: Sequence[Message]) -> list[Message]:
    """Stable, and by minute only where seconds are unknown on either side."""
    return sorted(messages, key=lambda message: message.at.replace(second=0, microsecond=0))
