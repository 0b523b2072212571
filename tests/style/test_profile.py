"""Style profiles of invented replies."""

from __future__ import annotations

import json
import math
import pkgutil
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kakaobot.style
from kakaobot.style import FEATURES, RELIABLE_REPLIES, from_json, style_profile, to_json
from kakaobot.style.features import MARKERS, UNITS
from kakaobot.style.profile import FORMAT
from kakaobot.style.stats import Quartiles, distinct_ratio, quartiles

LINE = st.one_of(
    st.text(alphabet="가나다요ㅋㅎㅠㅜㅇㄱ ?!.~…;^\n0aA🙂", max_size=25),
    st.sampled_from(
        ["ㅇㅇ", "ㄴㄴ\n그거 아님", "네~ 알겠습니다ㅎㅎ", "ㅋㅋㅋㅋ 진짜??", "see you", ""]
    ),
)
PINNED_REPLIES = [
    "ㅇㅋ\n7시에 봐요~ㅎㅎ",
    "진짜?? ㅋㅋㅋ",
    "see you 🙂",
    "ㅇㅇ",
    *["양말 신었어ㅠㅠ"] * 3,
]
PINNED_JSON = (
    '{"bubble_length":[2,8,8],"bubbles":8,"burst":[1,1,1],"digits":0.018518518518518517,'
    '"distinct_1":null,"distinct_2":null,"expressions":[["양말 신었어",3,8.77]],'
    '"facets":{"burst":[6,1,0,0,0],"closing":[6,0,1,0,0,1,0,0,0],"ending":[0,0,0,1,0,0,0,0,0,0,'
    '0,0,0,0,0,0,0,0,3,0,2,2],"faces":[6,1,0,0],"initials":[5,1,1],"length":[0,1,0,6,0,0,0,0],'
    '"level":[0,1,3,0,2,2],"script":[5,1,1,0],"sign_run":[5,1,1,0,0],"sound":[2,1,1,3,0],'
    '"sound_run":[2,0,4,1,0,0],"spacing":[0,0,0,0,0,0]},"format":1,"holds":{"!":0,".":0,";":0,'
    '"?":1,"~":1,"…":0,"ㅋ":1,"ㅎ":1,"ㅠ":3,"그림문자":1,"글자 표정":0,"숫자":1,"영어":1,'
    '"초성":2},"latin":0.1111111111111111,"length":[8,8,9],"replies":7,"runs":{"ㅋ":[3,3,3],'
    '"ㅎ":[2,2,2],"ㅠ":[2,2,2]},"syllables_per_chunk":0.0}'
)
REPLIES = st.lists(LINE, max_size=40)


def test_a_profile_without_replies_is_empty() -> None:
    profile = style_profile([])
    assert (profile.replies, profile.bubbles, profile.length) == (0, 0, Quartiles(0, 0, 0))
    assert not profile.reliable
    assert (profile.distinct_1, profile.distinct_2, profile.expressions) == (None, None, ())
    assert profile.share("ㅋ") == 0
    assert set(profile.shares("level").values()) == {0}


def test_blank_replies_are_not_counted() -> None:
    assert style_profile(["", " \n ", "응"]) == style_profile(["응"])


def test_profile_of_one_reply() -> None:
    profile = style_profile(["ㅇㅋ\n7시에 봐요~ㅎㅎ"])
    assert (profile.replies, profile.bubbles) == (1, 2)
    assert profile.length == Quartiles(11, 11, 11)
    assert profile.sound_runs == {"ㅎ": Quartiles(2, 2, 2)}
    assert {marker for marker, count in profile.markers.items() if count} == {
        "ㅎ",
        "초성",
        "~",
        "숫자",
    }
    assert profile.shares("closing")["~"] == 0.5
    assert profile.shares("level") == pytest.approx(
        {"합니다체": 0, "해요체": 0.5, "반말": 0, "음슴체": 0, "모름": 0, "말 없음": 0.5}
    )
    assert profile.digits == pytest.approx(1 / 11)


def test_profile_of_emoji() -> None:
    profile = style_profile(["🙂🙂", "👍"])
    assert profile.share("그림문자") == 1
    assert profile.shares("level")["말 없음"] == 1
    assert profile.syllables_per_chunk == 0


def test_profile_of_english() -> None:
    profile = style_profile(["see you", "ok"])
    assert profile.latin == pytest.approx(8 / 9)
    assert profile.shares("script")["영어"] == 1
    assert profile.shares("level")["모름"] == 1


@pytest.mark.parametrize(
    ("reply", "feature", "label"),
    [
        ("응", "length", "1자"),
        ("ㅋㅋㅋ", "length", "2~3자"),
        ("가" * 128, "length", "128자 이상"),
        ("응\n어\n그래\n좋아", "burst", "4~5개"),
        ("ㅋㅋㅠㅠ", "sound", "섞음"),
        ("ㅋㅋ 아 ㅋㅋㅋㅋㅋ", "sound_run", "5~8"),
        ("ㅇㅇ ㄱㄱ", "initials", "초성만"),
        ("ㅇㅇ 그래", "initials", "섞음"),
        ("와!! 진짜???", "sign_run", "3~4"),
        ("오늘저녁뭐먹을지정했어", "spacing", "9자 이상"),
        ("오늘 저녁 뭐 먹을지 정했어", "spacing", "2자대"),
        ("좋아^^ 🙂", "faces", "둘 다"),
        ("3시 ok", "script", "둘 다"),
        ("먹었습니다.", "level", "합니다체"),
        ("먹었습니다.", "closing", "."),
        ("뭐하냐", "ending", "냐"),
    ],
)
def test_a_reply_falls_into_its_class(reply: str, feature: str, label: str) -> None:
    shares = style_profile([reply]).shares(feature)
    assert {name: share for name, share in shares.items() if share} == {label: 1}


