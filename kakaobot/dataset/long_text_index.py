"""Indexes the long turns of all rooms chronologically, for the duplicate filters."""

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

_MICROSECOND = timedelta(microseconds=1)
_TEXTS_PER_BLOCK = 4096


class LongTurn(NamedTuple):
    room: str
    position: int
    """Index of the turn in its room."""
    sender: str
    letters: int
    """Length after `normalize_letters`."""


class LongTextIndex:
    """Texts are spilled to disk; turns are added room by room, in chronological order."""

    def __init__(self) -> None:
        self._rooms: dict[str, _LongTexts] = {}
        self._sender_numbers: dict[str, int] = {}
        self._senders: list[str] = []
        self._room_names: list[str] = []
        self._order: list[array[int]] = [array("I"), array("I")]
        """Number of the room, and index in `_LongTexts`, of each text that `texts` yielded."""
        self._letters = array("I")

    def add(self, room: str, position: int, turn: Turn) -> None:
        """Add a turn if it is long.

        Raises:
            DatasetError: the disk is full.
        """
        if sum(map(len, turn.lines)) < MIN_LETTERS:
            return
        if room not in self._rooms:
            self._rooms[room] = _LongTexts()
        texts = self._rooms[room]
        texts.positions.append(position)
        if turn.sender not in self._sender_numbers:
            self._sender_numbers[turn.sender] = len(self._senders)
            self._senders.append(turn.sender)
        texts.senders.append(self._sender_numbers[turn.sender])
        texts.times.append((turn.start - datetime.min) // _MICROSECOND)
        texts.texts.append(turn.text)

    def texts(self) -> Iterator[str]:
        """Yield all normalized texts by time, then by room name."""
        self._room_names = sorted(self._rooms)
        self._order, self._letters = [array("I"), array("I")], array("I")
        streams = (
            zip(texts.times, repeat(number), count(), texts.texts)
            for number, texts in enumerate(map(self._rooms.__getitem__, self._room_names))
        )
        for _, room, index, text in heapq.merge(*streams):
            self._order[0].append(room)
            self._order[1].append(index)
            normalized = normalize_letters(text)
            self._letters.append(len(normalized))
            yield normalized

    def room_texts(self, room: str) -> Iterator[tuple[int, str]]:
        """Yield position and text of one room's long turns, by time."""
        if texts := self._rooms.get(room):
            yield from zip(texts.positions, texts.texts, strict=True)

    def room_positions(self, room: str) -> Iterable[int]:
        """Positions of one room's long turns."""
        return self._rooms[room].positions if room in self._rooms else ()

    def turn(self, number: int) -> LongTurn:
        """The turn whose text `texts` yielded at index `number`."""
        room, index = self._room_names[self._order[0][number]], self._order[1][number]
        texts = self._rooms[room]
        sender = self._senders[texts.senders[index]]
        return LongTurn(room, texts.positions[index], sender, self._letters[number])


class _LongTexts:
    """Columns of one room's long turns."""

    def __init__(self) -> None:
        self.positions = array("I")
        self.senders = array("I")
        self.times = array("q")
        self.texts = DiskList[str](_TEXTS_PER_BLOCK)
