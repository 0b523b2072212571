"""Invented replies and the figures they give."""

from __future__ import annotations

import json
import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakaobot.style import FEATURES, RELIABLE_REPLIES, from_json, style_profile, to_json
from kakaobot.style.features import MARKERS, UNITS
from kakaobot.style.profile import Quartiles, distinct, quartiles

LINE = st.one_of(
    st.text(alphabet="가나다요ㅋㅎㅠㅜㅇㄱ ?!.~…;^\n0aA🙂", max_size=25),
    st.sampled_from(
        ["ㅇㅇ", "ㄴㄴ\n그거 아님", "네~ 알겠습니다ㅎㅎ", "ㅋㅋㅋㅋ 진짜??", "see you", ""]
    ),
)
REPLIES = st.lists(LINE, max_size=40)


def test_nothing_said() -> None:
    voice = style_profile([])
    assert (voice.replies, voice.bubbles, voice.length) == (0, 0, Quartiles(0, 0, 0))
    assert not voice.reliable
    assert (voice.distinct_1, voice.distinct_2, voice.expressions) == (None, None, ())
    assert voice.share("ㅋ") == 0
    assert set(voice.shares("level").values()) == {0}


def test_blank_replies_are_not_counted() -> None:
    assert style_profile(["", " \n ", "응"]) == style_profile(["응"])


def test_one_reply() -> None:
    voice = style_profile(["ㅇㅋ\n7시에 봐요~ㅎㅎ"])
    assert (voice.replies, voice.bubbles) == (1, 2)
    assert voice.length == Quartiles(11, 11, 11)
    assert voice.runs == {"ㅎ": Quartiles(2, 2, 2)}
    assert {thing for thing, times in voice.holds.items() if times} == {"ㅎ", "초성", "~", "숫자"}
    assert voice.shares("closing")["~"] == 0.5
    assert voice.shares("level") == pytest.approx(
        {"합니다체": 0, "해요체": 0.5, "반말": 0, "음슴체": 0, "모름": 0, "말 없음": 0.5}
    )
    assert voice.digits == pytest.approx(1 / 11)


def test_emoji_only() -> None:
    voice = style_profile(["🙂🙂", "👍"])
    assert voice.share("그림문자") == 1
    assert voice.shares("level")["말 없음"] == 1
    assert voice.syllables_per_chunk == 0


def test_english_only() -> None:
    voice = style_profile(["see you", "ok"])
    assert voice.latin == pytest.approx(8 / 9)
    assert voice.shares("script")["영어"] == 1
    assert voice.shares("level")["모름"] == 1


@pytest.mark.parametrize(
    ("reply", "facet", "label"),
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
def test_a_reply_falls_into_its_class(reply: str, facet: str, label: str) -> None:
    shares = style_profile([reply]).shares(facet)
    assert {name: share for name, share in shares.items() if share} == {label: 1}


@given(REPLIES)
def test_every_facet_has_one_class_for_each(replies: list[str]) -> None:
    voice = style_profile(replies)
    for name, counts in voice.facets.items():
        if name != "spacing":
            assert sum(counts) == (voice.bubbles if name in UNITS else voice.replies), name
    assert sum(voice.facets["spacing"]) <= voice.replies
    assert set(voice.holds) == set(MARKERS)
    assert all(0 <= times <= voice.replies for times in voice.holds.values())


@given(REPLIES, st.randoms())
def test_the_order_of_replies_is_irrelevant(replies: list[str], dice: object) -> None:
    mixed = list(replies)
    dice.shuffle(mixed)  # type: ignore[attr-defined]
    assert style_profile(mixed) == style_profile(replies)


@given(REPLIES)
def test_json_keeps_everything(replies: list[str]) -> None:
    voice = style_profile(replies)
    assert from_json(to_json(voice)) == voice
    assert to_json(from_json(to_json(voice))) == to_json(voice)


@pytest.mark.parametrize("change", ["format", "facets", "length", "all", "list", "classes"])
def test_damaged_json_is_refused(change: str) -> None:
    held = json.loads(to_json(style_profile(["응", "그래 ㅋㅋ"])))
    if change == "format":
        held["format"] += 1
    elif change == "classes":
        held["facets"]["level"].append(0)
    elif change not in ("all", "list"):
        del held[change]
    text = {"all": "{", "list": "[1]"}.get(change, json.dumps(held))
    with pytest.raises(ValueError):
        from_json(text)


def test_reliable_begins_at_its_number() -> None:
    assert not style_profile(["응"] * (RELIABLE_REPLIES - 1)).reliable
    assert style_profile(["응"] * RELIABLE_REPLIES).reliable


def test_quartiles_are_values_of_the_sample() -> None:
    assert quartiles(Counter([1, 2, 3, 4])) == Quartiles(1, 2, 3)
    assert quartiles(Counter([5])) == Quartiles(5, 5, 5)
    assert quartiles(Counter([1, 1, 1, 9])) == Quartiles(1, 1, 1)


def test_distinct_is_what_drawing_gives_on_average() -> None:
    counts = {"가": 3, "나": 2, "다": 1}
    drawn = [
        len({a, b})
        for i, a in enumerate("가가가나나다")
        for j, b in enumerate("가가가나나다")
        if i != j
    ]
    assert distinct(counts, 2) == pytest.approx(sum(drawn) / len(drawn) / 2)


def test_distinct_needs_its_sample() -> None:
    assert distinct({"가": 49}) is None
    assert distinct({"가": 50}) == pytest.approx(1 / 50)
    assert distinct({str(i): 1 for i in range(50)}) == pytest.approx(1)


def test_distinct_does_not_fall_with_the_number_of_replies() -> None:
    few = {str(i): 1 + 400 // (i + 1) for i in range(400)}
    many = {word: 10 * times for word, times in few.items()}
    one, other = distinct(few), distinct(many)
    assert one and other and math.isclose(one, other, abs_tol=0.01)
    plain = [len(each) / sum(each.values()) for each in (few, many)]
    assert plain[0] > 5 * plain[1]


def test_a_model_that_repeats_itself_is_less_diverse() -> None:
    lively = [f"오늘은 {i}번째 이야기를 들려줄게 {chr(0xAC00 + 7 * i)}" for i in range(80)]
    looping = ["나도 그렇게 생각해", "그건 좀 그렇지"] * 40
    one, other = style_profile(lively).distinct_2, style_profile(looping).distinct_2
    assert one and other and one > 3 * other


def test_every_facet_is_whole() -> None:
    for facet in FEATURES.values():
        assert facet.title
        assert len(set(facet.classes)) == len(facet.classes) > 1
        assert facet.weight >= 0
