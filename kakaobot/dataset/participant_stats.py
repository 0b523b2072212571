"""Participants of the rooms: how many usable replies each has, and whether to train on them."""

from __future__ import annotations

import statistics
import threading
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from itertools import count
from typing import Literal

from kakaobot.config import Home
from kakaobot.dataset.backchannels import BackchannelIndex
from kakaobot.dataset.bot_detection import BotDetector
from kakaobot.dataset.filters import FilterRules, filter_messages
from kakaobot.dataset.pseudonyms import PseudonymStore
from kakaobot.dataset.sessions import Sessions, masked_turns, split_sessions
from kakaobot.dataset.target_selection import select_targets
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.histories import RoomHistories
from kakaobot.exports.merge import RoomHistory
from kakaobot.language import tr
from kakaobot.schema import Message, Progress, Turn, no_progress
from kakaobot.settings import DataSettings

Advice = Literal["enough", "few", "bot"]

ENOUGH_REPLIES = 200
"""With fewer, a small LoRA repeats the ones it saw, as public chat clones show."""
_IRRELEVANT_SETTINGS = {
    "room": "",
    "persona": "",
    "exclude_people": (),
    "pseudonyms": False,
    "val_ratio": 0.1,
}
"""Settings that do not affect the statistics, with a fixed value for the cache key."""
_READ_DONE, _TURNS_DONE = 0.12, 0.4
"""Overall progress once the rooms are read, and once they are cut into turns."""
_FILTERED, _COUNTED = 0.4, 0.8
"""Progress of `participant_stats` once turns are filtered, and once they are counted."""
_TURNS_PER_UPDATE = 10_000
_MESSAGES_PER_UPDATE = 20_000
"""Half a second of work."""


@dataclass(frozen=True)
class ParticipantStats:
    name: str
    messages: int
    replies: int
    """Turns usable as training targets."""
    median_chars: float
    """Median length of the usable replies; 0 without any."""
    answer_share: float = 0.0
    """Share of the turns (0 to 1) that follow somebody else's within the session."""
    filtered_share: float = 0.0
    """Share of the turns (0 to 1) removed by the filters and the backchannel cap."""
    advice: Advice = "enough"
    sentence: str = ""
    """The advice in Korean."""
    is_excluded: bool = False
    pseudonym: str = ""
    """Name in the training data; empty without pseudonyms."""


_KEYS = {"answer_share": "answers", "filtered_share": "noise"}
"""Attribute → JSON key, where the two differ."""


def stats_to_json(stats: ParticipantStats | None) -> dict[str, object]:
    """JSON object of a participant; all values are None if there are no statistics."""
    return {
        _KEYS.get(field.name, field.name): getattr(stats, field.name) if stats else None
        for field in fields(ParticipantStats)
    }


class ParticipantStatsCache:
    """Statistics of a home's rooms, computed once per state of exports and settings."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._version: object = None
        self._rooms: dict[str, list[ParticipantStats]] = {}
        """Room → participants, as of `_version`."""
        self._lock = threading.Lock()

    def participants(
        self, room: str = "", progress: Progress = no_progress
    ) -> list[ParticipantStats]:
        """Participants with the most usable replies first, excluded ones last.

        Args:
            room: name of the room; empty for all rooms.
            progress: called while a room is read.

        Raises:
            ExportError: a file of the room is damaged.
            DatasetError: the pseudonyms cannot be read or written.
        """
        data = self._home.settings().data
        stats = self._cached(room, data, progress)
        pseudonyms = {}
        if data.pseudonyms:
            pseudonyms = PseudonymStore(self._home).names(participant.name for participant in stats)
        participants = [
            replace(
                participant,
                is_excluded=participant.name in data.exclude_people,
                pseudonym=pseudonyms.get(participant.name, ""),
            )
            for participant in stats
        ]
        return sorted(participants, key=lambda participant: participant.is_excluded)

    def _cached(self, room: str, data: DataSettings, progress: Progress) -> list[ParticipantStats]:
        # Held while computing, so that concurrent callers wait for one computation.
        with self._lock:
            version = self._histories().version(), data.model_copy(update=_IRRELEVANT_SETTINGS)
            if version != self._version:
                self._version, self._rooms = version, {}
            if room not in self._rooms:
                self._rooms[room] = self._compute(room, data, progress)
            return self._rooms[room]

    def _compute(self, room: str, data: DataSettings, progress: Progress) -> list[ParticipantStats]:
        histories = self._histories().histories(room, _subprogress(progress, 0, _READ_DONE))
        gap = timedelta(minutes=data.session_gap_minutes)
        rooms: dict[str, Sessions] = {}
        step = (_TURNS_DONE - _READ_DONE) / max(1, len(histories))
        for number in range(len(histories)):
            # Frees each history once it is on disk as sessions.
            history, histories[number] = histories[number], RoomHistory("", ())
            start = _READ_DONE + step * number
            messages = _with_progress(history, _subprogress(progress, start, start + step))
            turns = masked_turns(filter_messages(messages), data)
            rooms[str(number)] = sessions = Sessions(history.room)
            for session in split_sessions(history.room, turns, gap=gap):
                sessions.add(session)
        names = {name for sessions in rooms.values() for name in sessions.senders}
        rules = FilterRules.from_settings(data, names)
        return participant_stats(rooms, rules, progress=_subprogress(progress, _TURNS_DONE, 1))

    def _histories(self) -> RoomHistories:
        return RoomHistories(FileStore(self._home.folder(self._home.settings().paths.raw)))


def participant_stats(
    rooms: Mapping[str, Sessions],
    rules: FilterRules,
    *,
    enough: int = ENOUGH_REPLIES,
    progress: Progress = no_progress,
) -> list[ParticipantStats]:
    """Statistics of every participant, most usable replies first, then by name.

    Args:
        rooms: room → its sessions.
        rules: filters as for training; `rules.bots` are bots by name.
        enough: usable replies that make training worthwhile.
        progress: called with the share done.
    """
    counts = _count_turns(rooms, rules, progress)
    stats = []
    for number, (name, participant) in enumerate(counts.items()):
        progress(_COUNTED + (1 - _COUNTED) * number / len(counts), tr("봇이 있는지 살펴보는 중"))
        stats.append(_summarize(name, participant, rules, enough))
    return sorted(stats, key=lambda participant: (-participant.replies, participant.name))


class _ParticipantCounts:
    """Accumulates one participant's turns: a sample, and a few bytes per turn."""

    def __init__(self) -> None:
        self.turns = self.messages = self.answers = 0
        self.sizes = array("I")
        """Characters of the turns that pass the filters."""
        self.backchannels = BackchannelIndex()
        """The same turns, by their index in `sizes`."""
        self.bot_detector = BotDetector()

    def add(self, room: str, turn: Turn, *, is_answer: bool, is_target: bool) -> None:
        self.turns += 1
        self.messages += len(turn.lines)
        self.answers += is_answer
        self.bot_detector.add(turn)
        if is_target:
            self.backchannels.add(len(self.sizes), room, turn)
            self.sizes.append(len(turn.text))


