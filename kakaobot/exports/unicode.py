"""Text → its composed form (NFC), however many marks somebody has piled up."""

from __future__ import annotations

import re
import unicodedata

_MOST_MARKS = 30
"""In a row, as in the Stream-Safe Text Format of Unicode Standard Annex 15."""
_JOINER = "\u034f"
"""Combining grapheme joiner: unseen, and marks do not move across it."""
_STRIDE = 64
_GLIMPSE = re.compile(r"[^\w\x00-\x7f]{4}")
_PILE = re.compile(rf"[^\w\x00-\x7f]{{{_MOST_MARKS + 1},}}")


def to_nfc(text: str) -> str:
    """NFC. Marks are sorted in time that grows with the square of a pile, so piles are cut."""
    if _GLIMPSE.search(text[::_STRIDE]):
        text = _PILE.sub(_cut, text)
    return unicodedata.normalize("NFC", text)


def _cut(found: re.Match[str]) -> str:
    pieces: list[str] = []
    height = 0
    for character in found[0]:
        height = height + 1 if unicodedata.combining(character) else 0
        if height > _MOST_MARKS:
            pieces.append(_JOINER)
            height = 1
        pieces.append(character)
    return "".join(pieces)
