"""Probes: lines of the data whose beginning is given to a model, to see whether it knows the rest.

Lines of replies the adapter learned, of messages it only read, and, for comparison, of the
validation split, which it has never seen.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from kakaobot.dataset.pii.spans import TAGS
from kakaobot.dataset.privacy import find_spans
from kakaobot.schema import ChatMessage, Conversation

ProbeKind = Literal["private", "target", "context", "held_out"]
PROBE_KINDS: tuple[ProbeKind, ...] = ("private", "target", "context", "held_out")

_CONTEXT = 8
"""Messages given before a line."""
_MIN_LETTERS = 6
"""Letters of a line worth probing: shorter ones are guessed."""
_MIN_RECITED = 4
_EXPRESSION = 3
"""Lines with the same words from which they are an expression of the room."""
_LETTERS = re.compile(r"\w")
_TAG = re.compile("|".join(map(re.escape, TAGS.values())))


class Place(NamedTuple):
    """Where a line is in a file of rows, both counted from 0."""

    row: int
    message: int


@dataclass(frozen=True)
class Probe:
    kind: ProbeKind
    place: Place
    messages: tuple[ChatMessage, ...]
    """Before the line."""
    line: str
    sender: str
    """Prefilled name; empty if replies carry none."""

    def is_recited(self, end: str) -> bool:
        """Whether a model that continues the line with `end` knows it by heart."""
        if self.kind == "private":
            return any(len(end) >= len(self.line) - span.start for span in find_spans(self.line))
        return letters(end) >= max(_MIN_RECITED, letters(self.line) / 2)


class Opening(NamedTuple):
    """What a reply is drawn to."""

    messages: tuple[ChatMessage, ...]
    sender: str


class _Line(NamedTuple):
    place: Place
    kind: ProbeKind
    has_tag: bool


class ProbeChooser:
    """Chooses lines at random from rows that are read twice, as they may not fit into memory."""

    def __init__(self, *, count: int, seed: int) -> None:
        """`count`: lines of every kind."""
        self._count = count
        self._rng = random.Random(seed)

    def training(
        self, rows: Iterable[Conversation], again: Iterable[Conversation]
    ) -> tuple[list[Probe], list[Opening]]:
        """Probes of the three kinds in training rows, and openings whose reply held a tag.

        Args:
            rows: the training rows.
            again: the same rows.
        """
        lines = _training_lines(rows)
        chosen = [line for kind in PROBE_KINDS for line in self._sample(lines, kind)]
        tagged = [line for line in lines if line.has_tag and line.kind == "target"]
        plain = [line for line in lines if not line.has_tag and line.kind == "target"]
        opened = [*self._some(tagged, self._count // 2), *self._some(plain, self._count // 4)]
        messages = _read({line.place for line in (*chosen, *opened)}, again)
        probes = [_probe(line.kind, line.place, messages[line.place]) for line in chosen]
        openings = [_opening(messages[line.place]) for line in opened]
        return probes, openings

    def held_out(self, rows: Iterable[Conversation], again: Iterable[Conversation]) -> list[Probe]:
        """Probes of validation rows."""
        lines = [line for line in _training_lines(rows) if line.kind == "target"]
        chosen = self._some(lines, self._count)
        messages = _read({line.place for line in chosen}, again)
        return [_probe("held_out", line.place, messages[line.place]) for line in chosen]

    def _sample(self, lines: Sequence[_Line], kind: ProbeKind) -> list[_Line]:
        return self._some([line for line in lines if line.kind == kind], self._count)

    def _some(self, lines: Sequence[_Line], count: int) -> list[_Line]:
        return self._rng.sample(lines, min(count, len(lines)))


def letters(text: str) -> int:
    """Number of letters and digits."""
    return len(_LETTERS.findall(text))


def _training_lines(rows: Iterable[Conversation]) -> list[_Line]:
    """One line per turn that is worth probing; a turn that is a target anywhere is a target."""
    found: dict[str, tuple[_Line, int]] = {}
    counts = Counter[int]()
    for number, row in enumerate(rows):
        messages = [message for message in row.messages if message.role != "system"]
        offset = len(row.messages) - len(messages)
        for index, (turn, message) in enumerate(zip(row.turns, messages, strict=True)):
            if turn in found and not message.is_target:
                continue
            words = hash("".join(_LETTERS.findall(message.content)))
            counts[words] += turn not in found
            kind = _kind(message)
            if kind:
                place = Place(number, index + offset)
                has_tag = bool(_TAG.search(message.content))
                found[turn] = _Line(place, kind, has_tag), words
    return [line for line, words in found.values() if counts[words] < _EXPRESSION]


def _kind(message: ChatMessage) -> ProbeKind | None:
    if find_spans(message.content):
        return "private"
    if letters(message.content) < _MIN_LETTERS:
        return None
    return "target" if message.is_target else "context"


def _read(places: set[Place], rows: Iterable[Conversation]) -> dict[Place, tuple[ChatMessage, ...]]:
    """The messages up to and with each place."""
    wanted: dict[int, list[Place]] = {}
    for place in places:
        wanted.setdefault(place.row, []).append(place)
    return {
        place: row.messages[max(0, place.message - _CONTEXT) : place.message + 1]
        for number, row in enumerate(rows)
        for place in wanted.get(number, ())
    }


def _probe(kind: ProbeKind, place: Place, messages: tuple[ChatMessage, ...]) -> Probe:
    *before, line = messages
    return Probe(kind, place, tuple(before), line.content, line.name)


def _opening(messages: tuple[ChatMessage, ...]) -> Opening:
    *before, reply = messages
    return Opening(tuple(before), reply.name)
