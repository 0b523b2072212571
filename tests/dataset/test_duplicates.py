from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakaobot.dataset.duplicates import (
    MIN_LETTERS,
    duplicate_groups,
    is_near_duplicate,
    normalize_letters,
    overlapping_indices,
)
from tests.patience import spends_less_than

SYLLABLES = "가나다라마바사아자차카타파하거너더러머버서어저처커터퍼허고노도로모보소오조초코토포호"
STORY = "어제 저녁에 동생이랑 강가를 걷다가 길 잃은 강아지를 만나서 집까지 데려다주었다"
OTHER = "주말에는 산에 올라가서 김밥을 먹고 내려오는 길에 약수터에서 물을 떠 오기로 했어"

texts = st.text(SYLLABLES, min_size=MIN_LETTERS, max_size=60)


def similar(one: str, other: str) -> bool:
    return is_near_duplicate(normalize_letters(one), normalize_letters(other))


def syllables(length: int, seed: int) -> str:
    return "".join(random.Random(seed).choices(SYLLABLES, k=length))


def test_normalize_letters_drops_spaces_signs_digits_and_runs() -> None:
    assert normalize_letters(" 오늘 3시!! ㅋㅋㅋㅋ 😂 OK ") == "오늘시ㅋok"


def test_normalize_letters_composes_hangul() -> None:
    assert normalize_letters("\u1112\u1161\u11ab\u1100\u1173\u11af") == "한글"


def test_duplicate_groups_finds_a_near_copy_only() -> None:
    assert duplicate_groups([STORY, OTHER, STORY.replace("강가", "냇가") + "!!"]) == [(0, 2)]


def test_a_sentence_with_other_facts_is_not_a_duplicate() -> None:
    one = "오늘 저녁 일곱시에 강남역 삼번 출구에서 만나자"
    assert not similar(one, "내일 저녁 여섯시에 강남역 오번 출구에서 만나자")
    assert duplicate_groups([one, "내일 저녁 여섯시에 강남역 오번 출구에서 만나자"]) == []


@pytest.mark.parametrize(("changed", "near"), [(2, True), (3, False)])
def test_two_of_twenty_letters_may_differ(changed: int, near: bool) -> None:
    letters = "가나다라마바사아자차카타파하거너더러머버"
    assert similar(letters, "뷁쉙뙳"[:changed] + letters[changed:]) is near


def test_texts_with_a_common_beginning_are_not_duplicates() -> None:
    lines = [syllables(70, 1) + syllables(30, seed) for seed in range(2, 12)]
    assert duplicate_groups(lines) == []
    assert overlapping_indices(lines[:5], lines[5:]) == frozenset()


def test_short_texts_are_never_duplicates() -> None:
    edge = syllables(MIN_LETTERS, 3)
    assert duplicate_groups(["밥 먹었어?"] * 5 + [edge[1:]] * 2) == []
    assert duplicate_groups([edge] * 2) == [(0, 1)]
    assert overlapping_indices(["밥 먹었어?", edge], ["밥 먹었어?", edge]) == {1}


def test_min_chars_is_adjustable() -> None:
    assert duplicate_groups(["물 마실 시간입니다"] * 2, min_chars=8) == [(0, 1)]


def test_every_member_is_near_the_first_of_its_group() -> None:
    drifting = [STORY]
    for index in range(0, 30, 2):
        before = drifting[-1]
        drifting.append(before[:index] + "뷁" + before[index + 1 :])
    groups = duplicate_groups(drifting)
    assert groups
    assert all(similar(drifting[group[0]], drifting[other]) for group in groups for other in group)


@given(texts, texts)
def test_similar_is_symmetric(one: str, other: str) -> None:
    assert similar(one, other) == similar(other, one)
    assert duplicate_groups([one, other]) == duplicate_groups([other, one])
    assert bool(overlapping_indices([one], [other])) == bool(overlapping_indices([other], [one]))


@given(st.lists(texts, max_size=8), st.data())
def test_groups_are_disjoint_verified_and_reproducible(
    lines: list[str], data: st.DataObject
) -> None:
    repeated = data.draw(st.lists(st.sampled_from(lines), max_size=8)) if lines else []
    everything = lines + repeated
    groups = duplicate_groups(everything)
    members = [index for group in groups for index in group]
    assert len(members) == len(set(members))
    assert groups == duplicate_groups(everything) == sorted(groups)
    for group in groups:
        assert len(group) > 1
        assert all(similar(everything[group[0]], everything[index]) for index in group)


@given(st.lists(texts, max_size=6), st.lists(texts, max_size=6))
def test_overlapping_texts_are_near(lines: list[str], others: list[str]) -> None:
    for index in overlapping_indices(lines, others):
        assert any(similar(lines[index], other) for other in others)
    assert overlapping_indices(lines, lines) == {
        index for index, text in enumerate(lines) if len(normalize_letters(text)) >= MIN_LETTERS
    }


def test_overlapping_indices_finds_validation_replies_in_training() -> None:
    validation = [STORY, syllables(50, 1), syllables(80, 2)]
    training = [OTHER, STORY + " 진짜", syllables(50, 9), syllables(80, 2), "ㅋㅋ"]
    assert overlapping_indices(training, validation) == {1, 3}
    assert overlapping_indices([], validation) == overlapping_indices(training, []) == frozenset()


def test_recall_of_near_duplicates() -> None:
    """Every eleventh letter differs: the hardest near-duplicates."""
    rng = random.Random(5)
    pairs = []
    for seed in range(1500):
        letters = list(syllables(66, seed))
        for index in range(rng.randrange(11), 66, 11):
            letters[index] = rng.choice("뷁쉙뙳")
        pairs.append((syllables(66, seed), "".join(letters)))
    near = [(one, other) for one, other in pairs if similar(one, other)]
    assert len(near) > 1000
    overlapping = overlapping_indices([other for _, other in near], [one for one, _ in near])
    assert len(overlapping) / len(near) >= 0.97


def test_many_fillings_of_one_template_are_grouped_in_bounded_time() -> None:
    lines = [f"{syllables(12, seed)}님 어서 오세요 공지를 꼭 읽어 주세요" for seed in range(3000)]
    with spends_less_than(20):
        duplicate_groups(lines)


@pytest.mark.parametrize("text", ["\ud800" * 30 + STORY, "𠀀𠀁𠀂𠀃" * 10, "É" * 40, "İ" * 40])
def test_unusual_letters_are_accepted(text: str) -> None:
    assert duplicate_groups([text, text, OTHER]) in ([(0, 1)], [])
