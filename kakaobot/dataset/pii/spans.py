"""The kinds of private data, a place where one stands, and which of two overlapping ones counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

LINK = "링크"
EMAIL = "이메일"
RESIDENT = "주민등록번호"
FOREIGNER = "외국인등록번호"
CARD = "카드번호"
BUSINESS = "사업자등록번호"
PHONE = "전화번호"
PASSWORD = "비밀번호"
PASSPORT = "여권번호"
ACCOUNT = "계좌번호"
PLATE = "차량번호"
ADDRESS = "주소"
CUSTOM_WORD = "가린말"

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
"""Where two finds overlap, the kind that stands first here counts; of one kind the longer."""

TAGS = {kind: f"<{kind}>" for kind in ENTITY_TYPES}

# Edges of a number: it is no part of a longer one, of a decimal, or of a Latin word.
NUMBER_START = r"(?<![0-9A-Za-z])(?<![0-9][-.,/:_])"
NUMBER_END = r"(?![0-9A-Za-z])(?![-.,/:_][0-9])"

Interval = tuple[int, int]
Recognizer = Callable[[str], Iterator["Span"]]
"""Finds in a folded text (see `view`), in any order; may overlap."""


@dataclass(frozen=True, slots=True)
class Span:
    kind: str
    start: int
    end: int
    """Exclusive; in characters of the text that was searched."""


def resolve_overlaps(finds: Iterable[Span]) -> list[Span]:
    """Finds that do not overlap, from left to right; the order they came in does not matter.

    Of an own word that only partly overlaps something, the rest is still covered.
    """
    taken: list[Span] = []
    for find in sorted(set(finds), key=_rank):
        if find.kind == CUSTOM_WORD:
            taken += _uncovered(find, taken)
        elif all(find.end <= other.start or other.end <= find.start for other in taken):
            taken.append(find)
    return sorted(taken, key=lambda find: find.start)


def _rank(find: Span) -> tuple[int, int, int]:
    return ENTITY_TYPES.index(find.kind), find.start - find.end, find.start


def _uncovered(find: Span, taken: list[Span]) -> list[Span]:
    start, rest = find.start, []
    for other in sorted(taken, key=lambda other: other.start):
        if other.end <= start or find.end <= other.start:
            continue
        if start < other.start:
            rest.append(Span(find.kind, start, other.start))
        start = max(start, other.end)
    if start < find.end:
        rest.append(Span(find.kind, start, find.end))
    return rest
