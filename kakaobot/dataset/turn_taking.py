"""How a room takes turns: pauses, shares, openings and silence, as counts of its sessions.

Counted while the data is built, from the training sessions only, and kept beside the data and in
each run. Holds names and numbers, no words. Media and system lines are no turns, so a turn that
was answered by a picture alone counts as one that nobody answered.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from typing import Any, Literal

from kakaobot.dataset.backchannels import backchannel_form
from kakaobot.dataset.pauses import PauseHistogram, exact_pause, minute_of, spread_pause
from kakaobot.schema import Session, Turn

TurnKind = Literal["question", "backchannel", "other"]

FORMAT = 1
_KINDS: tuple[TurnKind, ...] = ("question", "backchannel", "other")
_LENGTHS = 6
"""Classes of a session's length: 1, 2, 3-4, 5-8, 9-16, and more turns."""
_MAX_BUBBLES = 8
_PRIOR = 8.0
"""Turns that a coarser rate of silence is worth beside a finer one."""
_PRIOR_ENDS = 3.0
"""Ends of sessions that the average participant is worth beside one of them."""
_USUAL_SILENCE = 0.15
"""Rate of silence where nothing was counted."""
_MAX_SILENCE = 0.95
_ENOUGH_PAUSES = 8
"""With fewer, a participant has the pauses of the whole room."""
_USUAL_PAUSE, _USUAL_DELAY, _USUAL_ABSENCE = 4.0, 15.0, 3 * 3600.0
"""Seconds, where nothing was counted."""

_QUESTION = re.compile(
    r"\?|(?:까|니|냐|래|나요|가요|어때|뭐|뭐야|뭐해|누구|언제|어디|왜|몇\s?시)(?:요|여|용)?"
    r"[\s!.~ㄱ-ㅎㅏ-ㅣ]*$"
)


def turn_kind(text: str) -> TurnKind:
    """What a turn asks of the others, as far as its words tell."""
    if any(map(_QUESTION.search, text.split("\n"))):
        return "question"
    return "other" if backchannel_form(text) is None else "backchannel"


