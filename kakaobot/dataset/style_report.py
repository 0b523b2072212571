"""How people of a room speak, by a sample of what they said, and how far apart they lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kakaobot.dataset.sampler import EvenSampler
from kakaobot.schema import Turn
from kakaobot.style import describe_style, style_distance, style_profile

_MOST_PEOPLE = 6
_MOST_REPLIES = 3000
"""Of one person, spread evenly over the history: more change no figure that is shown."""


@dataclass(frozen=True)
class ParticipantStyle:
    """One person's voice in words."""

    name: str
    lines: tuple[str, ...]
    """Korean, as `kakaobot.style.describe_style` has them."""
    apart: tuple[float, ...]
    """From each of the people that are shown, in their order: 0 (alike) to 1."""


class ParticipantStyles:
    """What everybody says, a sample of it; grows with every room."""

    def __init__(self) -> None:
        self._said: dict[str, EvenSampler[Turn]] = {}

    def passing(self, turns: Iterable[Turn], people: Sequence[str]) -> Iterator[Turn]:
        """The same turns of one room, some of which are kept as they go by.

        Args:
            people: who speaks in it, most active first; of more than are shown nothing is kept.
        """
        said = self._said
        for name in people[:_MOST_PEOPLE]:
            said.setdefault(name, EvenSampler(_MOST_REPLIES))
        for turn in turns:
            if turn.sender in said:
                said[turn.sender].add(turn)
            yield turn

    def speeches(self, people: Sequence[str]) -> tuple[ParticipantStyle, ...]:
        """Of the most active people.

        Args:
            people: most active first.
        """
        voices = {
            name: style_profile(turn.text for turn in self._said[name].items())
            for name in people[:_MOST_PEOPLE]
            if name in self._said and self._said[name].items()
        }
        return tuple(
            ParticipantStyle(
                name,
                tuple(describe_style(voice)),
                tuple(round(style_distance(voice, other), 3) for other in voices.values()),
            )
            for name, voice in voices.items()
        )
