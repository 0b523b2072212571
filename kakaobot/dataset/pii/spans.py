"""Entity types and spans of personal data, and the resolution of overlaps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from kakaobot.language import deferred

LINK = deferred("링크")
EMAIL = deferred("이메일")
RESIDENT = deferred("주민등록번호")
FOREIGNER = deferred("외국인등록번호")
CARD = deferred("카드번호")
BUSINESS = deferred("사업자등록번호")
PHONE = deferred("전화번호")
PASSWORD = deferred("비밀번호")
PASSPORT = deferred("여권번호")
ACCOUNT = deferred("계좌번호")
PLATE = deferred("차량번호")
ADDRESS = deferred("주소")
CUSTOM_WORD = deferred("가린말")

ENTITY_TYPES = (
    LINK,
    EMAIL,
    RESIDENT,
    FOREIGNER,
    CARD,
    BUSINESS,
    PHONE,
    PASSWORD,
    PASSPORT,
    ACCOUNT,
    PLATE,
    ADDRESS,
    CUSTOM_WORD,
)
"""In order of precedence: of overlapping spans the earlier type wins, then the longer span."""

TAGS = {entity_type: f"<{entity_type}>" for entity_type in ENTITY_TYPES}

# Boundaries of a number that is not part of a longer number, a decimal or a Latin word.
NUMBER_START = r"(?<![0-9A-Za-z])(?<![0-9][-.,/:_])"
NUMBER_END = r"(?![0-9A-Za-z])(?![-.,/:_][0-9])"

Interval = tuple[int, int]
Recognizer = Callable[[str], Iterator["Span"]]
"""Yields spans of a normalized text (see `normalize`), in any order; they may overlap."""


@dataclass(frozen=True, slots=True)
class Span:
    entity_type: str
    start: int
    end: int
    """Exclusive."""


def resolve_overlaps(spans: Iterable[Span]) -> list[Span]:
    """Return disjoint spans from left to right, regardless of the input order.

    A custom word that partly overlaps another span keeps its remaining parts.
    """
    disjoint: list[Span] = []
    for span in sorted(set(spans), key=_precedence):
        if span.entity_type == CUSTOM_WORD:
            disjoint += _uncovered(span, disjoint)
        elif all(span.end <= other.start or other.end <= span.start for other in disjoint):
            disjoint.append(span)
    return sorted(disjoint, key=lambda span: span.start)


def _precedence(span: Span) -> tuple[int, int, int]:
    return ENTITY_TYPES.index(span.entity_type), span.start - span.end, span.start


def _uncovered(span: Span, others: list[Span]) -> list[Span]:
    """Parts of `span` that no other span covers."""
    start, parts = span.start, []
    for other in sorted(others, key=lambda other: other.start):
        if other.end <= start or span.end <= other.start:
            continue
        if start < other.start:
            parts.append(Span(span.entity_type, start, other.start))
        start = max(start, other.end)
    if start < span.end:
        parts.append(Span(span.entity_type, start, span.end))
    return parts