class ParticipantTurns:
    """Counts of one participant's turns."""

    def __init__(self) -> None:
        self.turns = self.openings = 0
        self.bubbles = [0] * _MAX_BUBBLES
        """Turns of one bubble, of two, and so on; the last entry also counts longer ones."""
        self.gaps = PauseHistogram()
        """Between the bubbles of a turn."""
        self.delays = PauseHistogram()
        """From somebody else's turn to theirs."""
        self.endings: dict[tuple[TurnKind, int], list[int]] = {}
        """Kind and class of length → turns, and how many of them nobody answered."""

    def add(self, bubbles: int) -> None:
        self.turns += 1
        self.bubbles[min(bubbles, _MAX_BUBBLES) - 1] += 1

    def add_ending(self, kind: TurnKind, length: int, *, is_last: bool) -> None:
        cell = self.endings.setdefault((kind, length), [0, 0])
        cell[0] += 1
        cell[1] += is_last

    def to_json(self) -> dict[str, object]:
        return {
            "turns": self.turns,
            "openings": self.openings,
            "bubbles": self.bubbles,
            "gaps": self.gaps.counts(),
            "delays": self.delays.counts(),
            "endings": [[*cell, *counts] for cell, counts in sorted(self.endings.items())],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ParticipantTurns:
        """The inverse of `to_json`.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: the object is something else.
        """
        counts = cls()
        counts.turns, counts.openings = int(data["turns"]), int(data["openings"])
        counts.bubbles = [int(count) for count in data["bubbles"]]
        counts.gaps = PauseHistogram(map(float, data["gaps"]))
        counts.delays = PauseHistogram(map(float, data["delays"]))
        for kind, length, turns, ends in data["endings"]:
            if kind not in _KINDS:
                raise ValueError(kind)
            counts.endings[kind, int(length)] = [int(turns), int(ends)]
        return counts


class TurnTakingCounter:
    """Accumulates sessions of all rooms; keeps nothing of them but counts."""

    def __init__(self) -> None:
        self._participants: dict[str, ParticipantTurns] = {}
        self._absences = PauseHistogram()
        self._room: str | None = None
        self._end = datetime.min

    def add(self, session: Session, *, is_whole: bool = True) -> None:
        """Count a session; those of a room come in order, one room after the other.

        Args:
            session: turns in order.
            is_whole: whether nobody answered its last turn, as far as the room goes on.
        """
        turns = session.turns
        if not turns:
            return
        if session.room == self._room:
            self._absences.add(exact_pause((turns[0].start - self._end).total_seconds()))
        self._room, self._end = session.room, turns[-1].end
        self._of(turns[0]).openings += 1
        self._count_pauses(turns)
        for number, turn in enumerate(turns, 1):
            counts, is_last = self._of(turn), number == len(turns)
            counts.add(len(turn.lines))
            if is_whole or not is_last:
                counts.add_ending(turn_kind(turn.text), _length_class(number), is_last=is_last)

    def _count_pauses(self, turns: Sequence[Turn]) -> None:
        crowd = Counter(minute_of(at) for turn in turns for at in _times(turn))
        for turn in turns:
            for one, other in pairwise(_times(turn)):
                self._of(turn).gaps.add(spread_pause(one, other, crowd))
        for before, turn in pairwise(turns):
            if before.sender != turn.sender:
                self._of(turn).delays.add(spread_pause(before.end, turn.start, crowd))

    def _of(self, turn: Turn) -> ParticipantTurns:
        return self._participants.setdefault(turn.sender, ParticipantTurns())

    def result(self) -> TurnTaking:
        return TurnTaking(self._participants, self._absences)


class TurnTaking:
    """How the participants of a room take turns. Without counts, everything is as is usual."""

    def __init__(
        self,
        participants: Mapping[str, ParticipantTurns] | None = None,
        absences: PauseHistogram | None = None,
    ) -> None:
        """Describe a room.

        Args:
            participants: counts by name.
            absences: silences between sessions.
        """
        self._participants = participants or {}
        self._absences = absences or PauseHistogram()
        counts = self._participants.values()
        self._gaps = _sum(each.gaps for each in counts)
        self._delays = _sum(each.delays for each in counts)
        self._cells = Counter[tuple[TurnKind, int]]()
        self._ends = Counter[tuple[TurnKind, int]]()
        for each in counts:
            for cell, (turns, ends) in each.endings.items():
                self._cells[cell] += turns
                self._ends[cell] += ends

    def to_json(self) -> dict[str, object]:
        return {
            "format": FORMAT,
            "absences": self._absences.counts(),
            "participants": {
                name: counts.to_json() for name, counts in sorted(self._participants.items())
            },
        }

    @classmethod
    def from_json(cls, data: Any) -> TurnTaking:
        """The inverse of `to_json`; a description without counts for anything else."""
        try:
            if data["format"] != FORMAT:
                return cls()
            participants = {
                str(name): ParticipantTurns.from_json(counts)
                for name, counts in data["participants"].items()
            }
            return cls(participants, PauseHistogram(map(float, data["absences"])))
        except (KeyError, TypeError, ValueError, AttributeError):
            return cls()

    @property
    def shares(self) -> dict[str, float]:
        """Participant → share of the turns."""
        total = sum(counts.turns for counts in self._participants.values())
        return {name: counts.turns / total for name, counts in self._participants.items()}

    def bubbles(self, name: str) -> float:
        """Bubbles of a participant's turn on average; 0 if there is none."""
        counts = self._participants.get(name)
        if counts is None or not counts.turns:
            return 0.0
        return sum(size * count for size, count in enumerate(counts.bubbles, 1)) / counts.turns

    def gap(self, name: str, share: float) -> float:
        """Seconds between two bubbles of a turn, at this quantile (0 to 1)."""
        counts = self._participants.get(name)
        return _quantile(share, counts.gaps if counts else None, self._gaps, _USUAL_PAUSE)

    def delay(self, name: str, share: float) -> float:
        """Seconds from somebody else's turn to this participant's, at this quantile (0 to 1)."""
        counts = self._participants.get(name)
        return _quantile(share, counts.delays if counts else None, self._delays, _USUAL_DELAY)

    def absence(self, share: float) -> float:
        """Seconds between two sessions, at this quantile (0 to 1)."""
        return _quantile(share, None, self._absences, _USUAL_ABSENCE)

    def draw_opener(self, candidates: Sequence[str], draw: random.Random) -> str:
        """Draw who of `candidates` opens a session."""
        openings = [
            1 + self._participants[name].openings if name in self._participants else 1
            for name in candidates
        ]
        return draw.choices(candidates, openings)[0]

    def silence(self, name: str, text: str, length: int) -> float:
        """Probability (0 to 1) that nobody answers a turn, and the session ends with it.

        The rate of its kind and place in the session, drawn toward coarser rates where few turns
        were counted, times how often the participant's turns end a session compared with what
        their kinds and places let expect.

        Args:
            name: who sent it.
            text: what it says.
            length: turns of the session, this one included.
        """
        rate = self._rate(turn_kind(text), _length_class(length))
        counts = self._participants.get(name)
        if counts is None:
            return min(_MAX_SILENCE, rate)
        ends = sum(ends for _, ends in counts.endings.values())
        expected = sum(turns * self._rate(*cell) for cell, (turns, _) in counts.endings.items())
        return min(_MAX_SILENCE, rate * (ends + _PRIOR_ENDS) / (expected + _PRIOR_ENDS))

    def _rate(self, kind: TurnKind, length: int) -> float:
        """Rate of silence in a cell."""
        everywhere = _shrunk(self._ends.total(), self._cells.total(), _USUAL_SILENCE)
        column = [(other, length) for other in _KINDS]
        at_length = _shrunk(
            sum(self._ends[cell] for cell in column),
            sum(self._cells[cell] for cell in column),
            everywhere,
        )
        return _shrunk(self._ends[kind, length], self._cells[kind, length], at_length)


def _shrunk(ends: int, turns: int, coarser: float) -> float:
    return (ends + _PRIOR * coarser) / (turns + _PRIOR)


def _quantile(
    share: float, own: PauseHistogram | None, others: PauseHistogram, usual: float
) -> float:
    for pauses, least in ((own, _ENOUGH_PAUSES), (others, 1)):
        if pauses is not None and pauses.total >= least:
            return pauses.quantile(share)
    return usual * 2 * share


def _sum(histograms: Iterable[PauseHistogram]) -> PauseHistogram:
    return sum(histograms, PauseHistogram())


def _times(turn: Turn) -> list[datetime]:
    """Times of a turn's messages."""
    seconds = accumulate(turn.gaps, initial=0)
    return [turn.start + timedelta(seconds=second) for second in seconds]


def _length_class(turns: int) -> int:
    return min(_LENGTHS - 1, max(0, turns - 1).bit_length())
