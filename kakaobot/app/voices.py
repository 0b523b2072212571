"""How people of a room speak, by a sample of what they said, and how far apart they lie."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kakaobot.records import Session
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


def speeches(sessions: Iterable[Session], people: Sequence[str]) -> tuple[Speech, ...]:
    """Of the most active people.

    Args:
        people: most active first.
    """
    said: dict[str, list[str]] = {name: [] for name in people[:_MOST_PEOPLE]}
    for session in sessions:
        for turn in session.turns:
            if turn.sender in said:
                said[turn.sender].append(turn.text)
    voices = {
        name: fingerprint(texts[:: -(-len(texts) // _MOST_REPLIES)])
        for name, texts in said.items()
        if texts
    }
    return tuple(
        Speech(
            name,
            tuple(describe(voice)),
            tuple(round(distance(voice, other), 3) for other in voices.values()),
        )
        for name, voice in voices.items()
    )
