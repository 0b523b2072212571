"""Replies that only react: ㅋㅋ, ㅇㅇ, 헐, an emoji. They are the room's style, and too many of it.

They are never wrong, only many: a share of the learnt replies may be such, and those that stay keep
the mix. Pure; knows turns, no rules.
"""

from __future__ import annotations

import functools
import re
from array import array
from bisect import bisect_left
from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from zlib import crc32

import numpy as np
import numpy.typing as npt

from kakaobot.schema import Turn

MAX_SYLLABLES = 2
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
_MOMENT = timedelta(microseconds=1)
_LONGEST = 400
"""Characters; a run of ㅋ may be long, but past this the text is not looked through."""


@functools.lru_cache(maxsize=1 << 16)
def backchannel_form(text: str) -> str | None:
    """The bare form of a reply that only reacts (`ㅋㅋㅋ!` → `ㅋ`, `네네` → `네`), None of others.

    It is empty where there are only signs or emoji.
    """
    if len(text) > _LONGEST or _TAG.search(text):
        return None
    # Most replies end here, at a tenth of the time that the rest takes.
    if "(" not in text and len(set(_SYLLABLE.findall(text))) > MAX_SYLLABLES:
        return None
    form = _RUN.sub("", _SIGNS.sub("", _EMOTICON.sub("", text)))
    word = _RUN.sub("", _JAMO.sub("", form))
    said = len(word) <= MAX_SYLLABLES and _HANGUL.fullmatch(word)
    return form if said or _LATIN.fullmatch(word) else None


class BackchannelIndex:
    """Turns as they go by, told by number, to find those that only react and are too many.

    A low-signal turn takes 48 bytes, any other one none.
    """

    def __init__(self) -> None:
        self._others = 0
        self._known: tuple[dict[str, int], dict[str, int], dict[str, int]] = {}, {}, {}
        """The number of each form, person and room."""
        self._numbers = array("q")
        self._dropped = set[int]()
        self._columns = tuple(array("q") for _ in range(5))
        """Form, person, time, room, and what tells turns of one moment apart."""

    def add(self, number: int, room: str, turn: Turn) -> None:
        """One more that would be learnt; `number` is what `surplus` calls it."""
        form = backchannel_form(turn.text)
        if form is None:
            self._others += 1
            return
        forms, people, rooms = self._known
        row = (
            forms.setdefault(form, len(forms)),
            people.setdefault(turn.sender, len(people)),
            (turn.start - datetime.min) // _MOMENT,
            rooms.setdefault(room, len(rooms)),
            crc32(turn.id.encode("utf-8", "surrogatepass")),
        )
        self._numbers.append(number)
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)

    def discard(self, number: int) -> None:
        """One that was added will not be learnt after all; numbers were added in their order."""
        place = bisect_left(self._numbers, number)
        if self._numbers[place : place + 1] == array("q", [number]):
            self._dropped.add(place)
        else:
            self._others -= 1

    def surplus(self, share: float) -> list[int]:
        """Numbers of those that are too many for `share` of what is left when they are gone.

        They are chosen evenly over the forms, the people of a form and the time of a person, so
        that ㅋㅋ keeps its part beside ㅇㅇ, everybody's part beside the others' and no month falls
        silent. In which order the turns came does not matter.
        """
        exact = Fraction(share).limit_denominator(1000)
        stays = np.ones(len(self._numbers), bool)
        stays[list(self._dropped)] = False
        count = int(stays.sum())
        if exact >= 1 or not count:
            return []
        stay = min(count, int(exact * self._others / (1 - exact)))
        forms, people, moments, rooms, digests = (
            np.asarray(column)[stays] for column in self._columns
        )
        form, person, room = (
            _ranks(known)[column]
            for known, column in zip(self._known, (forms, people, rooms), strict=True)
        )
        order = np.lexsort((digests, room, moments, person, form))
        # Of as many as there are, `stay` at even distances go on.
        steps = np.arange(count + 1) * stay // count
        return sorted(np.asarray(self._numbers)[stays][order[steps[:-1] == steps[1:]]].tolist())


def _ranks(known: Mapping[str, int]) -> npt.NDArray[np.int64]:
    """Number of a text → its place by the alphabet."""
    ranks = np.empty(len(known), np.int64)
    ranks[[known[text] for text in sorted(known)]] = np.arange(len(known))
    return ranks
