"""What a question of the blind test may not give away: tags, bubbles and length."""

from __future__ import annotations

import random

import pytest

from kakaobot.app.quiz_matching import (
    MAX_LEAN,
    is_askable,
    lean_after,
    length,
    match,
    nearest_in_length,
)


@pytest.mark.parametrize("text", ["ㅇㅇ", "지금 가는 중", "3시 ㄱㄱ\n늦지 마"])
def test_ordinary_replies_can_be_asked(text: str) -> None:
    assert is_askable(text)


@pytest.mark.parametrize(
    "text",
    ["", " \n", "<전화번호>", "내 번호는 <전화번호> 야", "<링크>", "[링크] 봐", "https://example.com",
     "www.example.com", "?!", "🙂", "가" * 121],
)  # fmt: skip
def test_what_only_data_has_is_left_out(text: str) -> None:
    assert not is_askable(text)


def test_the_nearest_in_bubbles_and_length_is_taken() -> None:
    candidates = ["가나다라마바사", "가나\n다라", "가나다라마바", "<이름> 라"]
    assert nearest_in_length("하나 둘 셋", candidates) == "가나다라마바"
    assert nearest_in_length("하나\n셋", candidates) == "가나\n다라"


def test_the_same_words_are_no_imitation() -> None:
    assert nearest_in_length("그래 가자", ["그래  가자", "그래가자"]) is None
    assert nearest_in_length("그래", []) is None


def test_of_two_as_near_the_one_that_restores_the_balance_is_taken() -> None:
    for lean, expected in ((1, "가나"), (-1, "가나다라")):
        assert nearest_in_length("하나둘", ["가나다라", "가나"], lean) == expected


@pytest.mark.parametrize(
    "real, imitated, expected",
    [
        (["가나다"], ["라마"], True),
        (["가"], ["나다라마"], False),
        (["가" * 20], ["나" * 16], True),
        (["가" * 20], ["나" * 14], False),
        (["가\n나"], ["다 라"], False),
        (["가나", "다라"], ["마", "바사"], True),
        (["가\n나", "다"], ["가", "나\n다"], False),
    ],
)
def test_both_sides_look_alike(real: list[str], imitated: list[str], expected: bool) -> None:
    assert match(real, imitated) is expected


def test_the_balance_counts_longer_and_shorter_imitations() -> None:
    assert lean_after(0, ["가나"], ["가나다"]) == 1
    assert lean_after(1, ["가나"], ["가"]) == 0
    assert lean_after(1, ["가나"], ["다라"]) == 1


def test_over_many_questions_length_predicts_nothing_though_the_model_writes_shorter() -> None:
    rng, lean, asked = random.Random(1), 0, 0
    longer_is_real = shorter_is_real = 0

    def babble(mean: float) -> str:
        return "".join(rng.choices("가나다라\n", k=1 + int(rng.expovariate(1 / mean)))).strip()

    for _ in range(3000):
        real = babble(8)
        imitated = nearest_in_length(real, [babble(4) for _ in range(12)], lean)
        if not is_askable(real) or imitated is None or not match([real], [imitated]):
            continue
        after = lean_after(lean, [real], [imitated])
        if abs(after) <= MAX_LEAN:
            lean, asked = after, asked + 1
            longer_is_real += length(real) > length(imitated)
            shorter_is_real += length(real) < length(imitated)
    assert asked > 1000
    assert longer_is_real > 50
    assert abs(longer_is_real - shorter_is_real) <= MAX_LEAN
