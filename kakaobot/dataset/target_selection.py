"""Selects which turns of all rooms are training targets; keeps a few bytes per turn."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from kakaobot.dataset import duplicates
from kakaobot.dataset.backchannels import BackchannelIndex
from kakaobot.dataset.filters import (
    CAPPED,
    FORWARDED,
    LEAKED,
    REASONS,
    REPEATED,
    FilterRules,
    exclusion_reason,
)
from kakaobot.dataset.long_text_index import LongTextIndex
from kakaobot.schema import Turn

MIN_FORWARDED_LETTERS = 40
"""Letters without spaces, two lines on a phone; shorter wishes may coincide."""
FORWARDED_COPIES = 3
"""Copies of a long text that count as forwarded even within one sender and room."""

_REASON_OF_CODE = ("", *REASONS, LEAKED)
_CODE_OF_REASON = {reason: code for code, reason in enumerate(_REASON_OF_CODE) if reason}


class ExclusionReasons(Mapping[int, str]):
    """Position of an excluded turn in its room → reason. One byte per turn."""

    def __init__(self) -> None:
        self._codes = bytearray()

    def append(self, reason: str | None) -> None:
        """Record the next turn; None if it is not excluded."""
        self._codes.append(_CODE_OF_REASON[reason] if reason else 0)

    def set(self, position: int, reason: str) -> None:
        """Exclude a turn that is already recorded."""
        self._codes[position] = _CODE_OF_REASON[reason]

    @property
    def turns(self) -> int:
        """Recorded turns, excluded or not."""
        return len(self._codes)

    def part(self, begin: int, end: int) -> list[str]:
        """Reasons of a range of turns, empty where not excluded."""
        return [_REASON_OF_CODE[code] for code in self._codes[begin:end]]

    def __contains__(self, position: object) -> bool:
        return (
            isinstance(position, int)
            and 0 <= position < len(self._codes)
            and self._codes[position] > 0
        )

    def __getitem__(self, position: int) -> str:
        if position not in self:
            raise KeyError(position)
        return _REASON_OF_CODE[self._codes[position]]

    def __iter__(self) -> Iterator[int]:
        return (position for position, code in enumerate(self._codes) if code)

    def __len__(self) -> int:
        return len(self._codes) - self._codes.count(0)

    @property
    def counts(self) -> dict[str, int]:
        """Reason → excluded turns, in the order of the filters; reasons without turns left out."""
        counts = {reason: self._codes.count(code) for reason, code in _CODE_OF_REASON.items()}
        return {reason: count for reason, count in counts.items() if count}


@dataclass(frozen=True)
class TargetSelection:
    """The selection of one room. Candidates are the persona's turns, or all turns."""

    candidates: int
    reasons: ExclusionReasons
    """Why candidates are excluded; shared with later stages, which may add to it."""

    @property
    def targets(self) -> int:
        return self.candidates - len(self.reasons)

    @property
    def counts(self) -> dict[str, int]:
        """See `ExclusionReasons.counts`."""
        return self.reasons.counts


class TargetSelector:
    """Observes every turn of every room once, then excludes candidates.

    Forwarded texts and the backchannel cap are decided over all rooms together, independent of the
    order of the rooms.
    """

    def __init__(self, rules: FilterRules, *, persona: str = "") -> None:
        """`persona`: participant whose turns are candidates; empty for all.

        The other turns still count when looking for forwarded texts.
        """
        self._rules, self._persona = rules, persona
        self._reasons: dict[str, ExclusionReasons] = {}
        self._candidates: dict[str, int] = {}
        self._room_starts = array("Q", [0])
        """Each room's first turn in the numbering over all rooms."""
        self._backchannels = BackchannelIndex()
        self.long_texts = LongTextIndex()
        """The long turns observed, excluded ones included."""

    def observe(self, room: str, turns: Iterable[Turn], bots: Collection[str]) -> Iterator[Turn]:
        """Pass a room's turns through unchanged while applying the filters for single turns.

        Args:
            room: key of the room.
            turns: its turns in chronological order.
            bots: senders whose turns are excluded unless they are the persona.
        """
        reasons = self._reasons[room] = ExclusionReasons()
        start, persona, rules = self._room_starts[-1], self._persona, self._rules
        excluded_bots = frozenset(bots) - {persona}
        candidates = 0
        for position, turn in enumerate(turns):
            self.long_texts.add(room, position, turn)
            if persona in ("", turn.sender):
                reason = exclusion_reason(turn, rules, excluded_bots)
                reasons.append(reason)
                candidates += 1
                if not reason:
                    self._backchannels.add(start + position, room, turn)
            else:
                reasons.append(None)
            yield turn
        self._candidates[room] = candidates
        self._room_starts.append(start + reasons.turns)

    def select(self, *, cap_backchannels: bool = True) -> dict[str, TargetSelection]:
        """Apply the filters that need all turns; call once, after the last `observe`.

        Args:
            cap_backchannels: whether to apply `rules.low_signal_share`.
        """
        starts = dict(zip(self._reasons, self._room_starts, strict=False))
        for room, position, sender, reason in _copies(self.long_texts, self._rules):
            if self._persona in ("", sender) and position not in self._reasons[room]:
                self._reasons[room].set(position, reason)
                self._backchannels.discard(starts[room] + position)
        if cap_backchannels:
            self._cap_backchannels()
        return {
            room: TargetSelection(self._candidates[room], reasons)
            for room, reasons in self._reasons.items()
        }

    def _cap_backchannels(self) -> None:
        rooms = list(self._reasons)
        for number in self._backchannels.surplus(self._rules.low_signal_share):
            index = bisect_right(self._room_starts, number) - 1
            self._reasons[rooms[index]].set(number - self._room_starts[index], CAPPED)


def select_targets(
    rooms: Mapping[str, Iterable[Turn]],
    rules: FilterRules,
    *,
    persona: str = "",
    cap_backchannels: bool = True,
) -> dict[str, TargetSelection]:
    """Run a `TargetSelector` over all rooms.

    Args:
        rooms: room → its turns in chronological order, read once.
        rules: the filters to apply.
        persona: participant whose turns are candidates; empty for all.
        cap_backchannels: whether to apply `rules.low_signal_share`.
    """
    selector = TargetSelector(rules, persona=persona)
    for room, turns in rooms.items():
        for _ in selector.observe(room, turns, rules.bots):
            pass
    return selector.select(cap_backchannels=cap_backchannels)


def _copies(long_texts: LongTextIndex, rules: FilterRules) -> Iterator[tuple[str, int, str, str]]:
    """Room, position, sender and reason of forwarded and repeated turns."""
    for group in duplicates.duplicate_groups(long_texts.texts()):
        turns = [long_texts.turn(number) for number in group]
        letters = min(turn.letters for turn in turns)
        senders = {turn.sender for turn in turns}
        rooms = {turn.room for turn in turns}
        spread = len(senders) > 1 or len(rooms) > 1 or len(turns) >= FORWARDED_COPIES
        if rules.forwarded and spread and letters >= MIN_FORWARDED_LETTERS:
            yield from ((turn.room, turn.position, turn.sender, FORWARDED) for turn in turns)
        elif rules.repeated:
            seen = set[str]()
            for turn in turns:
                if turn.sender in seen:
                    yield turn.room, turn.position, turn.sender, REPEATED
                seen.add(turn.sender)
