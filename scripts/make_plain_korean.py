"""Counts words and bigrams of openly licensed Korean into kakaobot/style/plain_korean.tsv.gz.

    python -m scripts.make_plain_korean FOLDER

FOLDER holds `reviews-ko.txt.gz` and `chatbot-pairs-ko.csv`. The table keeps no sentences, only the
n-grams in at least `MIN_LINES` of a million lines. Output is deterministic. Sources and licenses
are in `kakaobot/style/README.md`.
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
"""Minimum lines per million of an n-gram in the table."""
LINES = 1_000_000
"""Total that counts are scaled to: half reviews, half small talk, so that words about films do not
dominate although there are far more reviews."""
HEADER = (
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
    """Return n-gram → lines that contain it, and the number of lines."""
    counts, total = Counter[str](), 0
    for line in lines:
        tokens = tokenize_reply(unicodedata.normalize("NFC", line))
        if tokens:
            bigrams = (f"{first} {second}" for first, second in pairwise(tokens.words))
            counts.update({*tokens.words, *bigrams})
            total += 1
    return counts, total


def mix(sources: Iterable[tuple[Counter[str], int]]) -> dict[str, int]:
    """Average the sources' shares and scale them to `LINES`."""
    shares: dict[str, float] = {}
    sources = list(sources)
    for counts, total in sources:
        for text, lines in counts.items():
            shares[text] = shares.get(text, 0.0) + lines / total / len(sources)
    return {text: round(share * LINES) for text, share in shares.items()}


def render_table(counts: Mapping[str, int]) -> str:
    """Render the table that `parse_counts` of ngrams.py parses."""
    frequent = [(text, lines) for text, lines in counts.items() if lines >= MIN_LINES]
    frequent.sort(key=lambda entry: (-entry[1], entry[0]))
    rows = (
        "\t".join([str(lines), *(text for text, _ in same)])
        for lines, same in groupby(frequent, key=lambda entry: entry[1])
    )
    return HEADER + "\n".join([f"total\t{LINES}", *rows]) + "\n"


def main() -> None:
    folder = Path(sys.argv[1])
    counts = mix([count_ngrams(read_reviews(folder)), count_ngrams(read_small_talk(folder))])
    # mtime=0 keeps the output deterministic.
    PLAIN_KOREAN_FILE.write_bytes(gzip.compress(render_table(counts).encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
