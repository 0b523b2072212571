"""Likeness: 0 % at the nearest other member, 100 % at the person's own other half."""

from __future__ import annotations

import itertools
import json
import random
import statistics
from collections.abc import Sequence
from functools import cache

import pytest

from benchmarks.style import sample_people
from kakaobot.likeness import Likeness, likeness_note, likeness_text, run_likeness_text
from kakaobot.style.likeness import (
    MIN_SAMPLE,
    LikenessScale,
    likeness_scales,
    measure_likeness,
    scales_from_json,
    scales_to_json,
)
from kakaobot.style.profile import RELIABLE_REPLIES

SPLITS = 3
SAMPLE = 24


def polite(rng: random.Random) -> str:
    return rng.choice(
        ["네 알겠습니다.", "그렇게 하겠습니다!", "확인했습니다.", "감사합니다~", "네네"]
    )


def casual(rng: random.Random) -> str:
    return rng.choice(
        ["ㅇㅇ", "ㅋㅋㅋㅋ 진짜?", "아니 그건 좀 아님", "ㄱㄱ", "나 지금 가는 중임ㅋㅋ"]
    )


def warm(rng: random.Random) -> str:
    return rng.choice(
        ["그랬구나ㅠㅠ", "내가 갈게!!", "고마워~", "헐 진짜?!", "오늘 너무 좋았어ㅎㅎ"]
    )


