"""Picks of the blind test (진짜는 누구?): which of two replies a judge took for the real one.

quiz.jsonl       app       appended to: one pick per line, with the words of both replies
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from kakaobot.atomic_io import parse_json

QUIZ_FILE = "quiz.jsonl"


@dataclass(frozen=True)
class QuizPick:
    """One answer of a judge, which also says which reply is better."""

    judge: str
    """Random; the same for all answers of one judge."""
    knows: bool
    """Whether the judge says to know who is imitated."""
    fooled: bool
    """Whether the judge took the reply of the model for the real one."""
    turns: int
    """Replies in a row on each side."""
    step: int | None
    """Step of the adapter that replied."""
    participant: str
    context: tuple[tuple[str, str], ...]
    """Name and text of the last messages before."""
    real: tuple[str, ...]
    imitated: tuple[str, ...]
    at: float
    """Unix time."""


@dataclass(frozen=True)
class QuizTally:
    """How many picks there are, and how many were fooled."""

    picks: int = 0
    fooled: int = 0

    @classmethod
    def of(cls, picks: Iterable[QuizPick]) -> QuizTally:
        fooled = [pick.fooled for pick in picks]
        return cls(len(fooled), sum(fooled))


@dataclass(frozen=True)
class QuizTallies:
    """The tallies of one adapter."""

    everybody: QuizTally = QuizTally()
    knowing: QuizTally = QuizTally()
    """Judges who know the person."""
    strangers: QuizTally = QuizTally()


class QuizLog:
    """Reads and writes the picks of one run."""

    def __init__(self, run_folder: Path) -> None:
        self._file = run_folder / QUIZ_FILE

    def append(self, pick: QuizPick) -> None:
        line = json.dumps(asdict(pick), ensure_ascii=False)
        # Owner-only: it quotes the room.
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            # A process killed while writing leaves half a line, which must not swallow this one.
            file.write(f"\n{line}\n")

    def picks(self) -> list[QuizPick]:
        """In the order they were made; damaged lines are left out."""
        try:
            text = self._file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        picks = []
        for line in text.split("\n"):
            with contextlib.suppress(ValueError, TypeError, KeyError):
                raw = parse_json(line)
                context = tuple((str(name), str(words)) for name, words in raw["context"])
                real, imitated = (tuple(map(str, raw[key])) for key in ("real", "imitated"))
                texts = {"context": context, "real": real, "imitated": imitated}
                picks.append(QuizPick(**{**raw, **texts}))
        return picks

    def tallies(self, step: int | None) -> QuizTallies:
        """The picks about the adapter of this step."""
        picks = [pick for pick in self.picks() if pick.step == step]
        return QuizTallies(
            QuizTally.of(picks),
            QuizTally.of(pick for pick in picks if pick.knows),
            QuizTally.of(pick for pick in picks if not pick.knows),
        )

    def version(self) -> int:
        """Changes when picks are added; 0 if there are none."""
        try:
            return self._file.stat().st_mtime_ns
        except OSError:
            return 0
