"""Style distance: properties over random replies, and values for the sample room."""

from __future__ import annotations

import itertools
import math
import random
import statistics
from functools import cache

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from benchmarks.style import (
    SHARES,
    blends,
    pairwise_distances,
    sample_people,
    split_within_between,
)
from kakaobot.style import (
    RELIABLE_REPLIES,
    StyleProfile,
    feature_distances,
    style_distance,
    style_profile,
)
from kakaobot.style.distance import (
    _ASYMPTOTIC_MIN_COUNT,
    _exact_expected_term,
    _jsd_term,
    _mean_jsd,
    divergence,
)

LINE = st.one_of(
    st.text(alphabet="가나다요ㅋㅎㅠㅇㄱ ?!.~\n0a🙂", max_size=20),
    st.sampled_from(
        ["ㅇㅇ", "ㄴㄴ\n그거 아님", "네~ 알겠습니다ㅎㅎ", "ㅋㅋㅋㅋ 진짜??", "see you"]
    ),
)
PROFILES = st.lists(LINE, max_size=30).map(style_profile)


@given(PROFILES, PROFILES)
def test_distance_is_symmetric_and_between_0_and_1(a: StyleProfile, b: StyleProfile) -> None:
    assert style_distance(a, b) == style_distance(b, a)
    assert 0 <= style_distance(a, b) <= 1


@given(PROFILES)
def test_distance_to_itself_is_0(profile: StyleProfile) -> None:
    assert style_distance(profile, profile) == 0


@given(PROFILES, PROFILES)
def test_contributions_sum_to_the_distance(a: StyleProfile, b: StyleProfile) -> None:
    parts = feature_distances(a, b)
    contributions = [part.contribution for part in parts]
    assert all(part.distance <= 1 and part.noise >= 0 for part in parts)
    if parts:
        assert style_distance(a, b) == pytest.approx(max(0.0, sum(contributions)))
    assert contributions == sorted(contributions, reverse=True)


@given(st.lists(LINE, min_size=1, max_size=60), st.integers(2, 4))
def test_repeating_the_same_replies_hardly_changes_anything(replies: list[str], times: int) -> None:
    assert style_distance(style_profile(replies), style_profile(replies * times)) < 0.03


def test_distance_of_a_profile_without_replies() -> None:
    empty, profile = style_profile([]), style_profile(["응"])
    assert (
        style_distance(empty, empty),
        style_distance(empty, profile),
        style_distance(profile, empty),
    ) == (0, 1, 1)
    assert feature_distances(empty, profile) == ()


def test_divergence_matches_a_hand_computed_value() -> None:
    distance, noise = divergence((1000, 0), (0, 1000))
    mean = (1 / 1000 + 1 / 1000) / (8 * math.log(2))
    assert distance == pytest.approx(1 - mean)
    assert noise == pytest.approx(2**0.5 * mean)
    assert divergence((5, 0), (9, 0)) == (0, 0)
    # 2 of the 6 ways to split two replies of either class into two and two separate the classes.
    assert divergence((2, 0), (0, 2))[0] == pytest.approx(1 - 2 / 6)


@pytest.mark.parametrize(
    ("counts", "others"), [((9, 3, 1, 0), (20, 1, 0, 2)), ((40, 2), (1, 5)), ((3, 3), (3, 3))]
)
def test_the_expectation_is_the_mean_over_random_splits(
    counts: tuple[int, ...], others: tuple[int, ...]
) -> None:
    raw = sum(
        _jsd_term(x / sum(counts), y / sum(others)) for x, y in zip(counts, others, strict=True)
    )
    pool = [
        label
        for label, both in enumerate(zip(counts, others, strict=True))
        for _ in range(sum(both))
    ]
    rng, splits = random.Random(1), []
    for _ in range(4000):
        rng.shuffle(pool)
        one, other = pool[: sum(counts)], pool[sum(counts) :]
        splits.append(
            sum(
                _jsd_term(one.count(label) / len(one), other.count(label) / len(other))
                for label in range(len(counts))
                if label in pool
            )
        )
    distance, _ = divergence(counts, others)
    assert raw - distance == pytest.approx(statistics.fmean(splits), rel=0.05)


