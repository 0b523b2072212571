"""Round trip of a table counted from a tiny invented corpus."""

from __future__ import annotations

import gzip
from pathlib import Path

from kakaobot.style.ngrams import parse_counts
from scripts.make_plain_korean import (
    MIN_LINES,
    count_ngrams,
    mix,
    read_reviews,
    read_small_talk,
    render_table,
)


def test_reviews_and_small_talk_weigh_the_same(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "reviews-ko.txt.gz", "wt", encoding="utf-8") as file:
        file.write("영화 좋다\n" * 90 + "영화 영화\n" * 10 + "\n")
    talk = "Q,A,label\n뭐 해,밥 먹어,0\n"
    (tmp_path / "chatbot-pairs-ko.csv").write_text(talk, encoding="utf-8")
    counts = mix([count_ngrams(read_reviews(tmp_path)), count_ngrams(read_small_talk(tmp_path))])
    assert counts["영화"] == 500_000
    assert counts["영화 좋다"] == 450_000
    assert counts["밥"] == counts["뭐 해"] == 250_000
    plain = parse_counts(render_table(counts))
    assert plain.counts == counts
    assert plain.total == 1_000_000


def test_rare_ngrams_are_left_out() -> None:
    assert "희귀" not in render_table({"흔한": MIN_LINES, "희귀": MIN_LINES - 1})