@given(REPLIES)
def test_every_reply_falls_into_one_class_of_each_feature(replies: list[str]) -> None:
    profile = style_profile(replies)
    for name, counts in profile.features.items():
        if name != "spacing":
            assert sum(counts) == (profile.bubbles if name in UNITS else profile.replies), name
    assert sum(profile.features["spacing"]) <= profile.replies
    assert set(profile.markers) == set(MARKERS)
    assert all(0 <= count <= profile.replies for count in profile.markers.values())


@given(REPLIES, st.randoms())
def test_the_order_of_replies_is_irrelevant(replies: list[str], rng: object) -> None:
    shuffled = list(replies)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert style_profile(shuffled) == style_profile(replies)


@given(REPLIES)
def test_json_round_trips(replies: list[str]) -> None:
    profile = style_profile(replies)
    assert from_json(to_json(profile)) == profile
    assert to_json(from_json(to_json(profile))) == to_json(profile)


def test_json_of_the_current_format_is_pinned() -> None:
    """Stored profiles must stay comparable: bump `FORMAT` when this changes."""
    assert FORMAT == 1
    assert to_json(style_profile(PINNED_REPLIES)) == PINNED_JSON


@pytest.mark.parametrize("change", ["format", "facets", "length", "all", "list", "classes"])
def test_invalid_json_is_rejected(change: str) -> None:
    data = json.loads(to_json(style_profile(["응", "그래 ㅋㅋ"])))
    if change == "format":
        data["format"] += 1
    elif change == "classes":
        data["facets"]["level"].append(0)
    elif change not in ("all", "list"):
        del data[change]
    text = {"all": "{", "list": "[1]"}.get(change, json.dumps(data))
    with pytest.raises(ValueError):
        from_json(text)


def test_a_profile_is_reliable_from_a_minimum_of_replies() -> None:
    assert not style_profile(["응"] * (RELIABLE_REPLIES - 1)).reliable
    assert style_profile(["응"] * RELIABLE_REPLIES).reliable


def test_quartiles_are_nearest_ranks() -> None:
    assert quartiles(Counter([1, 2, 3, 4])) == Quartiles(1, 2, 3)
    assert quartiles(Counter([5])) == Quartiles(5, 5, 5)
    assert quartiles(Counter([1, 1, 1, 9])) == Quartiles(1, 1, 1)


def test_distinct_ratio_is_the_mean_over_all_samples() -> None:
    counts = {"가": 3, "나": 2, "다": 1}
    drawn = [
        len({a, b})
        for i, a in enumerate("가가가나나다")
        for j, b in enumerate("가가가나나다")
        if i != j
    ]
    assert distinct_ratio(counts, 2) == pytest.approx(sum(drawn) / len(drawn) / 2)


def test_distinct_ratio_needs_enough_words() -> None:
    assert distinct_ratio({"가": 49}) is None
    assert distinct_ratio({"가": 50}) == pytest.approx(1 / 50)
    assert distinct_ratio({str(i): 1 for i in range(50)}) == pytest.approx(1)


def test_distinct_ratio_does_not_depend_on_the_order_of_words() -> None:
    counts = [(str(count), count) for count in (7, 1, 1, 2, 3, 5, 11, 13, 1, 9, 17, 19, 23, 29)]
    ratios = {distinct_ratio(dict(counts[i:] + counts[:i])) for i in range(len(counts))}
    assert len(ratios) == 1


def test_distinct_ratio_does_not_fall_with_the_number_of_replies() -> None:
    few = {str(i): 1 + 400 // (i + 1) for i in range(400)}
    many = {word: 10 * count for word, count in few.items()}
    one, other = distinct_ratio(few), distinct_ratio(many)
    assert one and other and math.isclose(one, other, abs_tol=0.01)
    naive = [len(counts) / sum(counts.values()) for counts in (few, many)]
    assert naive[0] > 5 * naive[1]


def test_repetitive_replies_are_less_diverse() -> None:
    varied = [f"오늘은 {i}번째 이야기를 들려줄게 {chr(0xAC00 + 7 * i)}" for i in range(80)]
    repetitive = ["나도 그렇게 생각해", "그건 좀 그렇지"] * 40
    one, other = style_profile(varied).distinct_2, style_profile(repetitive).distinct_2
    assert one and other and one > 3 * other


def test_every_feature_is_complete() -> None:
    for feature in FEATURES.values():
        assert feature.title
        assert len(set(feature.classes)) == len(feature.classes) > 1
        assert feature.weight >= 0


def test_no_module_shares_its_name_with_an_exported_name() -> None:
    modules = {module.name for module in pkgutil.iter_modules(kakaobot.style.__path__)}
    assert modules.isdisjoint(kakaobot.style.__all__)
