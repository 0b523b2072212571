"""How much each filter removes, and how far it moves the style of the training targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from kakaobot.dataset.filters import REASONS
from kakaobot.dataset.sampler import EvenSampler
from kakaobot.dataset.target_selection import TargetSelection
from kakaobot.language import deferred
from kakaobot.schema import Turn
from kakaobot.style import StyleProfile, style_distance, style_profile

_SAMPLE_SIZE = 4000
"""Replies; keeps the 95% error of a share below 1.6 percentage points."""


@dataclass(frozen=True)
class FilterEffect:
    """Style of the replies that remain after one filter, or after all of them."""

    title: str
    """Korean name of the filter."""
    removed: int
    """Replies removed, out of all candidates."""
    distance: float
    """Style distance from all candidates, 0 (none) to 1."""
    median_chars: int
    laughter: float
    """Share of replies (0 to 1) with ㅋ."""
    crying: float
    """Share of replies with ㅠ."""
    initials: float
    """Share of replies with 초성 words."""
    polite: float
    """Share of 존댓말 among bubbles with a known speech level."""
    multi_bubble: float
    """Share of replies with several bubbles."""


BEFORE, AFTER = deferred("거르기 전"), deferred("모두 거른 뒤")


class ReplySample:
    """Evenly spaced sample of the candidate replies of all rooms."""

    def __init__(self, persona: str = "") -> None:
        """`persona`: participant whose replies are candidates; empty for all."""
        self._persona = persona
        self._sampler = EvenSampler[tuple[str, int, Turn]](_SAMPLE_SIZE)

    def observe(self, room: str, turns: Iterable[Turn]) -> Iterator[Turn]:
        """Pass a room's turns through unchanged while sampling them."""
        for position, turn in enumerate(turns):
            if self._persona in ("", turn.sender):
                self._sampler.add((room, position, turn))
            yield turn

    def effects(self, selections: Mapping[str, TargetSelection]) -> tuple[FilterEffect, ...]:
        """Effects of no filter, of each filter that removed something, and of all filters.

        Args:
            selections: target selection of each observed room.
        """
        removed = Counter[str]()
        for selection in selections.values():
            removed.update(selection.counts)
        replies = [
            (turn.text, selections[room].reasons.get(position, ""))
            for room, position, turn in self._sampler.items()
        ]
        if not replies:
            return ()
        unfiltered = style_profile(text for text, _ in replies)
        effects = [_effect(BEFORE, 0, unfiltered, unfiltered)]
        for filter_reason in REASONS:
            if removed[filter_reason]:
                left = style_profile(text for text, reason in replies if reason != filter_reason)
                effects.append(_effect(filter_reason, removed[filter_reason], unfiltered, left))
        left = style_profile(text for text, reason in replies if not reason)
        effects.append(_effect(AFTER, removed.total(), unfiltered, left))
        return tuple(effects)


def _effect(title: str, removed: int, unfiltered: StyleProfile, rest: StyleProfile) -> FilterEffect:
    levels = rest.shares("level")
    polite = levels["합니다체"] + levels["해요체"]
    known = polite + levels["반말"] + levels["음슴체"]
    return FilterEffect(
        title=title,
        removed=removed,
        distance=round(style_distance(unfiltered, rest), 4),
        median_chars=rest.length.median,
        laughter=round(rest.share("ㅋ"), 4),
        crying=round(rest.share("ㅠ"), 4),
        initials=round(rest.share("초성"), 4),
        polite=round(polite / known, 4) if known else 0.0,
        multi_bubble=round(1 - rest.shares("burst")["1개"], 4) if rest.replies else 0.0,
    )
