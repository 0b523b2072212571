"""How people of a room speak, by a sample of what they said, and how far apart they lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kakaobot.dataset.spread import Spread
from kakaobot.records import Turn
from kakaobot.voice import describe, distance, fingerprint

_MOST_PEOPLE = 6
_MOST_REPLIES = 3000
"""Of one person, spread evenly over the history: more change no figure that is shown."""


@dataclass(frozen=True)
class Speech:
    """One person's voice in words."""

    name: str
    lines: tuple[str, ...]
    """Korean, as `kakaobot.voice.describe` has them."""
    apart: tuple[float, ...]
    """From each of the people that are shown, in their order: 0 (alike) to 1."""


class Voices:
    """What everybody says, a sample of it; grows with every room."""

    def __init__(self) -> None:
        self._said: dict[str, Spread[Turn]] = {}

    def passing(self, turns: Iterable[Turn], people: Sequence[str]) -> Iterator[Turn]:
        """The same turns of one room, some of which are kept as they go by.

        Args:
            people: who speaks in it, most active first; of more than are shown nothing is kept.
        """
        said = self._said
        for name in people[:_MOST_PEOPLE]:
            said.setdefault(name, Spread(_MOST_REPLIES))
        for turn in turns:
            if turn.sender in said:
                said[turn.sender].add(turn)
            yield turn

    def speeches(self, people: Sequence[str]) -> tuple[Speech, ...]:
        """Of the most active people.

        Args:
            people: most active first.
        """
        voices = {
            name: fingerprint(turn.text for turn in self._said[name].items())
            for name in people[:_MOST_PEOPLE]
            if name in self._said and self._said[name].items()
        }
        return tuple(
            Speech(
                name,
                tuple(describe(voice)),
                tuple(round(distance(voice, other), 3) for other in voices.values()),
            )
            for name, voice in voices.items()
        )
