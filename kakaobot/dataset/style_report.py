"""Styles of the most active participants, and the distances between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kakaobot.dataset.sampler import EvenSampler
from kakaobot.schema import Turn
from kakaobot.style import describe_style, style_distance, style_profile

_MAX_PARTICIPANTS = 6
_SAMPLE_SIZE = 3000
"""Turns per participant; more would not change any displayed digit."""


@dataclass(frozen=True)
class ParticipantStyle:
    name: str
    sentences: tuple[str, ...]
    """Korean, from `kakaobot.style.describe_style`."""
    distances: tuple[float, ...]
    """Style distance to each listed participant, 0 (same) to 1."""


class ParticipantStyles:
    """Evenly spaced sample of each participant's turns in all rooms."""

    def __init__(self) -> None:
        self._samplers: dict[str, EvenSampler[Turn]] = {}

    def observe(self, turns: Iterable[Turn], participants: Sequence[str]) -> Iterator[Turn]:
        """Pass a room's turns through unchanged while sampling them.

        Args:
            turns: turns of one room.
            participants: its senders, most active first; only the first few are sampled.
        """
        samplers = self._samplers
        for name in participants[:_MAX_PARTICIPANTS]:
            samplers.setdefault(name, EvenSampler(_SAMPLE_SIZE))
        for turn in turns:
            if turn.sender in samplers:
                samplers[turn.sender].add(turn)
            yield turn

    def report(self, participants: Sequence[str]) -> tuple[ParticipantStyle, ...]:
        """Styles of the most active participants.

        Args:
            participants: most active first.
        """
        profiles = {
            name: style_profile(turn.text for turn in self._samplers[name].items())
            for name in participants[:_MAX_PARTICIPANTS]
            if name in self._samplers and self._samplers[name].items()
        }
        return tuple(
            ParticipantStyle(
                name,
                tuple(describe_style(profile)),
                tuple(round(style_distance(profile, other), 3) for other in profiles.values()),
            )
            for name, profile in profiles.items()
        )
