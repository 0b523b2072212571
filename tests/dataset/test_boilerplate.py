from __future__ import annotations

from pathlib import Path

import pytest

from kakaobot.dataset.boilerplate import THRESHOLD, boilerplate_score, is_boilerplate

LINES = (Path(__file__).parent / "pasted.txt").read_text(encoding="utf-8").splitlines()
LABELLED = [
    (line[0] == "1", line[2:].replace("\\n", "\n")) for line in LINES if not line.startswith("#")
]
BLIND = LINES.index(next(line for line in LINES if line.startswith("# Written after")))


def test_the_set_is_large_and_has_both_sides() -> None:
    copied = sum(label for label, _ in LABELLED)
    assert copied >= 60
    assert len(LABELLED) - copied >= 60
    assert len({text for _, text in LABELLED}) == len(LABELLED) >= 150


def test_precision_and_recall_on_the_labelled_set() -> None:
    found = [(label, text) for label, text in LABELLED if is_boilerplate(text)]
    right = sum(label for label, _ in found)
    precision, recall = right / len(found), right / sum(label for label, _ in LABELLED)
    assert [text for label, text in found if not label] == []
    assert precision == 1
    assert recall >= 0.9


def test_no_own_words_are_taken_from_lines_the_signs_were_not_made_for() -> None:
    blind = [line for line in LINES[BLIND + 1 :] if line.startswith("0")]
    assert len(blind) >= 8
    assert [line for line in blind if is_boilerplate(line[2:].replace("\\n", "\n"))] == []


def test_the_quick_look_loses_no_copy() -> None:
    heavy = [
        text for _, text in LABELLED if boilerplate_score(text) >= THRESHOLD and len(text) >= 30
    ]
    assert len(heavy) >= 50
    assert [text for text in heavy if not is_boilerplate(text)] == []


@pytest.mark.parametrize("text", ["", "ㅋㅋㅋ", "[속보] 나 합격", "무단전재", "기자"])
def test_what_is_short_is_never_a_copy(text: str) -> None:
    assert not is_boilerplate(text)


def test_a_masked_address_of_a_reporter_is_a_sign_as_well() -> None:
    text = "새로 문을 연 도서관에 첫날 천 명이 다녀갔다고 한다. 한가람 기자 {}"
    assert is_boilerplate(text.format("han@press.example"))
    assert is_boilerplate(text.format("<이메일>"))
    assert not is_boilerplate(text.format("말로는"))


def test_who_talks_needs_more_signs() -> None:
    notice = "[공지] 이번 주 모임은 다음과 같이 바뀌었습니다. 늦지 않게 오시면 됩니다."
    assert is_boilerplate(notice)
    assert not is_boilerplate(notice + " ㅋㅋㅋ")
