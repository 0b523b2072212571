"""Korean descriptions of style profiles name the differences, with correct numbers."""

from __future__ import annotations

import itertools
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.style import sample_people
from kakaobot.style import StyleProfile, describe_style, explain_difference, style_profile
from kakaobot.style.describe import difference_sentence, percent
from kakaobot.style.distance import feature_distances
from kakaobot.style.features import FEATURES

LINE = st.one_of(
    st.text(alphabet="가나다요ㅋㅎㅠㅇㄱ ?!.~\n0a🙂", max_size=20),
    st.sampled_from(
        ["ㅇㅇ", "ㄴㄴ\n그거 아님", "네~ 알겠습니다ㅎㅎ", "ㅋㅋㅋㅋ 진짜??", "see you"]
    ),
)
PROFILES = st.lists(LINE, max_size=60).map(style_profile)


def laughing(share: int, laugh: str = "ㅋㅋ") -> StyleProfile:
    """Profile of 100 replies of which `share` end in laughter."""
    return style_profile([f"오늘 갔다 왔어{laugh if i < share else ''}" for i in range(100)])


def test_a_doubled_share_is_described_as_twice_as_often() -> None:
    assert explain_difference(laughing(60), laughing(30)) == (
        "ㅋ을 두 배 자주 씁니다 (대답의 60%, 비교한 쪽 30%).",
    )


def test_smaller_shares_are_graded() -> None:
    assert explain_difference(laughing(30), laughing(60))[0].startswith(
        "ㅋ을 절반쯤만 씁니다 (대답의 30%"
    )
    assert explain_difference(laughing(5), laughing(60))[0].startswith(
        "ㅋ을 훨씬 드물게 씁니다 (대답의 5.0%"
    )
    assert explain_difference(laughing(60), laughing(90))[0].startswith("ㅋ을 덜 자주 씁니다")


def test_a_habit_of_only_one_profile_is_described() -> None:
    assert (
        explain_difference(laughing(0), laughing(60))[0]
        == "ㅋ을 쓰지 않습니다 (비교한 쪽 대답의 60%)."
    )
    only = "ㅋ을 씁니다 (대답의 60%). 비교한 쪽은 쓰지 않습니다."
    assert explain_difference(laughing(60), laughing(0))[0] == only


def test_longer_laughter_is_described() -> None:
    sentences = explain_difference(laughing(60, "ㅋㅋㅋㅋㅋㅋ"), laughing(60, "ㅋㅋ"))
    assert sentences[0] == "ㅋ을 더 길게 이어 씁니다 (보통 6개, 비교한 쪽 2개)."


@pytest.mark.parametrize(
    ("mine", "theirs", "beginning"),
    [
        ("오늘 갔어요", "오늘 갔어", "존댓말을 씁니다"),
        ("오늘 갔음", "오늘 갔다", "음슴체(-음, -함)를 씁니다"),
        ("오늘 갔어.", "오늘 갔어", "말끝에 부호를 찍습니다"),
        ("오늘 갔어.", "오늘 갔어~", "말끝에 마침표를 찍습니다"),
        ("오늘 갔어\n진짜", "오늘 갔어 진짜", "한 번에 말풍선을 여러 개 보냅니다"),
        ("오늘아침에갔다왔어", "오늘 아침에 갔다 왔어", "덜 띄어 씁니다"),
        ("오늘 갔어🙂", "오늘 갔어", "이모지를 씁니다"),
        ("ㅇㅇ 갔어", "응 갔어", "초성 말(ㅇㅇ, ㄱㄱ 같은 것)을 씁니다"),
        ("오늘 갔어!!!", "오늘 갔어!", "부호를 셋 이상 이어서 찍습니다"),
        ("오늘 갔어 오늘 갔어 오늘 갔어", "오늘 갔어", "대답이 세 배 깁니다"),
        ("갔어", "오늘 저녁에 갔어", "대답이 훨씬 짧습니다"),
    ],
)
def test_a_habit_is_described(mine: str, theirs: str, beginning: str) -> None:
    sentences = explain_difference(style_profile([mine] * 60), style_profile([theirs] * 60))
    assert [line for line in sentences if line.startswith(beginning)], sentences


