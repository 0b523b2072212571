"""Replies that only react: ㅋㅋ, ㅇㅇ, 헐, an emoji. They are the room's style, and too many of it.

They are never wrong, only many: a share of the learnt replies may be such, and those that stay keep
the mix. Pure; knows turns, no rules.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction

from kakaobot.records import Turn

SYLLABLES = 2
"""응, 네네, 헐, 대박: without a third syllable hardly more is said than that one listens."""

# A tag that stands for what was masked is something said.
_TAG = re.compile(r"<[가-힣·]{1,10}>")
_EMOTICON = re.compile(r"\([가-힣]{1,4}\)")
_SIGNS = re.compile(r"[\W_]+")
_RUN = re.compile(r"(.)(?=\1)")
_JAMO = re.compile(r"[ㄱ-ㅎㅏ-ㅣ]+")
_SYLLABLE = re.compile(r"[가-힣]")
_HANGUL = re.compile(r"[가-힣]*")
# Runs are one letter by then.
_LATIN = re.compile(r"ok(?:ay)?|lol|wow|omg|g|hi|yes|no|yeah|thx", re.IGNORECASE)
_LONGEST = 400
"""Characters; a run of ㅋ may be long, but past this the text is not looked through."""


@functools.lru_cache(maxsize=1 << 16)
def low_signal(text: str) -> str | None:
    """The bare form of a reply that only reacts (`ㅋㅋㅋ!` → `ㅋ`, `네네` → `네`), None of others.

    It is empty where there are only signs or emoji.
    """
    if len(text) > _LONGEST or _TAG.search(text):
        return None
    # Most replies end here, at a tenth of the time that the rest takes.
    if "(" not in text and len(set(_SYLLABLE.findall(text))) > SYLLABLES:
        return None
    form = _RUN.sub("", _SIGNS.sub("", _EMOTICON.sub("", text)))
    word = _RUN.sub("", _JAMO.sub("", form))
    said = len(word) <= SYLLABLES and _HANGUL.fullmatch(word)
    return form if said or _LATIN.fullmatch(word) else None


def over_share(turns: Iterable[tuple[str, Turn]], share: float) -> list[tuple[str, Turn]]:
    """Low-signal turns that are too many for `share` of what is left when they are gone.

    They are chosen evenly over the forms, the people of a form and the time of a person, so that
    ㅋㅋ keeps its part beside ㅇㅇ, everybody's part beside the others' and no month falls silent.
    """
    exact = Fraction(share).limit_denominator(1000)
    if exact >= 1:
        return []
    others = 0
    low: list[tuple[str, str, datetime, str, str, Turn]] = []
    for room, turn in turns:
        if (form := low_signal(turn.text)) is None:
            others += 1
        else:
            low.append((form, turn.sender, turn.start, room, turn.id, turn))
    stay = min(len(low), int(exact * others / (1 - exact)))
    low.sort(key=lambda each: each[:5])
    return [
        (room, turn)
        for place, (*_, room, _, turn) in enumerate(low)
        if place * stay // len(low) == (place + 1) * stay // len(low)
    ]
