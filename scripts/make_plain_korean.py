"""Openly licensed Korean → kakaobot/style/plain_korean.tsv.gz: how often plain Korean says what.

Run `python -m scripts.make_plain_korean FOLDER` with the folder of `reviews-ko.txt.gz` and
`chatbot-pairs-ko.csv`. No sentence is kept: only how many lines hold a word, or a pair of
neighbouring words, where at least `LEAST` of a million do. Every run over the same text writes the
same bytes. Sources and licences stand in `kakaobot/style/README.md`.
"""

from __future__ import annotations

import csv
import gzip
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, pairwise
from pathlib import Path

from kakaobot.style.ngrams import PLAIN_KOREAN_FILE
from kakaobot.style.tokens import tokenize_reply

MIN_LINES = 60
"""What fewer lines of a million hold is left out."""
LINES = 1_000_000
"""What the counts are scaled to: half of it reviews, half small talk, so that the far larger number
of reviews does not make film words plain Korean."""
HEAD = (
    "# How many of a million lines of plain Korean hold a word, or two words in a row.\n"
    "# Made by scripts/make_plain_korean.py from the Naver sentiment movie corpus (CC0 1.0)\n"
    "# and songys/Chatbot_data (MIT, Copyright (c) 2018), half and half: see README.md.\n"
)


def read_reviews(folder: Path) -> Iterator[str]:
    with gzip.open(folder / "reviews-ko.txt.gz", "rt", encoding="utf-8") as lines:
        yield from lines


def read_small_talk(folder: Path) -> Iterator[str]:
    with (folder / "chatbot-pairs-ko.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            yield row["Q"]
            yield row["A"]


def count_ngrams(lines: Iterable[str]) -> tuple[Counter[str], int]:
    """Word or pair → lines that hold it, and the number of lines."""
    counts, total = Counter[str](), 0
    for line in lines:
        marks = tokenize_reply(unicodedata.normalize("NFC", line))
        if marks:
            pairs = (f"{one} {two}" for one, two in pairwise(marks.words))
            counts.update({*marks.words, *pairs})
            total += 1
    return counts, total


def mix(sources: Iterable[tuple[Counter[str], int]]) -> dict[str, int]:
    """The mean of the sources' shares, in lines of `LINES`."""
    shares: dict[str, float] = {}
    sources = list(sources)
    for counts, total in sources:
        for text, lines in counts.items():
            shares[text] = shares.get(text, 0.0) + lines / total / len(sources)
    return {text: round(share * LINES) for text, share in shares.items()}


def render_table(counts: Mapping[str, int]) -> str:
    """The text of the file; `read_tally` of expressions.py reads it."""
    kept = [(text, lines) for text, lines in counts.items() if lines >= MIN_LINES]
    kept.sort(key=lambda entry: (-entry[1], entry[0]))
    rows = (
        "\t".join([str(lines), *(text for text, _ in same)])
        for lines, same in groupby(kept, key=lambda entry: entry[1])
    )
    return HEAD + "\n".join([f"total\t{LINES}", *rows]) + "\n"


def main() -> None:
    folder = Path(sys.argv[1])
    counts = mix([count_ngrams(read_reviews(folder)), count_ngrams(read_small_talk(folder))])
    # No time in the header, so that the bytes follow from the text alone.
    PLAIN_KOREAN_FILE.write_bytes(gzip.compress(render_table(counts).encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
