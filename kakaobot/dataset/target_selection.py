"""Which turns of all rooms are worth learning, told while they go by. Keeps a few bytes a turn."""

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

LONG_ENOUGH_TO_FORWARD = 40
"""Letters without spaces: two lines of a phone. Shorter wishes are everybody's own words."""
OFTEN = 3
"""As often as this a long text was said, it is a text that goes round, whoever says it."""


_WORDS = ("", *REASONS, LEAKED)
_CODES = {reason: code for code, reason in enumerate(_WORDS) if reason}


class Reasons(Mapping[int, str]):
    """Place of a turn in its room → why it is not learnt. A byte for each turn."""

    def __init__(self) -> None:
        self._codes = bytearray()

    def append(self, reason: str | None) -> None:
        """Of the next turn; None where it is learnt."""
        self._codes.append(_CODES[reason] if reason else 0)

    def set(self, place: int, reason: str) -> None:
        """Of a turn that has gone by."""
        self._codes[place] = _CODES[reason]

    @property
    def turns(self) -> int:
        """How many turns there are, learnt or not."""
        return len(self._codes)

    def part(self, begin: int, end: int) -> list[str]:
        """Those of some turns in a row, empty for what is learnt."""
        return [_WORDS[code] for code in self._codes[begin:end]]

    def __contains__(self, place: object) -> bool:
        return isinstance(place, int) and 0 <= place < len(self._codes) and self._codes[place] > 0

    def __getitem__(self, place: int) -> str:
        if place not in self:
            raise KeyError(place)
        return _WORDS[self._codes[place]]

    def __iter__(self) -> Iterator[int]:
        return (place for place, code in enumerate(self._codes) if code)

    def __len__(self) -> int:
        return len(self._codes) - self._codes.count(0)

    @property
    def counts(self) -> dict[str, int]:
        """Reason → turns, in the order in which they are tried, those that took none left out."""
        counted = {reason: self._codes.count(code) for reason, code in _CODES.items()}
        return {reason: count for reason, count in counted.items() if count}


@dataclass(frozen=True)
class TargetSelection:
    """Of one room's turns that could be learnt: a persona's, or everybody's."""

    judged: int
    reasons: Reasons
    """Why those of them are not learnt that are not."""

    @property
    def targets(self) -> int:
        return self.judged - len(self.reasons)

    @property
    def counts(self) -> dict[str, int]:
        """As those of `reasons`."""
        return self.reasons.counts


class TargetSelector:
    """Hears every turn of every room once, and then says why some are not learnt.

    All rooms are judged together: a text goes round in several of them, and the share of low-signal
    replies is that of everything learnt. The order of the rooms does not matter.
    """

    def __init__(self, rules: FilterRules, *, persona: str = "") -> None:
        """Take whose turns are judged; empty for everybody's.

        The others' are still heard, to see what they forward.
        """
        self._rules, self._persona = rules, persona
        self._reasons: dict[str, Reasons] = {}
        self._judged: dict[str, int] = {}
        self._begins = array("Q", [0])
        """The number of each room's first turn among all."""
        self._reactions = BackchannelIndex()
        self.long = LongTextIndex()
        """The long ones among all that were heard."""

    def passing(self, room: str, turns: Iterable[Turn], bots: Collection[str]) -> Iterator[Turn]:
        """The same turns of one room, in order of time, judged by themselves as they go by.

        Args:
            bots: names of programs in it.
        """
        reasons = self._reasons[room] = Reasons()
        begin, persona, rules = self._begins[-1], self._persona, self._rules
        programs = frozenset(bots) - {persona}
        judged = 0
        for place, turn in enumerate(turns):
            self.long.add(room, place, turn)
            if persona in ("", turn.sender):
                reason = exclusion_reason(turn, rules, programs)
                reasons.append(reason)
                judged += 1
                if not reason:
                    self._reactions.add(begin + place, room, turn)
            else:
                reasons.append(None)
            yield turn
        self._judged[room] = judged
        self._begins.append(begin + reasons.turns)

    def settle(self, *, capped: bool = True) -> dict[str, TargetSelection]:
        """What is told by all turns together; nothing is heard any more.

        Args:
            capped: whether low-signal replies are held to their share.
        """
        begins = dict(zip(self._reasons, self._begins, strict=False))
        for room, place, sender, reason in _copies(self.long, self._rules):
            if self._persona in ("", sender) and place not in self._reasons[room]:
                self._reasons[room].set(place, reason)
                self._reactions.discard(begins[room] + place)
        rooms = list(self._reasons)
        over = self._reactions.surplus(self._rules.low_signal_share) if capped else ()
        for number in over:
            index = bisect_right(self._begins, number) - 1
            self._reasons[rooms[index]].set(number - self._begins[index], CAPPED)
        return {room: TargetSelection(self._judged[room], self._reasons[room]) for room in rooms}


def select_targets(
    rooms: Mapping[str, Iterable[Turn]],
    rules: FilterRules,
    *,
    persona: str = "",
    capped: bool = True,
) -> dict[str, TargetSelection]:
    """Room → which of its turns are not learnt, and why; see `Judging`.

    Args:
        rooms: room → its turns in order of time, which are read once.
        rules: what is not learnt.
        persona: whose turns are judged; empty for everybody's.
        capped: whether low-signal replies are held to their share.
    """
    judging = TargetSelector(rules, persona=persona)
    for room, turns in rooms.items():
        for _ in judging.passing(room, turns, rules.bots):
            pass
    return judging.settle(capped=capped)


def _copies(long: LongTextIndex, rules: FilterRules) -> Iterator[tuple[str, int, str, str]]:
    """Room, place and sender of what was said before or goes round, by time, and which it is."""
    for group in duplicates.duplicate_groups(long.texts()):
        said = [long.turn(number) for number in group]
        length = min(each.letters for each in said)
        people = {each.sender for each in said}
        places = {each.room for each in said}
        around = len(people) > 1 or len(places) > 1 or len(said) >= OFTEN
        if rules.forwarded and around and length >= LONG_ENOUGH_TO_FORWARD:
            yield from ((each.room, each.place, each.sender, FORWARDED) for each in said)
        elif rules.repeated:
            seen = set[str]()
            for each in said:
                if each.sender in seen:
                    yield each.room, each.place, each.sender, REPEATED
                seen.add(each.sender)
