"""Words behind a placeholder in one message, such as `(이모티콘)축하해!!`.

Only the words are the sender's. Most apps bracket the placeholder. iOS writes it bare with a
blank behind it, so `이모티콘 새로 나왔어` may also be a sentence about an emoticon. It is a
caption if the file has enough emoticons that stand alone like this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kakaobot.exports.system_text import EMOTICON, FILE_NAME, ITEM

_BRACKETED = rf"(?:[(<](?:{ITEM})[)>]|\[(?:{EMOTICON})\])\s*"
_COUNTED = rf"(?:사진 \d+장|동영상 \d+개|\d+ (?:photos|videos)|{FILE_NAME})[ \r]*\n\s*"
_MARKED = re.compile(rf"(?:(?:{_BRACKETED})+|{_COUNTED})(?=\S)")
_BARE = re.compile(rf"(?:{EMOTICON}) +(?=\S)")
_BARE_ALONE = re.compile(rf"(?:{EMOTICON})( ?)")
_STARTS = ("(", "<", "[", "이모티콘", "스티커", "Emoticon", "emoticon", "Sticker", "sticker")
_MAX_RATIO = 4
"""Bare placeholders with words per one alone, above which people rather talk about emoticons."""


@dataclass(frozen=True)
class CaptionCounts:
    """Messages of a file that start with a placeholder and go on with words."""

    marked: int = 0
    """The placeholder is unmistakable."""
    guessed: int = 0
    """The placeholder is bare; the file decided that it is one."""
    kept: int = 0
    """It looks like a bare placeholder; the file decided that it is a word."""


class CaptionReader:
    """Collects the evidence of a file, then takes placeholders off its messages."""

    def __init__(self) -> None:
        self._marked = self._bare = self._alone = self._alone_without_blank = 0

    def observe(self, texts: Iterable[str]) -> None:
        for text in texts:
            if not text.startswith(_STARTS) and "\n" not in text:
                continue
            if _MARKED.match(text):
                self._marked += 1
            elif _BARE.match(text):
                self._bare += 1
            elif alone := _BARE_ALONE.fullmatch(text):
                self._alone += alone[1] == " "
                self._alone_without_blank += not alone[1]

    @property
    def counts(self) -> CaptionCounts:
        guesses = self._guesses
        return CaptionCounts(
            self._marked, self._bare if guesses else 0, 0 if guesses else self._bare
        )

    @property
    def _guesses(self) -> bool:
        return self._alone > self._alone_without_blank and self._bare <= _MAX_RATIO * self._alone

    def all_words(self, texts: Sequence[str]) -> Sequence[str]:
        """The texts without placeholders at their start."""
        counts = self.counts
        return list(map(self._words, texts)) if counts.marked or counts.guessed else texts

    def _words(self, text: str) -> str:
        if not text.startswith(_STARTS) and "\n" not in text:
            return text
        placeholder = _MARKED.match(text) or (_BARE.match(text) if self._guesses else None)
        return text[placeholder.end() :] if placeholder else text