def replies(style: object, count: int, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    return [style(rng) for _ in range(count)]  # type: ignore[operator]


@cache
def invented() -> dict[str, LikenessScale]:
    people = {
        "가람": replies(polite, 200),
        "나래": replies(casual, 200),
        "다온": replies(warm, 200),
    }
    return {scale.name: scale for scale in likeness_scales(people, list(people))}


@pytest.mark.parametrize("style, low, high", [(casual, 85, 115), (polite, -200, 20)])
def test_a_person_is_like_itself_and_not_like_another(
    style: object, low: float, high: float
) -> None:
    likeness = measure_likeness({"나래": replies(style, 30, seed=9)}, invented())
    assert likeness.percent is not None
    assert low < likeness.percent < high
    assert likeness.replies == 30
    assert likeness.low is not None and likeness.high is not None
    assert likeness.low < likeness.percent < likeness.high


@cache
def splits() -> tuple[tuple[dict[str, LikenessScale], dict[str, list[str]]], ...]:
    """Scales of the sample room from 60 % of the replies, and the rest of them."""
    made = []
    for seed in range(SPLITS):
        rng = random.Random(seed)
        known, held_out = {}, {}
        for name, own in sample_people().items():
            shuffled = rng.sample(own, len(own))
            known[name], held_out[name] = (
                shuffled[: len(own) * 6 // 10],
                shuffled[len(own) * 6 // 10 :],
            )
        made.append(
            ({scale.name: scale for scale in likeness_scales(known, list(known))}, held_out)
        )
    return tuple(made)


@cache
def measured(share: float) -> tuple[Likeness, ...]:
    """Likeness of held-out replies of everybody, this share of them by the nearest other member."""
    figures = []
    for seed, (scales, held_out) in enumerate(splits()):
        for name, scale in scales.items():
            rng, foreign = random.Random(seed), round(share * SAMPLE)
            sample = [
                *rng.sample(held_out[scale.nearest], foreign),
                *rng.sample(held_out[name], SAMPLE - foreign),
            ]
            figures.append(measure_likeness({name: sample}, scales))
    return tuple(figures)


def percents(figures: Sequence[Likeness]) -> list[float]:
    return [likeness.percent for likeness in figures if likeness.percent is not None]


def test_the_person_is_about_100_percent_and_the_nearest_other_member_about_0() -> None:
    own, other = percents(measured(0)), percents(measured(1))
    assert len(own) == len(other) == 4 * SPLITS
    assert statistics.fmean(own) == pytest.approx(100, abs=5)
    assert min(own) > 85
    assert statistics.fmean(other) == pytest.approx(0, abs=10)
    assert max(other) < 35


def test_a_mixture_lies_between_and_falls_with_the_share_of_the_other() -> None:
    means = [statistics.fmean(percents(measured(share))) for share in (0, 0.25, 0.5, 0.75, 1)]
    assert all(more > less + 5 for more, less in itertools.pairwise(means))


def test_the_interval_covers_the_truth() -> None:
    figures = [(likeness, 100) for likeness in measured(0)]
    figures += [(likeness, 0) for likeness in measured(1)]
    covering, widths = 0, []
    for likeness, truth in figures:
        assert likeness.low is not None and likeness.high is not None
        covering += likeness.low <= truth <= likeness.high
        widths.append(likeness.high - likeness.low)
    # 95 %, less what the few replies of a small room cost.
    assert covering >= 0.8 * len(figures)
    assert statistics.fmean(widths) < 40


@pytest.mark.parametrize("size", [12, 40])
def test_the_size_of_the_sample_does_not_move_the_likeness(size: int) -> None:
    figures = []
    for seed, (scales, held_out) in enumerate(splits()):
        for name, own in held_out.items():
            sample = random.Random(seed).sample(own, size)
            figures.append(measure_likeness({name: sample}, scales))
    assert statistics.fmean(percents(figures)) == pytest.approx(100, abs=6)


def test_more_replies_give_a_narrower_interval() -> None:
    scales, held_out = splits()[0]
    widths = []
    for size in (12, 40):
        likeness = measure_likeness({"도담": held_out["도담"][:size]}, scales)
        assert likeness.high is not None and likeness.low is not None
        widths.append(likeness.high - likeness.low)
    assert widths[1] < 0.8 * widths[0]


def test_a_whole_room_is_measured_by_all_its_people_together() -> None:
    """Four replies of each would be too few for anybody alone."""
    own, other = [], []
    for seed, (scales, held_out) in enumerate(splits()):
        rng = random.Random(seed)
        own.append(measure_likeness({n: rng.sample(held_out[n], 4) for n in held_out}, scales))
        strangers = {n: rng.sample(held_out[scale.nearest], 4) for n, scale in scales.items()}
        other.append(measure_likeness(strangers, scales))
    assert statistics.fmean(percents(own)) == pytest.approx(100, abs=8)
    assert statistics.fmean(percents(other)) == pytest.approx(0, abs=15)
    assert {likeness.replies for likeness in own} == {16}
    assert {part.unknown for part in own[0].participants} == {"few samples"}
    assert {part.name for part in own[0].participants} == set(splits()[0][0])


def test_too_little_is_not_a_number() -> None:
    scales = invented()
    few = measure_likeness({"나래": replies(casual, MIN_SAMPLE - 1)}, scales)
    assert (few.percent, few.unknown) == (None, "few samples")
    invisible = measure_likeness({"나래": ["", " \n"] * 30}, scales)
    assert (invisible.unknown, invisible.replies) == ("few samples", 0)
    assert measure_likeness({"라온": replies(casual, 30)}, scales).unknown == "no scale"
    assert measure_likeness({}, scales).unknown == "few samples"


def test_a_person_with_few_replies_has_no_scale_and_is_nobodys_nearest() -> None:
    few = RELIABLE_REPLIES - 1
    people = {
        "가람": replies(polite, 200),
        "나래": replies(casual, 200),
        "라온": replies(casual, few),
    }
    scales = {scale.name: scale for scale in likeness_scales(people, list(people))}
    assert scales["나래"].nearest == "가람"
    assert measure_likeness({"라온": replies(casual, 30)}, scales).unknown == "few replies"


def test_people_who_write_alike_cannot_be_told_apart() -> None:
    people = {"나래": replies(casual, 200), "라온": replies(casual, 200, seed=1)}
    scales = {scale.name: scale for scale in likeness_scales(people, list(people))}
    assert measure_likeness({"나래": replies(casual, 30)}, scales).unknown == "alike"


def test_alone_in_a_room_the_untrained_base_is_0_percent() -> None:
    scales = {s.name: s for s in likeness_scales({"나래": replies(casual, 200)}, ["나래"])}
    assert scales["나래"].nearest == ""
    own = {"나래": replies(casual, 30, seed=5)}
    assert measure_likeness(own, scales).unknown == "nobody else"
    base = {"나래": replies(polite, 30)}
    likeness = measure_likeness(own, scales, base)
    assert likeness.percent == pytest.approx(100, abs=10)
    assert "배우기 전 바탕 모델" in likeness_note(likeness)
    assert measure_likeness(base, scales, base).percent == pytest.approx(0, abs=10)


def test_scales_are_reproducible_and_keep_no_words() -> None:
    people = {"가람": replies(polite, 100), "나래": replies(casual, 100)}
    scales = likeness_scales(people, list(people))
    text = json.dumps(scales_to_json(scales), ensure_ascii=False)
    assert text == json.dumps(
        scales_to_json(likeness_scales(people, list(people))), ensure_ascii=False
    )
    assert scales_from_json(json.loads(text)) == {scale.name: scale for scale in scales}
    assert not any(word in text for word in ("알겠습니다", "진짜", "가는"))


@pytest.mark.parametrize(
    "raw", [None, [], {"format": 0}, {"format": 1, "scales": [{"name": "가람"}]}]
)
def test_damaged_scales_are_none(raw: object) -> None:
    assert scales_from_json(raw) == {}


@pytest.mark.parametrize(
    "likeness, shown",
    [
        (None, "아직 알 수 없음"),
        (Likeness("", 3, unknown="few samples"), "아직 알 수 없음"),
        (Likeness("", 1200, 83.4, 71.2, 95.1), "83% (71~95%, 대답 1,200개)"),
        (Likeness("", 16, 104.0, 90.0, 118.0), "100% (90~100%, 대답 16개)"),
        (Likeness("", 16, -9.0, -30.0, 12.0), "0% (0~12%, 대답 16개), 다른 사람에 더 가깝습니다"),
    ],
)
def test_text_is_clamped_to_what_people_expect_of_a_percentage(
    likeness: Likeness | None, shown: str
) -> None:
    assert likeness_text(likeness) == shown


def test_text_of_a_run_names_a_step_that_is_not_the_best_one() -> None:
    likeness = Likeness("", 16, 80.0, 70.0, 90.0, step=30)
    assert run_likeness_text(likeness, 30) == likeness_text(likeness)
    assert run_likeness_text(likeness, 20) == f"{likeness_text(likeness)}, 30단계에서 잼"


def test_the_record_survives_json() -> None:
    part = Likeness("가람", 4, unknown="few samples")
    likeness = Likeness("", 16, 80.0, 70.0, 90.0, step=30, participants=(part,))
    assert Likeness.from_json(json.loads(json.dumps(likeness.to_json()))) == likeness
    damaged: list[object] = [None, {}, []]
    damaged += [{**part.to_json(), "unknown": "?"}, {**part.to_json(), "more": 1}]
    assert [Likeness.from_json(raw) for raw in damaged] == [None] * 5
