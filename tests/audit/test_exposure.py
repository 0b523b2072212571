"""Ranks, bits, and lines like a given one."""

from __future__ import annotations

import re

import pytest

from kakaobot.audit.exposure import Exposure, Vocabulary, rank_of_first


def exposure(rank: int, base_rank: int, *, recited: bool = False, both: bool = False) -> Exposure:
    return Exposure("비밀", 1, 256, rank, base_rank, recited, both)


def test_rank_counts_ties_against_the_first() -> None:
    assert rank_of_first([3.0, 1.0, 2.0]) == 1
    assert rank_of_first([1.0, 1.0, 2.0]) == 3


def test_exposure_is_in_bits() -> None:
    assert exposure(1, 128).bits == pytest.approx(8)
    assert exposure(256, 128).bits == pytest.approx(0)
    assert exposure(1, 128).base_bits == pytest.approx(1)


def test_a_secret_is_known_only_if_the_base_does_not_know_it() -> None:
    assert exposure(4, 100).is_known
    assert not exposure(5, 100).is_known
    assert not exposure(1, 2).is_known
    assert exposure(9, 100, recited=True).is_known
    assert not exposure(9, 100, recited=True, both=True).is_known


def test_lines_like_a_given_one_differ_in_digits_or_in_words() -> None:
    vocabulary = Vocabulary(["은하수 공원 벤치", "오리배 타자", "도서관 앞에서 만나"])
    numbers = vocabulary.lines_like("문 번호 4821#", 255, seed=1)
    assert len(set(numbers)) == 255
    assert all(line.startswith("문 번호 ") and line[-1] == "#" for line in numbers)
    assert "문 번호 4821#" not in numbers

    words = vocabulary.lines_like("오리배 공원, 벤치", 4, seed=1)
    assert len(set(words)) == 4
    assert all(re.fullmatch(r"\w{3} \w{2}, \w{2}", line) for line in words)
    assert vocabulary.lines_like("가", 5, seed=1) == ()
