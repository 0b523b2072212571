"""NFC normalization in linear time, however many combining marks are stacked."""

from __future__ import annotations

import re
import unicodedata

_MAX_MARKS = 30
"""Consecutive combining marks, as in the Stream-Safe Text Format of Unicode Annex 15."""
_JOINER = "\u034f"
"""Combining grapheme joiner: invisible, and marks are not reordered across it."""
_STRIDE = 64
_SAMPLE_HIT = re.compile(r"[^\w\x00-\x7f]{4}")
_LONG_STACK = re.compile(rf"[^\w\x00-\x7f]{{{_MAX_MARKS + 1},}}")


def to_nfc(text: str) -> str:
    """Normalize; long stacks of marks are split first, as sorting one takes quadratic time."""
    if _SAMPLE_HIT.search(text[::_STRIDE]):
        text = _LONG_STACK.sub(_split_stack, text)
    return unicodedata.normalize("NFC", text)


def _split_stack(match: re.Match[str]) -> str:
    characters: list[str] = []
    height = 0
    for character in match[0]:
        height = height + 1 if unicodedata.combining(character) else 0
        if height > _MAX_MARKS:
            characters.append(_JOINER)
            height = 1
        characters.append(character)
    return "".join(characters)


def decode_utf8(data: bytes) -> str:
    """Decode to NFC, without byte order marks at the start or where files were concatenated.

    Raises:
        UnicodeDecodeError: invalid UTF-8.
    """
    return to_nfc(data.decode()).replace("\n\ufeff", "\n").lstrip("\ufeff")
