"""Distinctive n-grams: log-odds against plain Korean, and the bundled table."""

from __future__ import annotations

import math

import pytest

from kakaobot.style import style_profile
from kakaobot.style.ngrams import (
    PLAIN_KOREAN_FILE,
    PRIOR_REPLIES,
    NgramCounts,
    distinctive_ngrams,
    log_odds_z,
    parse_counts,
    plain_korean,
)

PLAIN = NgramCounts({"그래": 50_000, "오늘": 20_000, "양말": 60}, 1_000_000, 30)


def test_log_odds_match_the_formula() -> None:
    alpha = PRIOR_REPLIES * 20_000 / 1_000_000
    here = (40 + alpha) / (200 + PRIOR_REPLIES - 40 - alpha)
    there = (20_000 + alpha) / (1_000_000 + PRIOR_REPLIES - 20_000 - alpha)
    z = math.log(here / there) / math.sqrt(1 / (40 + alpha) + 1 / (20_000 + alpha))
    assert log_odds_z(40, 200, 20_000, 1_000_000) == pytest.approx(z)


def test_an_ngram_as_frequent_as_in_plain_korean_is_not_distinctive() -> None:
    assert log_odds_z(10, 200, 50_000, 1_000_000) == pytest.approx(0, abs=1e-9)
    assert distinctive_ngrams(NgramCounts({"그래": 10}, 200), PLAIN) == ()


def test_a_rare_word_is_more_distinctive_than_a_frequent_one() -> None:
    expressions = distinctive_ngrams(
        NgramCounts({"양말": 10, "오늘": 20, "그래": 10, "안경": 2}, 200), PLAIN
    )
    assert [expression.text for expression in expressions] == ["양말", "오늘"]
    assert expressions[0].z > expressions[1].z > 1.96


def test_words_that_occur_only_in_a_bigram_are_dropped() -> None:
    ngrams = NgramCounts({"분실물": 5, "센터로": 12, "분실물 센터로": 5}, 200)
    texts = {expression.text for expression in distinctive_ngrams(ngrams, PLAIN)}
    assert texts == {"분실물 센터로", "센터로"}


def test_repetition_within_one_reply_counts_once() -> None:
    replies = ["양말 " * 30, *["그래"] * 2]
    assert style_profile(replies, plain=PLAIN).expressions == ()


def test_an_ngram_missing_from_the_table_counts_as_its_floor() -> None:
    (expression,) = distinctive_ngrams(NgramCounts({"보드게임": 5}, 200), PLAIN)
    assert expression.z == pytest.approx(log_odds_z(5, 200, PLAIN.floor, PLAIN.total), abs=0.005)


def test_the_bundled_table_is_small_and_has_no_sentences() -> None:
    assert PLAIN_KOREAN_FILE.stat().st_size < 150_000
    plain = plain_korean()
    assert plain.total == 1_000_000
    assert len(plain.counts) > 5_000
    assert {"너무", "진짜", "ㅇㅇ", "하고 싶어"} <= set(plain.counts)
    assert min(plain.counts.values()) == 2 * plain.floor
    assert max(text.count(" ") for text in plain.counts) == 1


def test_parse_counts_reads_the_table() -> None:
    plain = parse_counts("# 주석\ntotal\t100\n8\t그래\t오늘\n3\t오늘 뭐\n")
    assert plain == NgramCounts({"그래": 8, "오늘": 8, "오늘 뭐": 3}, 100, 1.5)
