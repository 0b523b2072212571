"""Exposure of a line: how surely a model prefers it to lines that are like it by chance.

    exposure = log₂ (lines compared) − log₂ (rank of the line)

0 to 1 bit for a line the model does not know; the maximum is reached if no other line is likelier
(Carlini et al. 2019, estimated by sampling).
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kakaobot.schema import ChatMessage

COMPARED = 256
"""Lines of a comparison, with the one in question."""
_KNOWN_BITS = 6.0
"""Exposure from which a line counts as memorized; reached by chance once in 64 times."""
_MIN_DIGITS = 4
"""Digits of a line from which the digits are its secret."""
_TRIES = 20
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Secret:
    """A line and others that are as likely to someone who does not know it."""

    label: str
    """As it is shown: a canary's own words, or the number of a given line."""
    repeats: int
    """How often a canary was planted; 0 for a given line."""
    messages: tuple[ChatMessage, ...]
    sender: str
    line: str
    secret: str
    """The end of the line that must be known."""
    others: tuple[str, ...]


@dataclass(frozen=True)
class Exposure:
    """What the ranks of a secret say."""

    label: str
    repeats: int
    compared: int
    rank: int
    base_rank: int
    recited: bool
    """Whether the secret is what the adapter itself would say."""
    base_recited: bool

    @property
    def bits(self) -> float:
        return math.log2(self.compared / self.rank)

    @property
    def base_bits(self) -> float:
        return math.log2(self.compared / self.base_rank)

    @property
    def most_bits(self) -> float:
        """Of a line that no other is likelier than."""
        return math.log2(self.compared)

    @property
    def is_known(self) -> bool:
        """Whether the adapter has memorized it, and its base has not."""
        return self.bits >= _KNOWN_BITS > self.base_bits or (self.recited and not self.base_recited)


def rank_of_first(scores: Sequence[float]) -> int:
    """Rank of the first score, 1 for the highest; ties count against it."""
    return sum(score >= scores[0] for score in scores)


class Vocabulary:
    """Words of a room by their length, to make lines like a given one."""

    def __init__(self, texts: Iterable[str]) -> None:
        words = {word for text in texts for word in _WORD.findall(text)}
        self._words: dict[int, list[str]] = {}
        for word in sorted(words):
            self._words.setdefault(len(word), []).append(word)

    def lines_like(self, line: str, count: int, seed: int) -> tuple[str, ...]:
        """Up to `count` different lines with other digits, or, without digits, other words."""
        rng = random.Random(f"{line} {seed}")
        digits = sum(map(str.isdigit, line))
        others = dict[str, None]()
        for _ in range(_TRIES * count):
            other = _other_digits(line, rng) if digits >= _MIN_DIGITS else self._reword(line, rng)
            if other != line:
                others[other] = None
            if len(others) == count:
                break
        return tuple(others)

    def _reword(self, line: str, rng: random.Random) -> str:
        def draw(match: re.Match[str]) -> str:
            return rng.choice(self._words.get(len(match[0]), [match[0]]))

        return _WORD.sub(draw, line)


def _other_digits(line: str, rng: random.Random) -> str:
    return "".join(str(rng.randrange(10)) if letter.isdigit() else letter for letter in line)
