"""The distance: its laws over random replies, and what it says of the sample room's people."""

from __future__ import annotations

import itertools
import math
import random
import statistics
from functools import cache

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from benchmarks.style import SHARES, apart, blends, sample_people, within_and_between
from kakaobot.style import (
    RELIABLE_REPLIES,
    StyleProfile,
    feature_distances,
    style_distance,
    style_profile,
)
from kakaobot.style.distance import _LARGE, _asymptotic, _bits, _dealt, divergence

LINE = st.one_of(
    st.text(alphabet="가나다요ㅋㅎㅠㅇㄱ ?!.~\n0a🙂", max_size=20),
    st.sampled_from(
        ["ㅇㅇ", "ㄴㄴ\n그거 아님", "네~ 알겠습니다ㅎㅎ", "ㅋㅋㅋㅋ 진짜??", "see you"]
    ),
)
VOICES = st.lists(LINE, max_size=30).map(style_profile)


@given(VOICES, VOICES)
def test_symmetric_and_within_its_bounds(a: StyleProfile, b: StyleProfile) -> None:
    assert style_distance(a, b) == style_distance(b, a)
    assert 0 <= style_distance(a, b) <= 1


@given(VOICES)
def test_nothing_lies_between_a_voice_and_itself(voice: StyleProfile) -> None:
    assert style_distance(voice, voice) == 0


@given(VOICES, VOICES)
def test_the_parts_sum_to_the_distance(a: StyleProfile, b: StyleProfile) -> None:
    found = feature_distances(a, b)
    assert all(part.apart <= 1 and part.noise >= 0 for part in found)
    if found:
        assert style_distance(a, b) == pytest.approx(max(0.0, sum(part.adds for part in found)))
    assert [part.adds for part in found] == sorted((part.adds for part in found), reverse=True)


@given(st.lists(LINE, min_size=1, max_size=60), st.integers(2, 4))
def test_the_same_replies_once_more_hardly_change_anything(replies: list[str], times: int) -> None:
    assert style_distance(style_profile(replies), style_profile(replies * times)) < 0.03


def test_a_voice_without_replies() -> None:
    empty, voice = style_profile([]), style_profile(["응"])
    assert (
        style_distance(empty, empty),
        style_distance(empty, voice),
        style_distance(voice, empty),
    ) == (0, 1, 1)
    assert feature_distances(empty, voice) == ()


def test_the_divergence_by_hand() -> None:
    apart_, noise = divergence((1000, 0), (0, 1000))
    chance = (1 / 1000 + 1 / 1000) / (8 * math.log(2))
    assert apart_ == pytest.approx(1 - chance)
    assert noise == pytest.approx(2**0.5 * chance)
    assert divergence((5, 0), (9, 0)) == (0, 0)
    # Two replies of one class and two of another, dealt into two and two: in 2 of 6 ways apart.
    assert divergence((2, 0), (0, 2))[0] == pytest.approx(1 - 2 / 6)


@pytest.mark.parametrize(
    ("counts", "others"), [((9, 3, 1, 0), (20, 1, 0, 2)), ((40, 2), (1, 5)), ((3, 3), (3, 3))]
)
def test_what_is_subtracted_is_the_mean_over_all_ways_of_dealing(
    counts: tuple[int, ...], others: tuple[int, ...]
) -> None:
    raw = sum(_bits(p / sum(counts), q / sum(others)) for p, q in zip(counts, others, strict=True))
    pool = [
        label
        for label, both in enumerate(zip(counts, others, strict=True))
        for _ in range(sum(both))
    ]
    dice, dealt = random.Random(1), []
    for _ in range(4000):
        dice.shuffle(pool)
        one, other = pool[: sum(counts)], pool[sum(counts) :]
        dealt.append(
            sum(
                _bits(one.count(label) / len(one), other.count(label) / len(other))
                for label in range(len(counts))
                if label in pool
            )
        )
    apart_, _ = divergence(counts, others)
    assert raw - apart_ == pytest.approx(statistics.fmean(dealt), rel=0.05)