@given(st.integers(30, 3000), st.integers(30, 3000), st.floats(0.05, 0.95))
def test_the_asymptotic_expectation_agrees_with_the_exact_one(n: int, m: int, share: float) -> None:
    small, large = sorted((n, m))
    count = round(share * (n + m))
    asymptotic = (1 - count / (n + m)) * _mean_jsd(small, large)
    assume(count * small / (n + m) > _ASYMPTOTIC_MIN_COUNT)
    assume(n + m - count > _ASYMPTOTIC_MIN_COUNT)
    assert _exact_expected_term(count, small, large) == pytest.approx(asymptotic, rel=0.1)


@pytest.mark.parametrize("size", [30, 100, 1000])
def test_samples_of_one_style_have_a_mean_distance_of_0(size: int) -> None:
    rng = random.Random(size)
    weights = (50, 25, 12, 6, 4, 2, 1)
    values = []
    for _ in range(400):
        samples = [rng.choices(range(7), weights, k=size) for _ in range(2)]
        one, other = ([sample.count(label) for label in range(7)] for sample in samples)
        values.append(divergence(one, other))
    noise = statistics.fmean(noise for _, noise in values)
    assert abs(statistics.fmean(value for value, _ in values)) < 0.15 * noise
    assert statistics.stdev(value for value, _ in values) == pytest.approx(noise, rel=0.25)


def test_topics_do_not_count_towards_the_distance() -> None:
    topics = (("오늘 축구 봤어?", "골 넣은 거 봤냐"), ("내일 회의 갔어?", "커피 사온 거 먹냐"))
    one, other = (style_profile(list(lines) * 40) for lines in topics)
    assert style_distance(one, other) < 0.02


@pytest.mark.parametrize(
    ("change", "feature"),
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
def test_a_changed_habit_shows_in_its_feature(change: object, feature: str) -> None:
    lines = [
        f"오늘은 {word} 먹으러 가자고 했어" for word in ("김밥", "라면", "국수", "만두", "치킨")
    ]
    one, other = style_profile(lines * 20), style_profile([change(line) for line in lines * 20])  # type: ignore[operator]
    distances = {part.feature: part.distance for part in feature_distances(one, other)}
    assert distances[feature] > 0.9
    assert style_distance(one, other) > 0.04


# --- the people of the sample room


@cache
def sample_distances() -> dict[tuple[str, str], list[float]]:
    return pairwise_distances(sample_people(), seeds=20)


def test_the_sample_room_has_four_people_with_enough_replies() -> None:
    people = sample_people()
    assert set(people) == {"도담", "마루", "은솔", "서하늘"}
    assert min(map(len, people.values())) >= 2 * RELIABLE_REPLIES


def test_halves_of_one_person_are_close_to_0() -> None:
    within, _ = split_within_between(sample_distances())
    assert len(within) == 4 * 20
    assert within[-1] < 0.03
    assert statistics.median(within) < 0.005


def test_two_people_are_far_more_distant_than_halves_of_one() -> None:
    within, between = split_within_between(sample_distances())
    assert len(between) == 6 * 20
    assert between[0] > 5 * within[-1]
    assert between[0] > 0.2


@pytest.mark.parametrize("size", [10, 20, 30])
def test_few_replies_still_separate_people(size: int) -> None:
    within, between = split_within_between(pairwise_distances(sample_people(), 10, size))
    assert within[-1] < between[0]


def test_the_style_of_one_person_is_stable_over_time() -> None:
    for replies in sample_people().values():
        middle = len(replies) // 2
        assert (
            style_distance(style_profile(replies[:middle]), style_profile(replies[middle:])) < 0.03
        )


def test_distance_grows_with_the_share_of_replies_by_somebody_else() -> None:
    means = [row["mean"] for row in blends(sample_people(), seeds=3)]
    assert len(means) == len(SHARES)
    assert all(one < other for one, other in itertools.pairwise(means))
