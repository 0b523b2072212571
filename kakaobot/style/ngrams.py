"""Which expressions stand out against plain Korean, by weighted log-odds. Knows no other figure."""

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
"""α₀, the weight of the prior, in replies: what plain Korean says too is doubted until it was said
often."""
MIN_REPLIES = 3
MIN_Z = 1.96
MAX_EXPRESSIONS = 20
SAME_SHARE = 0.6
"""A word that stands in a longer expression in at least this share of its replies is left out."""


class Expression(NamedTuple):
    text: str
    replies: int
    """Replies that hold it."""
    z: float
    """How many standard errors its log-odds lie above those of plain Korean."""


@dataclass(frozen=True)
class NgramCounts:
    """How many replies (or lines) hold each word or pair of neighbouring words."""

    counts: Mapping[str, int]
    total: int
    """Of all replies."""
    floor: float = 0.5
    """Taken for what `counts` does not hold: it was cut off below this."""


def distinctive_ngrams(
    said: NgramCounts, plain: NgramCounts, *, most: int = MAX_EXPRESSIONS
) -> tuple[Expression, ...]:
    """The `most` expressions of `said` that stand out most, highest z first.

    Weighted log-odds with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008,
    "Fightin' Words", 3.4), with replies in place of tokens. For an expression that y of n replies
    hold, and ỹ of ñ lines of plain Korean, with the prior α = α₀ · ỹ / ñ out of α₀:

        δ = ln[(y + α) / (n + α₀ − y − α)] − ln[(ỹ + α) / (ñ + α₀ − ỹ − α)]
        z = δ / √(1 / (y + α) + 1 / (ỹ + α))
    """
    found = []
    for text, replies in said.counts.items():
        if replies >= MIN_REPLIES:
            z = log_odds_z(replies, said.total, plain.counts.get(text, plain.floor), plain.total)
            if z >= MIN_Z:
                found.append(Expression(text, replies, round(z, 2)))
    found.sort(key=lambda each: (-each.z, each.text))
    return _without_parts(found, said)[:most]


def log_odds_z(replies: int, total: int, plain: float, plain_total: int) -> float:
    """The z of `telling` for one expression."""
    alpha = PRIOR_REPLIES * plain / plain_total
    here = (replies + alpha) / max(total + PRIOR_REPLIES - replies - alpha, 0.5)
    there = (plain + alpha) / max(plain_total + PRIOR_REPLIES - plain - alpha, 0.5)
    error = math.sqrt(1 / (replies + alpha) + 1 / (plain + alpha))
    return math.log(here / there) / error


def _without_parts(found: list[Expression], said: NgramCounts) -> tuple[Expression, ...]:
    """Of 분실물, 센터, 분실물 센터 the longest is kept, parts only if they are said alone too."""
    covered: set[str] = set()
    for pair in found:
        for part in pair.text.split():
            if part != pair.text and pair.replies >= SAME_SHARE * said.counts[part]:
                covered.add(part)
    return tuple(each for each in found if each.text not in covered)


@lru_cache(maxsize=1)
def plain_korean() -> NgramCounts:
    """The bundled table. The only function here that touches the disk."""
    return parse_counts(gzip.decompress(PLAIN_KOREAN_FILE.read_bytes()).decode("utf-8"))


def parse_counts(text: str) -> NgramCounts:
    """`#` lines of comment, a line `total<TAB>lines`, then `count<TAB>word …` by falling count.

    Words of one count share a line. The floor is half the smallest count.
    """
    lines = [line for line in text.split("\n") if line and not line.startswith("#")]
    total = int(lines[0].split("\t")[1])
    counts: dict[str, int] = {}
    least = 1
    for line in lines[1:]:
        times, *entries = line.split("\t")
        least = int(times)
        counts.update(dict.fromkeys(entries, least))
    return NgramCounts(counts, total, least / 2)
