"""Reads the labeled lines in `pii*.tsv` and scores the recognizers on them."""

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
"""Development set: written before and while the rules were tuned."""
HELD_OUT = HERE / "pii_held_out.tsv"
"""Held-out set: written last; neither rules nor labels were changed for it."""
CUSTOM_WORDS = ("별빛초등학교", "한도담")

_LABEL = re.compile("⟦([^|⟧]+)\\|([^⟧]*)⟧")
_ESCAPE = re.compile(r"\\(n|u[0-9a-fA-F]{4})")


@dataclass(frozen=True)
class Line:
    location: str
    topic: str
    text: str
    spans: frozenset[Span]


@dataclass(frozen=True)
class Score:
    """A predicted span is right if a label has the same entity type, start and end."""

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


def _line(location: str, topic: str, labeled: str) -> Line:
    labeled = _ESCAPE.sub(lambda m: "\n" if m[1] == "n" else chr(int(m[1][1:], 16)), labeled)
    text, spans, end = "", [], 0
    for label in _LABEL.finditer(labeled):
        text += labeled[end : label.start()]
        spans.append(Span(label[1], len(text), len(text) + len(label[2])))
        text += label[2]
        end = label.end()
    return Line(location, topic, text + labeled[end:], frozenset(spans))


def predict(line: Line) -> frozenset[Span]:
    return frozenset(find_spans(line.text, words=CUSTOM_WORDS))


def scores(lines: Iterable[Line]) -> dict[str, Score]:
    """Entity type → score; the total has the key `""`."""
    right, wrong, missed = Counter[str](), Counter[str](), Counter[str]()
    for line in lines:
        predicted = predict(line)
        right.update(span.entity_type for span in predicted & line.spans)
        wrong.update(span.entity_type for span in predicted - line.spans)
        missed.update(span.entity_type for span in line.spans - predicted)
    table = {name: Score(right[name], wrong[name], missed[name]) for name in ENTITY_TYPES}
    return table | {"": Score(right.total(), wrong.total(), missed.total())}


def mistakes(lines: Iterable[Line]) -> list[str]:
    """Lines with errors: `location: text  + type|wrong span  - type|missed span`."""
    out = []
    for line in lines:
        predicted = predict(line)
        wrong = [f"+ {_format(line, span)}" for span in sorted(predicted - line.spans, key=_start)]
        missed = [f"- {_format(line, span)}" for span in sorted(line.spans - predicted, key=_start)]
        if wrong or missed:
            out.append("  ".join([f"{line.location}: {line.text!r}", *wrong, *missed]))
    return out


def _format(line: Line, span: Span) -> str:
    return f"{span.entity_type}|{line.text[span.start : span.end]}"


def _start(span: Span) -> int:
    return span.start
