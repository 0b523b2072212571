"""Recognizes backchannels (짧은 반응: ㅋㅋ, ㅇㅇ, 헐, an emoji) and picks the surplus ones.

Backchannels are part of a room's style, but there are too many: they are capped at a share of the
targets, and those that remain keep the mix of forms, senders and times.
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
"""응, 네네, 헐, 대박: up to two syllables rarely do more than acknowledge."""

# PII tags replace content.
_TAG = re.compile(r"<[가-힣·]{1,10}>")
_EMOTICON = re.compile(r"\([가-힣]{1,4}\)")
_SIGNS = re.compile(r"[\W_]+")
_REPEATED = re.compile(r"(.)(?=\1)")
_JAMO = re.compile(r"[ㄱ-ㅎㅏ-ㅣ]+")
_SYLLABLE = re.compile(r"[가-힣]")
_HANGUL = re.compile(r"[가-힣]*")
# Matched after runs of a letter are collapsed (ㅋㅋ → ㅋ, ggg → g).
_LATIN = re.compile(r"ok(?:ay)?|lol|wow|omg|g|hi|yes|no|yeah|thx", re.IGNORECASE)
_MICROSECOND = timedelta(microseconds=1)
_MAX_CHARS = 400
"""Longer texts are not examined."""


@functools.lru_cache(maxsize=1 << 16)
def backchannel_form(text: str) -> str | None:
    """Return a backchannel's bare form (`ㅋㅋㅋ!` → `ㅋ`, `네네` → `네`), None for other texts.

    The form is empty for signs and emoji alone.
    """
    if len(text) > _MAX_CHARS or _TAG.search(text):
        return None
    # Fast path: rejects most replies in a tenth of the time.
    if "(" not in text and len(set(_SYLLABLE.findall(text))) > MAX_SYLLABLES:
        return None
    form = _REPEATED.sub("", _SIGNS.sub("", _EMOTICON.sub("", text)))
    word = _REPEATED.sub("", _JAMO.sub("", form))
    is_short = len(word) <= MAX_SYLLABLES and _HANGUL.fullmatch(word)
    return form if is_short or _LATIN.fullmatch(word) else None


class BackchannelIndex:
    """Collects the backchannels among the targets; 48 bytes each, nothing for other turns."""

    def __init__(self) -> None:
        self._others = 0
        self._known: tuple[dict[str, int], dict[str, int], dict[str, int]] = {}, {}, {}
        """Form, sender and room → number."""
        self._numbers = array("q")
        self._discarded = set[int]()
        self._columns = tuple(array("q") for _ in range(5))
        """Form, sender, time, room and a digest of the turn's id as a tie-breaker."""

    def add(self, number: int, room: str, turn: Turn) -> None:
        """Add a target; `number` identifies it and must increase."""
        form = backchannel_form(turn.text)
        if form is None:
            self._others += 1
            return
        forms, senders, rooms = self._known
        row = (
            forms.setdefault(form, len(forms)),
            senders.setdefault(turn.sender, len(senders)),
            (turn.start - datetime.min) // _MICROSECOND,
            rooms.setdefault(room, len(rooms)),
            crc32(turn.id.encode("utf-8", "surrogatepass")),
        )
        self._numbers.append(number)
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)

    def discard(self, number: int) -> None:
        """Remove a turn that was added."""
        index = bisect_left(self._numbers, number)
        if self._numbers[index : index + 1] == array("q", [number]):
            self._discarded.add(index)
        else:
            self._others -= 1

    def surplus(self, max_share: float) -> list[int]:
        """Return the numbers to drop so that backchannels are at most `max_share` of the targets.

        Dropped turns are spread evenly over forms, senders of a form and the time of a sender, so
        proportions between them are kept. The order in which turns were added does not matter.
        """
        share = Fraction(max_share).limit_denominator(1000)
        remaining = np.ones(len(self._numbers), bool)
        remaining[list(self._discarded)] = False
        count = int(remaining.sum())
        if share >= 1 or not count:
            return []
        quota = min(count, int(share * self._others / (1 - share)))
        forms, senders, times, rooms, digests = (
            np.asarray(column)[remaining] for column in self._columns
        )
        form, sender, room = (
            _alphabetic_ranks(known)[column]
            for known, column in zip(self._known, (forms, senders, rooms), strict=True)
        )
        order = np.lexsort((digests, room, times, sender, form))
        # Keep `quota` of `count` turns at even distances.
        steps = np.arange(count + 1) * quota // count
        dropped = order[steps[:-1] == steps[1:]]
        return sorted(np.asarray(self._numbers)[remaining][dropped].tolist())


def _alphabetic_ranks(numbers: Mapping[str, int]) -> npt.NDArray[np.int64]:
    """Map the number of each text to its alphabetic rank."""
    ranks = np.empty(len(numbers), np.int64)
    ranks[[numbers[text] for text in sorted(numbers)]] = np.arange(len(numbers))
    return ranks
