"""A text as the rules read it: other digits and dashes made plain, invisible characters left out.

The text itself is never changed; a view knows where each of its characters stands.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass

from kakaobot.dataset.pii.spans import TAGS, Interval

TAG_FILLER = "\ue000"
"""Stands in a view for each character of a tag: no rule reads it, and no find reaches over it."""

# Soft hyphen, Hangul fillers, zero-width spaces and joiners, direction marks, variation selectors,
# and the keycap that makes 1 an emoji.
_INVISIBLE = (
    "\u00ad\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u3164\ufe0e\ufe0f\ufeff\u20e3"
)
# No-break and wide spaces, dashes, fullwidth forms, circled digits, and digits of other scripts.
_FOLDED = (
    "\u00a0\u2000-\u200a\u202f\u3000\u2010-\u2015\u2212\u30fc\uff01-\uff5e\u24ea\u2460-\u2468"
    "\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\U0001d7ce-\U0001d7ff"
)
NORMALIZED_CHARS = f"{_INVISIBLE}{_FOLDED}"
"""Inside of a regular expression's set: the characters for which a view differs from the text."""

_ODD = re.compile(f"[{NORMALIZED_CHARS}]")
_IS_INVISIBLE = re.compile(f"[{_INVISIBLE}]")
# The vowel ㅡ lies under the same finger as a dash; between digits it is one.
_VOWEL_DASH = re.compile("(?<=[0-9])ㅡ(?=[0-9])")
_TAG = re.compile("|".join(map(re.escape, TAGS.values())))


@dataclass(frozen=True, slots=True)
class NormalizedText:
    text: str
    places: tuple[int, ...] | None
    """Of each character its place in the original; None where both are the same."""
    original: str

    def span(self, start: int, end: int) -> Interval:
        """Place in the original, with the invisible characters that belong to its last one."""
        if self.places is None:
            return start, end
        first, last = self.places[start], self.places[end - 1] + 1
        while last < len(self.original) and self.original[last] in "\ufe0f\u20e3":
            last += 1
        return first, last


def normalize(text: str) -> NormalizedText:
    """How `text` reads. Tags that stand in it already are covered."""
    plain = _TAG.sub(lambda tag: TAG_FILLER * len(tag[0]), text) if "<" in text else text
    if "ㅡ" in plain:
        plain = _VOWEL_DASH.sub("-", plain)
    if not _ODD.search(plain):
        return NormalizedText(plain, None, text)
    kept = [(place, _fold(char)) for place, char in enumerate(plain)]
    kept = [(place, char) for place, char in kept if char]
    return NormalizedText(
        "".join(char for _, char in kept), tuple(place for place, _ in kept), text
    )


@functools.cache
def _fold(char: str) -> str:
    """One plain character, or nothing for an invisible one."""
    if not _ODD.match(char):
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
