"""What each filter takes away, and how that moves the way of talking that is learnt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from kakaobot.dataset.filters import REASONS
from kakaobot.dataset.sampler import EvenSampler
from kakaobot.dataset.target_selection import TargetSelection
from kakaobot.schema import Turn
from kakaobot.style import StyleProfile, style_distance, style_profile

_SAMPLE = 4000
"""Replies, spread evenly over all: a share of them is within 1.6 points of that of all, 19 times
of 20."""


@dataclass(frozen=True)
class FilterEffect:
    """The replies that are left when one filter alone, or all of them, have done their work."""

    title: str
    """Korean: which filter."""
    taken: int
    """Replies, of all that could be learnt."""
    apart: float
    """From the voice of all replies: 0 (nothing moves) to 1."""
    length: int
    """Characters of a reply, the median."""
    laughs: float
    """Share of replies (0 to 1) that hold ㅋ."""
    cries: float
    """Share with ㅠ."""
    initials: float
    """Share with 초성 words."""
    polite: float
    """Share of bubbles with 존댓말 among those whose level is known."""
    bursts: float
    """Share of replies of several bubbles."""


BEFORE, AFTER = "거르기 전", "모두 거른 뒤"


class ReplySample:
    """Some of the replies that are judged; grows with every room."""

    def __init__(self, persona: str = "") -> None:
        """`persona`: whose replies are learnt; empty for everybody's."""
        self._persona = persona
        self._kept = EvenSampler[tuple[str, int, Turn]](_SAMPLE)

    def passing(self, room: str, turns: Iterable[Turn]) -> Iterator[Turn]:
        """The same turns of one room; some are kept as they go by."""
        for place, turn in enumerate(turns):
            if self._persona in ("", turn.sender):
                self._kept.add((room, place, turn))
            yield turn

    def effects(self, judged: Mapping[str, TargetSelection]) -> tuple[FilterEffect, ...]:
        """Before any filter, with each one that took something alone, and after all of them.

        Args:
            judged: what the filters said of each room's turns.
        """
        taken = Counter[str]()
        for each in judged.values():
            taken.update(each.counts)
        sample = [
            (turn.text, judged[room].reasons.get(place, ""))
            for room, place, turn in self._kept.items()
        ]
        if not sample:
            return ()
        whole = style_profile(text for text, _ in sample)
        found = [_effect(BEFORE, 0, whole, whole)]
        for reason in REASONS:
            if taken[reason]:
                left = style_profile(text for text, why in sample if why != reason)
                found.append(_effect(reason, taken[reason], whole, left))
        left = style_profile(text for text, why in sample if not why)
        found.append(_effect(AFTER, taken.total(), whole, left))
        return tuple(found)


def _effect(title: str, taken: int, whole: StyleProfile, left: StyleProfile) -> FilterEffect:
    levels = left.shares("level")
    polite = levels["합니다체"] + levels["해요체"]
    known = polite + levels["반말"] + levels["음슴체"]
    return FilterEffect(
        title=title,
        taken=taken,
        apart=round(style_distance(whole, left), 4),
        length=left.length.median,
        laughs=round(left.share("ㅋ"), 4),
        cries=round(left.share("ㅠ"), 4),
        initials=round(left.share("초성"), 4),
        polite=round(polite / known, 4) if known else 0.0,
        bursts=round(1 - left.shares("burst")["1개"], 4) if left.replies else 0.0,
    )
