"""Who speaks in a room, and how much of it can be learnt. Read once, until something changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from kakaobot.config import Home
from kakaobot.dataset.filters import filter_messages
from kakaobot.dataset.participant_stats import Advice, ParticipantStats, participant_stats
from kakaobot.dataset.pipeline import rules_of, turns_in
from kakaobot.dataset.pseudonyms import PseudonymStore
from kakaobot.dataset.sessions import Sessions, split_sessions
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.histories import RoomHistories
from kakaobot.exports.merge import RoomHistory
from kakaobot.schema import Message, Progress, no_progress
from kakaobot.settings import DataSettings

_ASIDE = {"room": "", "persona": "", "exclude_people": (), "pseudonyms": False, "val_ratio": 0.1}
"""What of the settings changes nothing in who speaks."""
_READING, _CLEANING = 0.12, 0.4
"""The shares at which reading the rooms, and taking their turns apart, is done."""
_BEAT = 20_000
"""Messages between two words of progress: half a second."""


@dataclass(frozen=True)
class ParticipantSummary:
    name: str
    messages: int
    replies: int
    """Turns that can be learnt."""
    median_chars: float
    """Of those replies."""
    answers: float = 0.0
    """Share of the turns (0 to 1) that follow somebody else's."""
    noise: float = 0.0
    """Share of the turns (0 to 1) that is not learnt."""
    advice: Advice = "enough"
    sentence: str = ""
    """The advice in Korean."""
    is_excluded: bool = False
    pseudonym: str = ""
    """What the person is called in the data; empty where that is the name."""


class ParticipantStatsCache:
    def __init__(self, home: Home) -> None:
        self._home = home
        self._known: tuple[object, dict[str, list[ParticipantSummary]]] = None, {}
        """What was true of the exports and the settings then, and who spoke in each room."""
        self._lock = threading.Lock()

    def people(self, room: str = "", progress: Progress = no_progress) -> list[ParticipantSummary]:
        """Who speaks in a room (all rooms where it is empty).

        Most replies first, and last of all who is left out of the data.

        Args:
            room: its name.
            progress: told while the room is read, which is done once only.

        Raises:
            ExportError: a file of the room was damaged.
            DatasetError: the invented names cannot be read or written.
        """
        data = self._home.settings().data
        found = self._figures(room, data, progress)
        invented = {}
        if data.pseudonyms:
            invented = PseudonymStore(self._home).names(person.name for person in found)
        people = [
            replace(
                person,
                is_excluded=person.name in data.exclude_people,
                pseudonym=invented.get(person.name, ""),
            )
            for person in found
        ]
        return sorted(people, key=lambda person: person.is_excluded)

    def _figures(
        self, room: str, data: DataSettings, progress: Progress
    ) -> list[ParticipantSummary]:
        # Two windows that ask at once wait for one reading.
        with self._lock:
            now = RoomHistories(self._inbox()).version(), data.model_copy(update=_ASIDE)
            before, known = self._known
            if before != now:
                known = {}
                self._known = now, known
            if room not in known:
                known[room] = [_person(each) for each in self._speakers(room, data, progress)]
            return known[room]

    def _speakers(
        self, room: str, data: DataSettings, progress: Progress
    ) -> list[ParticipantStats]:
        inbox = RoomHistories(self._inbox())
        histories = inbox.histories(room, _part(progress, 0, _READING))
        gap = timedelta(minutes=data.session_gap_minutes)
        rooms: dict[str, Sessions] = {}
        step = (_CLEANING - _READING) / max(1, len(histories))
        for number in range(len(histories)):
            history, histories[number] = histories[number], RoomHistory("", ())
            start = _READING + step * number
            messages = _counted(history, _part(progress, start, start + step))
            turns = turns_in(filter_messages(messages), data)
            rooms[str(number)] = sessions = Sessions(history.room)
            for session in split_sessions(history.room, turns, gap=gap):
                sessions.add(session)
        names = {name for sessions in rooms.values() for name in sessions.people}
        rest = _part(progress, _CLEANING, 1)
        return participant_stats(rooms, rules_of(data, names), progress=rest)

    def _inbox(self) -> FileStore:
        return FileStore(self._home.folder(self._home.settings().paths.raw))


def _part(progress: Progress, start: float, end: float) -> Progress:
    """What is told as its part of the whole, from one share to another."""
    return lambda share, words: progress(start + (end - start) * share, words)


def _counted(history: RoomHistory, progress: Progress) -> Iterator[Message]:
    """The messages; how many are gone is told now and then."""
    for number, message in enumerate(history.messages):
        if number % _BEAT == 0:
            share = number / len(history.messages)
            progress(share, f"'{history.room}' 에서 누가 말하는지 살펴보는 중")
        yield message


def _person(who: ParticipantStats) -> ParticipantSummary:
    return ParticipantSummary(
        name=who.name,
        messages=who.messages,
        replies=who.replies,
        median_chars=who.median_chars,
        answers=who.answers,
        noise=who.noise,
        advice=who.advice,
        sentence=who.sentence,
    )
