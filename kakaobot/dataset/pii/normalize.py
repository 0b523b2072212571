"""Normalizes text for the recognizers: ASCII digits and dashes, no invisible characters.

A `NormalizedText` maps its spans back to the original.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass

from kakaobot.dataset.pii.spans import TAGS, Interval

TAG_FILLER = "\ue000"
"""Replaces each character of a tag, so that no recognizer matches inside of it or across it."""

# Soft hyphen, Hangul fillers, zero-width spaces and joiners, direction marks, variation selectors
# and the combining keycap.
_INVISIBLE = (
    "\u00ad\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u3164\ufe0e\ufe0f\ufeff\u20e3"
)
# No-break and wide spaces, dashes, fullwidth forms, circled digits, and digits of other scripts.
_FOLDED = (
    "\u00a0\u2000-\u200a\u202f\u3000\u2010-\u2015\u2212\u30fc\uff01-\uff5e\u24ea\u2460-\u2468"
    "\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\U0001d7ce-\U0001d7ff"
)
NORMALIZED_CHARS = f"{_INVISIBLE}{_FOLDED}"
"""Body of a regex character class: the characters that normalization changes."""

_NORMALIZED = re.compile(f"[{NORMALIZED_CHARS}]")
_IS_INVISIBLE = re.compile(f"[{_INVISIBLE}]")
# The vowel ㅡ between digits is a mistyped dash.
_VOWEL_DASH = re.compile("(?<=[0-9])ㅡ(?=[0-9])")
_TAG = re.compile("|".join(map(re.escape, TAGS.values())))


@dataclass(frozen=True, slots=True)
class NormalizedText:
    text: str
    offsets: tuple[int, ...] | None
    """Index of each character in the original; None if they are equal."""
    original: str

    def original_span(self, start: int, end: int) -> Interval:
        """Map a span to the original, including the variation selectors of its last character."""
        if self.offsets is None:
            return start, end
        first, stop = self.offsets[start], self.offsets[end - 1] + 1
        while stop < len(self.original) and self.original[stop] in "\ufe0f\u20e3":
            stop += 1
        return first, stop


def normalize(text: str) -> NormalizedText:
    """Normalize `text`; each character of an existing tag becomes `TAG_FILLER`."""
    plain = _TAG.sub(lambda tag: TAG_FILLER * len(tag[0]), text) if "<" in text else text
    if "ㅡ" in plain:
        plain = _VOWEL_DASH.sub("-", plain)
    if not _NORMALIZED.search(plain):
        return NormalizedText(plain, None, text)
    visible = [(index, folded) for index, char in enumerate(plain) if (folded := _fold(char))]
    return NormalizedText(
        "".join(char for _, char in visible), tuple(index for index, _ in visible), text
    )


@functools.cache
def _fold(char: str) -> str:
    """Return one plain character, or an empty string for an invisible one."""
    if not _NORMALIZED.match(char):
        return char
    if _IS_INVISIBLE.match(char):
        return ""
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    if unicodedata.category(char) == "Zs":
        return " "
    if unicodedata.category(char) == "Pd" or char in "\u2212\u30fc":
        return "-"
    return unicodedata.normalize("NFKC", char)