def _count_turns(
    rooms: Mapping[str, Sessions], rules: FilterRules, progress: Progress
) -> dict[str, _ParticipantCounts]:
    progress(0.0, tr("배우지 않을 말을 가려내는 중"))
    # The cap depends on the persona, so it is applied per participant.
    selections = select_targets(
        {room: sessions.turns for room, sessions in rooms.items()}, rules, cap_backchannels=False
    )
    counts: dict[str, _ParticipantCounts] = {}
    progress(_FILTERED, tr("배울 수 있는 대답을 세는 중"))
    done, total = 0, sum(sessions.turn_count for sessions in rooms.values())
    for room, sessions in rooms.items():
        reasons, positions = selections[room].reasons, count()
        for session in sessions:
            if (
                done // _TURNS_PER_UPDATE
                != (done := done + len(session.turns)) // _TURNS_PER_UPDATE
            ):
                share = _FILTERED + (_COUNTED - _FILTERED) * done / total
                progress(share, tr("배울 수 있는 대답을 세는 중"))
            previous = ""
            for turn in session.turns:
                if turn.sender not in counts:
                    counts[turn.sender] = _ParticipantCounts()
                counts[turn.sender].add(
                    room,
                    turn,
                    is_answer=previous not in ("", turn.sender),
                    is_target=next(positions) not in reasons,
                )
                previous = turn.sender
    return counts


def _summarize(
    name: str, counts: _ParticipantCounts, rules: FilterRules, enough: int
) -> ParticipantStats:
    capped = set(counts.backchannels.surplus(rules.low_signal_share))
    sizes = [size for index, size in enumerate(counts.sizes) if index not in capped]
    answer_share = counts.answers / counts.turns
    is_bot_by_name = name in rules.bots
    if is_bot_by_name or counts.bot_detector.is_bot(answer_share):
        reason = tr("이름이 봇") if is_bot_by_name else tr("같은 틀의 말을 기계처럼 되풀이")
        advice: Advice = "bot"
        sentence = tr("봇으로 보임 ({reason}): 배우지 말고 빼는 것이 좋습니다.").format(
            reason=reason
        )
    elif len(sizes) < enough:
        advice = "few"
        sentence = tr("부족: 배울 대답이 {enough:,}개 더 필요합니다.").format(
            enough=enough - len(sizes)
        )
    else:
        advice, sentence = (
            "enough",
            tr("충분: 배울 대답이 {sizes:,}개 있습니다.").format(sizes=len(sizes)),
        )
    return ParticipantStats(
        name=name,
        messages=counts.messages,
        replies=len(sizes),
        median_chars=statistics.median(sizes) if sizes else 0.0,
        answer_share=answer_share,
        filtered_share=1 - len(sizes) / counts.turns,
        advice=advice,
        sentence=sentence,
    )


def _subprogress(progress: Progress, start: float, end: float) -> Progress:
    """Progress of a part that covers `start` to `end` of the whole."""
    return lambda share, text: progress(start + (end - start) * share, text)


def _with_progress(history: RoomHistory, progress: Progress) -> Iterator[Message]:
    for number, message in enumerate(history.messages):
        if number % _MESSAGES_PER_UPDATE == 0:
            share = number / len(history.messages)
            progress(share, tr("'{room}' 에서 누가 말하는지 살펴보는 중").format(room=history.room))
        yield message