@given(st.integers(30, 3000), st.integers(30, 3000), st.floats(0.05, 0.95))
def test_the_short_way_for_many_agrees_with_the_long_one(n: int, m: int, share: float) -> None:
    few, many = sorted((n, m))
    times = round(share * (n + m))
    short = (1 - times / (n + m)) * _asymptotic(few, many)
    assume(times * few / (n + m) > _LARGE and n + m - times > _LARGE)
    assert _dealt(times, few, many) == pytest.approx(short, rel=0.1)


@pytest.mark.parametrize("size", [30, 100, 1000])
def test_samples_of_one_voice_are_0_apart_on_average(size: int) -> None:
    dice = random.Random(size)
    weights = (50, 25, 12, 6, 4, 2, 1)
    values = []
    for _ in range(400):
        drawn = [dice.choices(range(7), weights, k=size) for _ in range(2)]
        one, other = ([each.count(label) for label in range(7)] for each in drawn)
        values.append(divergence(one, other))
    noise = statistics.fmean(noise for _, noise in values)
    assert abs(statistics.fmean(value for value, _ in values)) < 0.15 * noise
    assert statistics.stdev(value for value, _ in values) == pytest.approx(noise, rel=0.25)


def test_different_topics_are_no_distance() -> None:
    about = (("오늘 축구 봤어?", "골 넣은 거 봤냐"), ("내일 회의 갔어?", "커피 사온 거 먹냐"))
    one, other = (style_profile(list(lines) * 40) for lines in about)
    assert style_distance(one, other) < 0.02


@pytest.mark.parametrize(
    ("change", "most"),
    [
        (lambda line: line + "ㅋㅋㅋ", "sound"),
        (lambda line: line.replace(" ", ""), "spacing"),
        (lambda line: line + "요", "level"),
        (lambda line: line + "...", "closing"),
        (lambda line: line.replace(" ", "\n"), "burst"),
        (lambda line: line + "🙂", "faces"),
        (lambda line: f"{line} {line} {line} {line}", "length"),
    ],
)
def test_a_changed_habit_is_seen_in_its_facet(change: object, most: str) -> None:
    lines = [
        f"오늘은 {word} 먹으러 가자고 했어" for word in ("김밥", "라면", "국수", "만두", "치킨")
    ]
    one, other = style_profile(lines * 20), style_profile([change(line) for line in lines * 20])  # type: ignore[operator]
    found = {part.facet: part.apart for part in feature_distances(one, other)}
    assert found[most] > 0.9
    assert style_distance(one, other) > 0.04


# --- the people of the sample room


@cache
def sample() -> dict[tuple[str, str], list[float]]:
    return within_and_between(sample_people(), seeds=20)


def test_the_sample_has_people_to_tell_apart() -> None:
    people = sample_people()
    assert set(people) == {"도담", "마루", "은솔", "서하늘"}
    assert min(map(len, people.values())) >= 2 * RELIABLE_REPLIES


def test_two_halves_of_one_person_lie_near_0() -> None:
    within, _ = apart(sample())
    assert len(within) == 4 * 20
    assert within[-1] < 0.03
    assert statistics.median(within) < 0.005


def test_two_people_lie_clearly_further_apart_than_one_person_from_himself() -> None:
    within, between = apart(sample())
    assert len(between) == 6 * 20
    assert between[0] > 5 * within[-1]
    assert between[0] > 0.2


@pytest.mark.parametrize("size", [10, 20, 30])
def test_few_replies_still_tell_people_apart(size: int) -> None:
    within, between = apart(within_and_between(sample_people(), 10, size))
    assert within[-1] < between[0]


def test_as_time_goes_by_a_person_stays_the_same() -> None:
    for replies in sample_people().values():
        middle = len(replies) // 2
        assert (
            style_distance(style_profile(replies[:middle]), style_profile(replies[middle:])) < 0.03
        )


def test_the_distance_grows_with_the_share_of_somebody_else_s_replies() -> None:
    means = [row["mean"] for row in blends(sample_people(), seeds=3)]
    assert len(means) == len(SHARES)
    assert all(one < other for one, other in itertools.pairwise(means))
