"""Pairs a real reply of the blind test with an imitation that nothing but its words gives away.

Both have as many bubbles and about as many characters, neither has a tag of masked data or a link,
and over the questions of a quiz the imitation is as often the longer one as the shorter one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kakaobot.chat.lines import split_bubbles

_TAG_OR_LINK = re.compile(r"<[가-힣·][가-힣· ]{0,11}>|\[링크\]|://|www\.", re.IGNORECASE)
_VISIBLE = re.compile(r"\w")
_MAX_CHARS = 120
"""Longer replies have no imitation of about their length."""
_SPARE_CHARS, _SPARE_SHARE = 2, 0.25
"""Characters, or share of the longer text, by which the lengths may differ."""
MAX_LEAN = 1
"""By how many the longer imitations may outnumber the shorter ones, or these those."""


def is_askable(text: str) -> bool:
    """Whether a reply can be asked about: it has words, and nothing that was masked."""
    return bool(_VISIBLE.search(text)) and not _TAG_OR_LINK.search(text) and len(text) <= _MAX_CHARS


def nearest_in_length(real: str, candidates: Iterable[str], lean: int = 0) -> str | None:
    """The candidate with the most similar length, other than `real`; None if there is none.

    Args:
        real: the real reply.
        candidates: imitations.
        lean: above 0, a shorter one is preferred to a longer one as near; below 0, a longer one.
    """
    same = "".join(real.split())
    different = [text for text in candidates if is_askable(text) and "".join(text.split()) != same]
    return min(
        different,
        key=lambda text: (
            abs(len(split_bubbles(text)) - len(split_bubbles(real))),
            abs(length(text) - length(real)),
            sign(length(text) - length(real)) * sign(lean) > 0,
        ),
        default=None,
    )


def match(real: Sequence[str], imitated: Sequence[str]) -> bool:
    """Whether the replies of both sides look alike in bubbles and length."""
    bubbles = [[len(split_bubbles(text)) for text in side] for side in (real, imitated)]
    lengths = [sum(map(length, side)) for side in (real, imitated)]
    spare = max(_SPARE_CHARS, _SPARE_SHARE * max(lengths))
    return bubbles[0] == bubbles[1] and abs(lengths[0] - lengths[1]) <= spare


def lean_after(lean: int, real: Sequence[str], imitated: Sequence[str]) -> int:
    """How often the imitation was longer than the real replies, less how often it was shorter."""
    return lean + sign(sum(map(length, imitated)) - sum(map(length, real)))


def length(text: str) -> int:
    """Characters, as they are seen."""
    return sum(map(len, split_bubbles(text)))


def sign(number: int) -> int:
    return (number > 0) - (number < 0)
