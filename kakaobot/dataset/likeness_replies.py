"""Replies that the scales of likeness are made of: those that are, or could be, targets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from kakaobot.dataset.advance import Advance, no_advance
from kakaobot.dataset.backchannels import backchannel_form
from kakaobot.dataset.filters import FilterRules, exclusion_reason
from kakaobot.dataset.sampler import EvenSampler
from kakaobot.dataset.target_selection import TargetSelection
from kakaobot.exports.participants import find_bots
from kakaobot.schema import Turn
from kakaobot.style.likeness import LikenessScale, likeness_scales

_MAX_PARTICIPANTS = 24
"""Participants of a room compared with each other, the most active ones."""
_SAMPLE_SIZE = 1000
"""Replies per participant."""


class _Candidate(NamedTuple):
    room: str
    position: int
    text: str


class LikenessReplies:
    """Evenly spaced sample of the replies of each active participant in all rooms.

    Those who are not learned from are filtered as the persona is, because a scale compares replies
    of both.
    """

    def __init__(self, rules: FilterRules, persona: str = "") -> None:
        """`persona`: participant whose turns are candidates; empty for all."""
        self._rules, self._persona = rules, persona
        self._samplers: dict[str, EvenSampler[_Candidate]] = {}

    def observe(
        self, room: str, turns: Iterable[Turn], participants: Sequence[str]
    ) -> Iterator[Turn]:
        """Pass a room's turns through unchanged while sampling them.

        Args:
            room: key of the room.
            turns: its turns.
            participants: its senders, most active first.
        """
        bots = frozenset(find_bots(participants)) - {self._persona}
        people = [name for name in participants if name not in bots][:_MAX_PARTICIPANTS]
        for name in {*people, self._persona} & set(participants):
            self._samplers.setdefault(name, EvenSampler(_SAMPLE_SIZE))
        for position, turn in enumerate(turns):
            if turn.sender in self._samplers and self._may_be_target(turn, bots):
                self._samplers[turn.sender].add(_Candidate(room, position, turn.text))
            yield turn

    def scales(
        self,
        participants: Sequence[str],
        selections: Mapping[str, TargetSelection],
        advance: Advance = no_advance,
    ) -> list[LikenessScale]:
        """Scale of the persona, or of every participant.

        Args:
            participants: most active first.
            selections: target selection of each observed room.
            advance: called after each scale.
        """
        people = self.people(selections)
        imitated = [self._persona] if self._persona else participants
        return likeness_scales(people, [name for name in imitated if name in people], advance)

    def people(self, selections: Mapping[str, TargetSelection]) -> dict[str, list[str]]:
        """Participant → replies; `selections` as for `scales`."""
        return {name: self._replies(name, selections) for name in self._samplers}

    def _may_be_target(self, turn: Turn, bots: Collection[str]) -> bool:
        return exclusion_reason(turn, self._rules, bots) is None

    def _replies(self, name: str, selections: Mapping[str, TargetSelection]) -> list[str]:
        candidates = self._samplers[name].items()
        if self._persona in ("", name):
            return [
                text
                for room, position, text in candidates
                if position not in selections[room].reasons
            ]
        texts = [text for _, _, text in candidates]
        return _cap_backchannels(texts, self._rules.low_signal_share)


def _cap_backchannels(texts: Sequence[str], max_share: float) -> list[str]:
    """Leave out backchannels, evenly spread, until they are at most `max_share`."""
    short = [index for index, text in enumerate(texts) if backchannel_form(text) is not None]
    count, others = len(short), len(texts) - len(short)
    quota = count if max_share >= 1 else min(count, int(max_share * others / (1 - max_share)))
    dropped = {
        index
        for number, index in enumerate(short)
        if (number + 1) * quota // count == number * quota // count
    }
    return [text for index, text in enumerate(texts) if index not in dropped]
