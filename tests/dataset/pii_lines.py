"""Reads the labelled lines of `pii*.tsv` and scores what is found in them. Prints nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kakaobot.dataset.pii.spans import ENTITY_TYPES, Span
from kakaobot.dataset.privacy import find_spans

HERE = Path(__file__).resolve().parent
TUNED = HERE / "pii.tsv"
"""Written before the rules, and in three rounds after them; the rules were mended for them."""
HELD_OUT = HERE / "pii_held_out.tsv"
"""Written last; neither rules nor labels were changed for them."""
OWN_WORDS = ("별빛초등학교", "한도담")

_MARK = re.compile("⟦([^|⟧]+)\\|([^⟧]*)⟧")
_ESCAPE = re.compile(r"\\(n|u[0-9a-fA-F]{4})")


@dataclass(frozen=True)
class Line:
    where: str
    topic: str
    text: str
    finds: frozenset[Span]


@dataclass(frozen=True)
class Score:
    """Spans count as right when kind, start and end are those of the label."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


def read(file: Path) -> list[Line]:
    rows = file.read_text(encoding="utf-8").split("\n")
    numbered = [(number, row) for number, row in enumerate(rows, 1) if row and row[0] != "#"]
    return [_line(f"{file.name}:{number}", *row.split("\t")) for number, row in numbered]


def _line(where: str, topic: str, marked: str) -> Line:
    marked = _ESCAPE.sub(lambda m: "\n" if m[1] == "n" else chr(int(m[1][1:], 16)), marked)
    text, finds, end = "", [], 0
    for mark in _MARK.finditer(marked):
        text += marked[end : mark.start()]
        finds.append(Span(mark[1], len(text), len(text) + len(mark[2])))
        text += mark[2]
        end = mark.end()
    return Line(where, topic, text + marked[end:], frozenset(finds))


def found_in(line: Line) -> frozenset[Span]:
    return frozenset(find_spans(line.text, words=OWN_WORDS))


def scores(lines: Iterable[Line]) -> dict[str, Score]:
    """By kind, and of all under the empty name."""
    right, wrong, missed = Counter[str](), Counter[str](), Counter[str]()
    for line in lines:
        found = found_in(line)
        right.update(each.kind for each in found & line.finds)
        wrong.update(each.kind for each in found - line.finds)
        missed.update(each.kind for each in line.finds - found)
    table = {kind: Score(right[kind], wrong[kind], missed[kind]) for kind in ENTITY_TYPES}
    return table | {"": Score(right.total(), wrong.total(), missed.total())}


def mistakes(lines: Iterable[Line]) -> list[str]:
    """Every line not read as labelled: `where: text  + kind|wrongly found  - kind|missed`."""
    out = []
    for line in lines:
        found = found_in(line)
        wrong = [f"+ {_shown(line, each)}" for each in sorted(found - line.finds, key=_place)]
        missed = [f"- {_shown(line, each)}" for each in sorted(line.finds - found, key=_place)]
        if wrong or missed:
            out.append("  ".join([f"{line.where}: {line.text!r}", *wrong, *missed]))
    return out


def _shown(line: Line, find: Span) -> str:
    return f"{find.kind}|{line.text[find.start : find.end]}"


def _place(find: Span) -> int:
    return find.start
