from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakaobot.dataset.name_replacement import NameReplacer, adjust_particle
from tests.patience import spends_less_than

REPLACER = NameReplacer(
    {
        "김도담": "파란 여우",
        "마루": "작은 곰",
        "Kim May": "은빛 수달",
        "솔": "금빛 매",
        "하나": "순한 라마",
        "ㅇㅇ": "느긋한 사자",
        "남궁서연 팀장": "웃는 사슴",
        "온누리🌙": "졸린 판다",
        "회원님": "달리는 낙타",
    },
    ignored={"회원님"},
)


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("김도담", "파란 여우"),
        ("우리김도담네집", "우리파란 여우네집"),
        ("도담아 밥 먹자", "파란 여우야 밥 먹자"),
        ("도담이가 도담이한테", "파란 여우가 파란 여우한테"),
        ("어제 도담은, 도담을! 도담과", "어제 파란 여우는, 파란 여우를! 파란 여우와"),
        ("도담이랑은 도담이에요", "파란 여우랑은 파란 여우예요"),
        ("마루가 마루는 마루를", "작은 곰이 작은 곰은 작은 곰을"),
        ("마루야 마루랑 마루로 마루네", "작은 곰아 작은 곰이랑 작은 곰으로 작은 곰이네"),
        ("도담이모 도담과장님 마루씨", "파란 여우이모 파란 여우과장님 작은 곰씨"),
        ("(마루) @마루", "(작은 곰) @작은 곰"),
        ("서연쌤 남궁서연 팀장, 남궁서연이", "웃는 사슴쌤 웃는 사슴, 웃는 사슴이"),
        ("남궁서연가방 남궁서연가", "웃는 사슴가방 웃는 사슴이"),
        ("온누리랑 누리가", "졸린 판다랑 누리가"),
        ("Kim May는 Kim Mayor xKim May", "은빛 수달은 Kim Mayor xKim May"),
        ("하나 언니, 하나씨", "순한 라마 언니, 순한 라마씨"),
        ("@솔 @ㅇㅇ", "@금빛 매 @느긋한 사자"),
    ],
)
def test_names_are_replaced_and_particles_adjusted(text: str, replaced: str) -> None:
    assert REPLACER.replace(text) == replaced


@pytest.mark.parametrize(
    "text",
    [
        "마루타",
        "대청마루",
        "도담동 가자",
        "하나도 없다",
        "솔직히 솔 향",
        "ㅇㅇ",
        "회원님 안녕하세요",
        "담이야",
    ],
)
def test_lookalikes_are_left_alone(text: str) -> None:
    assert REPLACER.replace(text) == text


def test_senders_are_replaced_unless_unknown() -> None:
    assert (
        REPLACER.replace_name("솔"),
        REPLACER.replace_name("회원님"),
        REPLACER.replace_name("모르는 이"),
    ) == (
        "금빛 매",
        "달리는 낙타",
        "모르는 이",
    )


def test_display_name_takes_precedence_over_a_given_name() -> None:
    both = NameReplacer({"김도담": "가 고래", "박도담": "나 고래", "도담": "다 고래"})
    assert both.replace("도담아, 김도담 박도담") == "다 고래야, 가 고래 나 고래"
    assert NameReplacer({"박도담": "나 고래", "김도담": "가 고래"}).replace("도담") == "가 고래"


def test_ignored_words_are_left_alone() -> None:
    assert (
        NameReplacer({"김도담": "고래"}, ignored={"김도담"}).replace("김도담 도담") == "김도담 도담"
    )
    assert NameReplacer({"김도담": "고래"}, ignored={"도담"}).replace("김도담 도담") == "고래 도담"


def test_given_name_requires_a_surname() -> None:
    assert NameReplacer({"보드왕": "고래"}).replace("드왕 보드왕") == "드왕 고래"
    assert NameReplacer({"신나는 하루": "고래"}).replace("신나는 게임") == "신나는 게임"


@pytest.mark.parametrize(
    ("particle", "name", "adjusted"),
    [
        ("으로", "수달", "로"),
        ("로", "곰", "으로"),
        ("이", "여우", ""),
        ("이", "곰", "이"),
        ("이모", "여우", "이모"),
        ("가", "여우 2", "가"),
        ("한테", "곰", "한테"),
        ("", "곰", ""),
    ],
)
def test_adjust_particle_agrees_with_the_name(particle: str, name: str, adjusted: str) -> None:
    assert adjust_particle(particle, name) == adjusted


@given(
    st.dictionaries(st.text(min_size=1, max_size=6), st.text("가나다", min_size=1), max_size=8),
    st.text(max_size=30),
)
def test_any_names_and_text_are_accepted(names: dict[str, str], text: str) -> None:
    replacer = NameReplacer(names)
    assert isinstance(replacer.replace(text), str)
    for name in names:
        if len(name) >= 3 and name.isalpha() and name.isascii():
            assert name not in replacer.replace(f" {name} ").split()


def test_a_thousand_names_are_replaced_fast() -> None:
    syllables = "가나다라마바사아자차카타파하"
    names = {
        f"김{one}{two}{three}": "파란 고래"
        for one in syllables
        for two in syllables
        for three in "강산들꽃솔"
    }
    replacer = NameReplacer(names)
    text = "오늘은 비가 와서 우산을 가지고 나갔는데 김가나강이랑 김다라산을 만났어"
    with spends_less_than(2.5):
        for _ in range(5000):
            replacer.replace(text)
