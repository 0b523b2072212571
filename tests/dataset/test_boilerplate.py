from __future__ import annotations

from pathlib import Path

import pytest

from kakaobot.dataset.boilerplate import THRESHOLD, boilerplate_score, is_boilerplate

LINES = (Path(__file__).parent / "boilerplate.txt").read_text(encoding="utf-8").splitlines()
LABELED = [
    (line[0] == "1", line[2:].replace("\\n", "\n")) for line in LINES if not line.startswith("#")
]
HELD_OUT = LINES.index(next(line for line in LINES if line.startswith("# Held out")))


def test_the_labeled_set_is_large_and_balanced() -> None:
    positives = sum(label for label, _ in LABELED)
    assert positives >= 60
    assert len(LABELED) - positives >= 60
    assert len({text for _, text in LABELED}) == len(LABELED) >= 150


def test_precision_and_recall_on_the_labeled_set() -> None:
    predicted = [(label, text) for label, text in LABELED if is_boilerplate(text)]
    correct = sum(label for label, _ in predicted)
    precision, recall = correct / len(predicted), correct / sum(label for label, _ in LABELED)
    assert [text for label, text in predicted if not label] == []
    assert precision == 1
    assert recall >= 0.9


def test_no_false_positives_on_held_out_lines() -> None:
    held_out = [line for line in LINES[HELD_OUT + 1 :] if line.startswith("0")]
    assert len(held_out) >= 8
    assert [line for line in held_out if is_boilerplate(line[2:].replace("\\n", "\n"))] == []


def test_the_prefilters_lose_no_boilerplate() -> None:
    scored = [
        text for _, text in LABELED if boilerplate_score(text) >= THRESHOLD and len(text) >= 30
    ]
    assert len(scored) >= 50
    assert [text for text in scored if not is_boilerplate(text)] == []


@pytest.mark.parametrize("text", ["", "ㅋㅋㅋ", "[속보] 나 합격", "무단전재", "기자"])
def test_short_texts_are_never_boilerplate(text: str) -> None:
    assert not is_boilerplate(text)


def test_a_masked_byline_address_is_an_indicator() -> None:
    text = "새로 문을 연 도서관에 첫날 천 명이 다녀갔다고 한다. 한가람 기자 {}"
    assert is_boilerplate(text.format("han@press.example"))
    assert is_boilerplate(text.format("<이메일>"))
    assert not is_boilerplate(text.format("말로는"))


def test_casual_language_lowers_the_score() -> None:
    notice = "[공지] 이번 주 모임은 다음과 같이 바뀌었습니다. 늦지 않게 오시면 됩니다."
    assert is_boilerplate(notice)
    assert not is_boilerplate(notice + " ㅋㅋㅋ")
