"""Finds a person's distinctive words and bigrams: weighted log-odds against plain Korean."""

from __future__ import annotations

import gzip
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

PLAIN_KOREAN_FILE = Path(__file__).parent / "plain_korean.tsv.gz"
PRIOR_REPLIES = 500
"""α₀, the weight of the plain Korean prior, in replies."""
MIN_REPLIES = 3
MIN_Z = 1.96
MAX_EXPRESSIONS = 20
PART_SHARE = 0.6
"""A word is dropped if a distinctive bigram covers at least this share of its replies."""


class Expression(NamedTuple):
    text: str
    replies: int
    """Replies that contain it."""
    z: float
    """Standard errors by which its log-odds exceed those in plain Korean."""


@dataclass(frozen=True)
class NgramCounts:
    """Document frequencies of words and bigrams, over replies or lines."""

    counts: Mapping[str, int]
    total: int
    """All replies."""
    floor: float = 0.5
    """Assumed count of an n-gram missing from `counts`."""


def distinctive_ngrams(
    ngrams: NgramCounts, plain: NgramCounts, *, limit: int = MAX_EXPRESSIONS
) -> tuple[Expression, ...]:
    """Return up to `limit` n-grams that are more frequent than in plain Korean, highest z first.

    Weighted log-odds with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008,
    "Fightin' Words", 3.4) over replies instead of tokens. For an n-gram in y of n replies and in
    ỹ of ñ lines of plain Korean, with the prior α = α₀ · ỹ / ñ:

        δ = ln[(y + α) / (n + α₀ − y − α)] − ln[(ỹ + α) / (ñ + α₀ − ỹ − α)]
        z = δ / √(1 / (y + α) + 1 / (ỹ + α))
    """
    expressions = []
    for text, replies in ngrams.counts.items():
        if replies >= MIN_REPLIES:
            z = log_odds_z(replies, ngrams.total, plain.counts.get(text, plain.floor), plain.total)
            if z >= MIN_Z:
                expressions.append(Expression(text, replies, round(z, 2)))
    expressions.sort(key=lambda expression: (-expression.z, expression.text))
    return _without_parts(expressions, ngrams)[:limit]


def log_odds_z(replies: int, total: int, plain: float, plain_total: int) -> float:
    """The z of `distinctive_ngrams` for one n-gram."""
    alpha = PRIOR_REPLIES * plain / plain_total
    here = (replies + alpha) / max(total + PRIOR_REPLIES - replies - alpha, 0.5)
    there = (plain + alpha) / max(plain_total + PRIOR_REPLIES - plain - alpha, 0.5)
    error = math.sqrt(1 / (replies + alpha) + 1 / (plain + alpha))
    return math.log(here / there) / error


def _without_parts(expressions: list[Expression], ngrams: NgramCounts) -> tuple[Expression, ...]:
    """Drop words of a distinctive bigram (분실물 센터) that rarely occur without it."""
    covered: set[str] = set()
    for bigram in expressions:
        for word in bigram.text.split():
            if word != bigram.text and bigram.replies >= PART_SHARE * ngrams.counts[word]:
                covered.add(word)
    return tuple(expression for expression in expressions if expression.text not in covered)


@lru_cache(maxsize=1)
def plain_korean() -> NgramCounts:
    """Load the bundled table, cached."""
    return parse_counts(gzip.decompress(PLAIN_KOREAN_FILE.read_bytes()).decode("utf-8"))


def parse_counts(text: str) -> NgramCounts:
    """Parse the table: `#` comments, `total<TAB>lines`, then `count<TAB>ngram<TAB>…` descending.

    The floor is half the smallest count.
    """
    lines = [line for line in text.split("\n") if line and not line.startswith("#")]
    total = int(lines[0].split("\t")[1])
    counts: dict[str, int] = {}
    count = 1
    for line in lines[1:]:
        first, *ngrams = line.split("\t")
        count = int(first)
        counts.update(dict.fromkeys(ngrams, count))
    return NgramCounts(counts, total, count / 2)
