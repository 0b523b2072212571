"""The turns of all rooms that are long enough to be told apart, by time. Judges none."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import count, repeat
from typing import NamedTuple

from kakaobot.dataset.duplicates import MIN_LETTERS, normalize_letters
from kakaobot.disk_list import DiskList
from kakaobot.schema import Turn

_MOMENT = timedelta(microseconds=1)
_AT_ONCE = 4096
"""Texts that are read together."""


class LongTurn(NamedTuple):
    room: str
    place: int
    sender: str
    letters: int
    """Of its normal form."""


class LongTextIndex:
    """Those that are added, room by room and in each room by time."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Room] = {}
        self._senders: dict[str, int] = {}
        self._people: list[str] = []
        self._names: list[str] = []
        """Of the rooms, as `texts` went through them."""
        self._order: list[array[int]] = [array("I"), array("I")]
        """Of each text that was given out the number of its room, and where it is in it."""
        self._letters = array("I")

    def add(self, room: str, place: int, turn: Turn) -> None:
        """One more, if it is long; raises DatasetError where the disk is full."""
        if sum(map(len, turn.lines)) < MIN_LETTERS:
            return
        if room not in self._rooms:
            self._rooms[room] = _Room()
        kept = self._rooms[room]
        kept.places.append(place)
        if turn.sender not in self._senders:
            self._senders[turn.sender] = len(self._people)
            self._people.append(turn.sender)
        kept.senders.append(self._senders[turn.sender])
        kept.moments.append((turn.start - datetime.min) // _MOMENT)
        kept.texts.append(turn.text)

    def texts(self) -> Iterator[str]:
        """The normal form of what they say, by time, and in one moment by the rooms' names."""
        self._names = sorted(self._rooms)
        self._order, self._letters = [array("I"), array("I")], array("I")
        parts = (
            zip(kept.moments, repeat(number), count(), kept.texts)
            for number, kept in enumerate(map(self._rooms.__getitem__, self._names))
        )
        for _, room, index, text in heapq.merge(*parts):
            self._order[0].append(room)
            self._order[1].append(index)
            plain = normalize_letters(text)
            self._letters.append(len(plain))
            yield plain

    def room_texts(self, room: str) -> Iterator[tuple[int, str]]:
        """Place and text of those of one room, by time."""
        if kept := self._rooms.get(room):
            yield from zip(kept.places, kept.texts, strict=True)

    def places(self, room: str) -> Iterable[int]:
        """The places alone."""
        return self._rooms[room].places if room in self._rooms else ()

    def turn(self, number: int) -> LongTurn:
        """One of those that `texts` gave out."""
        name, index = self._names[self._order[0][number]], self._order[1][number]
        kept = self._rooms[name]
        sender = self._people[kept.senders[index]]
        return LongTurn(name, kept.places[index], sender, self._letters[number])


class _Room:
    def __init__(self) -> None:
        self.places = array("I")
        self.senders = array("I")
        self.moments = array("q")
        self.texts = DiskList[str](_AT_ONCE)