def test_repetition_is_described() -> None:
    words = [chr(0xAC00 + 31 * i) for i in range(200)]
    varied = style_profile([f"오늘 {one} {other} 봤다" for one, other in itertools.pairwise(words)])
    repetitive = style_profile(["오늘 가 나 봤다"] * 199)
    sentences = explain_difference(repetitive, varied)
    assert any(line.startswith("같은 말을 더 자주 되풀이합니다") for line in sentences), sentences


def test_a_difference_without_a_named_habit_is_not_blamed_on_a_random_one() -> None:
    nouns, initials = style_profile(["김밥"] * 59 + ["갔다"]), style_profile(["ㅇㅇ"] * 60)
    assert not any("반말" in line for line in explain_difference(nouns, initials))


def test_halves_of_one_person_hardly_differ() -> None:
    sentences = 0
    for seed in range(10):
        for replies in sample_people().values():
            mixed = random.Random(seed).sample(replies, len(replies))
            middle = len(mixed) // 2
            sentences += len(
                explain_difference(style_profile(mixed[:middle]), style_profile(mixed[middle:]))
            )
    # At 3 standard errors, a dozen features and 40 pairs, one or two false positives are expected.
    assert sentences <= 4


def test_people_of_the_sample_room_differ_in_several_sentences() -> None:
    people = {name: style_profile(replies) for name, replies in sample_people().items()}
    for one, other in itertools.permutations(people, 2):
        assert len(explain_difference(people[one], people[other])) >= 4
    sentences = explain_difference(people["도담"], people["서하늘"])
    assert sentences[0].startswith("존댓말을 쓰지 않습니다")
    assert len(explain_difference(people["도담"], people["서하늘"], max_sentences=2)) == 2


@given(PROFILES, PROFILES)
def test_sentences_are_complete_and_distinct(a: StyleProfile, b: StyleProfile) -> None:
    sentences = explain_difference(a, b)
    assert len(sentences) <= 5
    assert len(set(sentences)) == len(sentences)
    assert all(
        re.fullmatch(r"[^\n]+니다( \(.+\))?\.( 비교한 쪽은 .+니다\.)?", line) for line in sentences
    )
    assert explain_difference(a, a) == ()


@given(PROFILES)
def test_every_profile_can_be_described(profile: StyleProfile) -> None:
    lines = describe_style(profile)
    assert lines
    assert all(line.endswith(".") and "\n" not in line for line in lines)


def test_describe_style_of_a_sample_person() -> None:
    text = "\n".join(describe_style(style_profile(sample_people()["서하늘"])))
    assert "어림값" not in text
    for part in ("존댓말 9", "ㅎ 8", "보통 2개씩", "-요 8", "~ 3"):
        assert part in text


def test_describe_style_flags_too_few_replies() -> None:
    assert describe_style(style_profile(["응"]))[1] == (
        "대답이 적어 어림값입니다. 60개부터 믿을 만합니다."
    )
    assert describe_style(style_profile([])) == ("말투를 잴 대답이 없습니다.",)


def test_percent_has_one_decimal_below_ten() -> None:
    assert [percent(share) for share in (0, 0.004, 0.0999, 0.31, 1)] == [
        "0%",
        "0.4%",
        "10%",
        "31%",
        "100%",
    ]


def test_every_feature_has_a_sentence() -> None:
    """A new feature without one would be silently left out or raise a KeyError."""
    a, b = style_profile(["응"]), style_profile(["네 알겠습니다."])
    assert {part.feature for part in feature_distances(a, b)} <= {
        *FEATURES,
        "distinct_1",
        "distinct_2",
    }
    for part in feature_distances(a, b):
        assert isinstance(difference_sentence(part, a, b), str)
