"""How names and texts of others are shown: without what disturbs the text around them, and short.

For display only; the full text stays the identity.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable

from kakaobot.language import tr

MAX_NAME = 60
"""Characters of a displayed name; KakaoTalk's own limit is 20 for people and 50 for rooms."""
_MAX_WORD, _MAX_SENTENCE = 200, 600
"""Characters of a word and of a whole in `display_sentence`."""
_TAIL = 15
"""Characters kept at the end of what is shortened, such as an extension."""
_MAX_MARKS = 4
"""Marks on one character; no language stacks more."""
INVISIBLE_NAME = tr("(보이지 않는 이름)")

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_CONTROL = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u206a-\u206f\ufff9-\ufffb\ufeff"
# A closed isolate, as `display_name` writes it, is kept.
_DISTURBING = re.compile(f"(\u2068[^{_BIDI}{_CONTROL}\n]*\u2069)|[{_BIDI}{_CONTROL}]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_STACK = re.compile(rf"[^\w\s\x00-\x7f]{{{_MAX_MARKS + 1},}}")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(rf"\S{{{_MAX_WORD + 1},}}")
# Letters that are drawn as nothing: Hangul fillers and the empty Braille pattern.
_BLANK_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"
_INVISIBLE_KINDS = ("Cc", "Cf", "Cn", "Mn", "Me", "Zl", "Zp", "Zs")
_RIGHT_TO_LEFT = ("R", "AL", "AN")
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


def display_name(name: str, limit: int = MAX_NAME) -> str:
    """A name of a person, room, file or run on one line; empty if `name` is.

    The middle of a long name is left out. A name in a right-to-left script is isolated, so that it
    does not reorder what follows.
    """
    if not name:
        return ""
    one_line = _SPACE.sub(" ", unicodedata.normalize("NFC", inert_text(name))).strip()
    shown = shorten(one_line, limit)
    if not any(map(_is_visible, shown)):
        return INVISIBLE_NAME
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in shown):
        return f"{_FIRST_STRONG_ISOLATE}{shown}{_POP_ISOLATE}"
    return shown


def display_names(names: Iterable[str]) -> str:
    """Names, separated by commas."""
    return ", ".join(map(display_name, names))


def display_sentence(sentence: str) -> str:
    """A sentence that may quote a name, with long words and then the whole shortened."""
    words = _WORD.sub(lambda word: shorten(word[0], MAX_NAME), inert_text(sentence))
    return shorten(words, _MAX_SENTENCE, tail=_MAX_SENTENCE // 2)


def inert_text(text: str) -> str:
    """Text without bidi controls, control characters and stacks of marks; keeps line breaks."""
    if text.isascii() and text.isprintable():
        return text
    text = _SURROGATE.sub("\ufffd", _DISTURBING.sub(r"\1", text))
    return _STACK.sub(_cut_stacks, text)


def inert_json(value: object, *, indent: int | None = None) -> str:
    """JSON of the same value, in which `inert_text` would change nothing but stacks of marks."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _DISTURBING.sub(_escape, _SURROGATE.sub(_escape, text)) if not text.isascii() else text


def shorten(text: str, limit: int, tail: int = _TAIL) -> str:
    """At most `limit` characters: the beginning, an ellipsis, and the last `tail` if they fit."""
    if len(text) <= limit:
        return text
    end = text[-tail:].lstrip() if 2 * tail <= limit else ""
    return f"{text[: limit - len(end) - 1].rstrip()}…{end}"


def _is_visible(character: str) -> bool:
    kind = unicodedata.category(character)
    return kind not in _INVISIBLE_KINDS and character not in _BLANK_LETTERS


def _cut_stacks(match: re.Match[str]) -> str:
    """Drop the marks above `_MAX_MARKS` of each character."""
    kept, height = [], 0
    for character in match[0]:
        height = height + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if height <= _MAX_MARKS:
            kept.append(character)
    return "".join(kept)


def _escape(match: re.Match[str]) -> str:
    return match[0] if len(match[0]) > 1 else f"\\u{ord(match[0]):04x}"
