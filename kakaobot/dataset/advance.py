"""How far one part of a build has come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from kakaobot.schema import Progress

Item = TypeVar("Item")
Advance = Callable[[float], None]
"""Receives the fraction done of a part (0 to 1)."""
_ITEMS_PER_CALL = 2_000
"""Under a second of work on messages."""


def no_advance(fraction: float) -> None:
    """Ignores how far a part has come."""


def part(progress: Progress, start: float, end: float, text: str) -> Advance:
    """The advance of a part that covers `start` to `end` of the whole, which it begins."""
    progress(start, text)
    return lambda fraction: progress(start + (end - start) * fraction, text)


def advancing(items: Iterable[Item], count: int, advance: Advance) -> Iterator[Item]:
    """Pass on `count` items, and tell now and then how far they are."""
    for number, item in enumerate(items):
        if number % _ITEMS_PER_CALL == 0:
            advance(number / max(1, count))
        yield item
