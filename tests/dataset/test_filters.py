from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakaobot.dataset.backchannels import BackchannelIndex, backchannel_form
from kakaobot.dataset.filters import (
    BOILERPLATE,
    BOT,
    CAPPED,
    FORWARDED,
    LINKS,
    REASONS,
    REPEATED,
    TOO_SHORT,
    FilterRules,
    count_non_targets,
)
from kakaobot.dataset.privacy import mask
from kakaobot.dataset.target_selection import TargetSelection, select_targets
from kakaobot.schema import ChatMessage, Conversation, Turn

START = datetime(2026, 3, 1, 12, 0)
STORY = "어제 저녁에 동생이랑 강가를 걷다가 길 잃은 강아지를 만나서 집까지 데려다주었다"
WISH = (
    "오늘 밤 열두 시에 하늘을 보면 별이 쏟아진다고 하니 사랑하는 사람과 함께 소원을 빌어 보고 "
    "이 글을 열 사람에게 보내면 좋은 일이 찾아온다고 합니다"
)
NEWS = "(서울=한빛뉴스) 김가람 기자 = 도시 철도 요금이 내년부터 오른다고 12일 밝혔다."
FREE = FilterRules(low_signal_share=1.0)


def turn(number: int, sender: str, *lines: str) -> Turn:
    at = START + timedelta(minutes=number)
    return Turn(f"a.txt:{number}", sender, lines, at, at)


def turns(*said: tuple[str, str]) -> list[Turn]:
    return [turn(number, sender, text) for number, (sender, text) in enumerate(said)]


def judged(said: list[Turn], rules: FilterRules = FREE, persona: str = "") -> TargetSelection:
    return select_targets({"방": said}, rules, persona=persona)["방"]


def reasons(*said: tuple[str, str], rules: FilterRules = FREE, persona: str = "") -> list[str]:
    """Of each turn the reason, "" for the learnt."""
    found = judged(turns(*said), rules, persona).reasons
    return [found.get(number, "") for number in range(len(said))]


def test_a_program_is_not_learnt_unless_it_is_who_is_wanted() -> None:
    rules = FilterRules(bots=frozenset({"날씨봇"}), low_signal_share=1)
    said = ("날씨봇", "내일은 맑아요"), ("가", "고마워 봇아")
    assert reasons(*said, rules=rules) == [BOT, ""]
    assert reasons(*said, rules=rules, persona="날씨봇") == ["", ""]


@pytest.mark.parametrize(
    "text",
    [
        "<링크>",
        "[링크]",
        "https://a.example/x?y=1",
        "www.a.example",
        "<링크> <링크>\n<링크>",
        "👉 <링크> !!",
        mask("https://a.example/x").text,
    ],
)
def test_links_alone_are_not_learnt(text: str) -> None:
    assert reasons(("가", text)) == [LINKS]


@pytest.mark.parametrize("text", ["이거 봐 <링크>", "<링크> ㅋㅋ", "링크", "<전화번호>", "https"])
def test_a_link_with_a_word_is_learnt(text: str) -> None:
    assert reasons(("가", text)) == [""]


def test_news_are_not_learnt_though_somebody_says_a_word_to_them() -> None:
    said = [turn(0, "가", "이거 봤어?", NEWS), turn(1, "가", "이거 봤어? " * 20, NEWS)]
    assert dict(judged(said).reasons) == {0: BOILERPLATE}


def test_a_text_that_goes_round_is_not_learnt_at_all() -> None:
    assert reasons(("가", WISH), ("나", WISH + "!"), ("가", "고마워")) == [FORWARDED, FORWARDED, ""]
    assert reasons(("가", WISH), ("가", WISH), ("가", WISH)) == [FORWARDED] * 3
    rooms = {"방": [turn(0, "가", WISH)], "다른 방": [turn(0, "가", WISH)]}
    assert [each.counts for each in select_targets(rooms, FREE).values()] == [{FORWARDED: 1}] * 2


def test_what_others_forward_is_seen_when_one_is_learnt() -> None:
    assert reasons(("가", WISH), ("나", WISH), persona="가") == [FORWARDED, ""]


def test_of_a_long_reply_said_twice_the_first_is_learnt() -> None:
    assert reasons(("가", STORY), ("가", "응?"), ("가", STORY + "ㅋㅋ")) == ["", "", REPEATED]


def test_two_people_may_say_a_sentence_that_is_not_long_enough_to_go_round() -> None:
    sentence = STORY[:32]
    said = ("가", sentence), ("나", sentence), ("나", sentence)
    assert reasons(*said) == ["", "", REPEATED]


def test_short_replies_may_be_said_again_and_again() -> None:
    assert reasons(*[("가", "나 지금 밥 먹는 중")] * 9) == [""] * 9


def test_too_short_is_too_short() -> None:
    assert reasons(
        ("가", "ㅋ"), ("가", "ㅋㅋ"), rules=FilterRules(min_chars=2, low_signal_share=1)
    ) == [
        TOO_SHORT,
        "",
    ]


def test_the_first_reason_counts() -> None:
    rules = FilterRules(bots=frozenset({"봇"}), min_chars=2, low_signal_share=0)
    said = ("봇", "."), ("봇", "<링크>"), ("가", "<링크>"), ("가", NEWS * 2), ("나", NEWS * 2)
    assert reasons(*said, rules=rules) == [TOO_SHORT, BOT, LINKS, BOILERPLATE, BOILERPLATE]


@pytest.mark.parametrize("rule", ["links", "pasted", "forwarded", "repeated"])
def test_every_rule_can_be_switched_off(rule: str) -> None:
    said = ("가", "<링크>"), ("가", NEWS), ("가", WISH), ("나", WISH), ("가", STORY), ("가", STORY)
    named = {"links": LINKS, "pasted": BOILERPLATE, "forwarded": FORWARDED, "repeated": REPEATED}
    assert set(reasons(*said)) == {"", *named.values()}
    off = FilterRules(low_signal_share=1, **{rule: False})  # type: ignore[arg-type]
    assert set(reasons(*said, rules=off)) == {"", *named.values()} - {named[rule]}


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("ㅋㅋㅋㅋ", "ㅋ"),
        ("ㅠㅜ", "ㅠㅜ"),
        ("ㅇㅇ!!", "ㅇ"),
        ("ㄱㄱ", "ㄱ"),
        ("응", "응"),
        ("네네네네", "네"),
        ("헐ㅋㅋㅋ", "헐ㅋ"),
        ("대박", "대박"),
        ("😂😂", ""),
        ("❤️", ""),
        ("...?", ""),
        ("(하트)(하트)", ""),
        ("ok", "ok"),
        ("응\nㅋㅋ", "응ㅋ"),
    ],
)
def test_a_reaction_has_a_form(text: str, form: str) -> None:
    assert backchannel_form(text) == form


@pytest.mark.parametrize(
    "text",
    [
        "배고파",
        "7시",
        "<전화번호>",
        "<주소>",
        "ㅋㅋ <가린말>",
        "no way",
        "치킨 먹자",
        "(하트) 사랑해",
        "ㅋ" * 500,
    ],
)
def test_what_says_something_is_no_reaction(text: str) -> None:
    assert backchannel_form(text) is None


def room_of(low: int, others: int, seed: int = 1) -> list[Turn]:
    source = random.Random(seed)
    said = [
        (source.choice("가나"), source.choice(["ㅋㅋ", "ㅋㅋ", "ㅇㅇ", "헐"])) for _ in range(low)
    ]
    said += [(source.choice("가나"), f"오늘은 {number}번 버스를 탔어") for number in range(others)]
    source.shuffle(said)
    return turns(*said)


@given(st.integers(0, 120), st.integers(0, 60), st.floats(0, 1), st.integers(0, 9))
def test_reactions_are_capped_to_their_share_and_nothing_else_is_touched(
    low: int, others: int, share: float, seed: int
) -> None:
    said = room_of(low, others, seed)
    found = judged(said, FilterRules(low_signal_share=share))
    forms = [backchannel_form(each.text) for each in said]
    assert all(forms[place] is not None and why == CAPPED for place, why in found.reasons.items())
    left = sum(form is not None for place, form in enumerate(forms) if place not in found.reasons)
    assert left <= share * (others + left) + 1 or not found.reasons
    if found.reasons:
        assert left + 1 > share / (1 - share) * others * 0.98 - 1
    assert found.targets == others + left


def test_the_mix_of_reactions_its_people_and_its_months_stay() -> None:
    said = room_of(2000, 500)
    found = judged(said, FilterRules(low_signal_share=0.3)).reasons
    places = [place for place, each in enumerate(said) if backchannel_form(each.text) is not None]
    low = [said[place] for place in places]
    left = [said[place] for place in places if place not in found]
    assert len(left) == 214
    for of in (
        lambda each: each.text,
        lambda each: (each.text, each.sender),
        lambda each: (each.text, each.start > START + timedelta(minutes=1250)),
    ):
        before, after = Counter(map(of, low)), Counter(map(of, left))
        for key, count in before.items():
            assert abs(after[key] - count * len(left) / len(low)) <= 2


def test_no_cap_and_nothing_but_reactions() -> None:
    said = room_of(50, 0)
    for share in (1, 0.99999):
        assert judged(said, FilterRules(low_signal_share=share)).counts == {}
    assert judged(said, FilterRules(low_signal_share=0.3)).counts == {CAPPED: 50}
    assert judged(room_of(9, 9), FilterRules(low_signal_share=0)).counts == {CAPPED: 9}


def test_the_cap_counts_the_rooms_together_and_the_persona_alone() -> None:
    chatty = turns(*[("가", f"이번에는 {n}번째 이야기를 해 줄게") for n in range(70)])
    laughing = turns(*[("가", "ㅋㅋ")] * 30, *[("나", "ㅋㅋ")] * 30)
    rooms = {"말": chatty, "웃음": laughing}
    assert (
        select_targets(rooms, FilterRules(low_signal_share=0.3), persona="가")["웃음"].counts == {}
    )
    assert select_targets(rooms, FilterRules(low_signal_share=0.3))["웃음"].counts == {CAPPED: 30}


WORDS = st.sampled_from(
    ["ㅋㅋ", "ㅇㅇ", "<링크>", NEWS, WISH, WISH + " 꼭", STORY, STORY + "!", "나는 집에 갈래", "."]
)
ROOMS = st.dictionaries(
    st.sampled_from(["방", "다른 방", "셋째 방"]),
    st.lists(st.tuples(st.sampled_from(["가", "나", "봇"]), WORDS), max_size=25).map(
        lambda said: turns(*said)
    ),
    max_size=3,
)


@given(ROOMS, st.sampled_from(["", "가", "봇"]), st.floats(0, 1))
def test_every_turn_is_learnt_or_has_one_reason(
    rooms: dict[str, list[Turn]], persona: str, share: float
) -> None:
    found = select_targets(
        rooms, FilterRules(bots=frozenset({"봇"}), low_signal_share=share), persona=persona
    )
    assert list(found) == list(rooms)
    for room, judgement in found.items():
        mine = [n for n, each in enumerate(rooms[room]) if persona in ("", each.sender)]
        assert judgement.candidates == len(mine) == judgement.targets + len(judgement.reasons)
        assert set(judgement.reasons) <= set(mine)
        assert set(judgement.reasons.values()) <= set(REASONS)
        assert sum(judgement.counts.values()) == len(judgement.reasons)
        assert judgement.counts == Counter(judgement.reasons.values())
        assert judgement.reasons.part(0, len(rooms[room])) == [
            judgement.reasons.get(place, "") for place in range(len(rooms[room]))
        ]


@given(ROOMS, st.floats(0, 1), st.randoms(use_true_random=False))
def test_the_order_of_rooms_does_not_matter(
    rooms: dict[str, list[Turn]], share: float, source: random.Random
) -> None:
    rules = FilterRules(low_signal_share=share)
    shuffled = {room: rooms[room] for room in source.sample(sorted(rooms), len(rooms))}
    first, second = select_targets(rooms, rules), select_targets(shuffled, rules)
    assert {room: dict(each.reasons) for room, each in first.items()} == {
        room: dict(each.reasons) for room, each in second.items()
    }


def test_the_reasons_are_counted_in_messages_too() -> None:
    said = [turn(0, "가", "<링크>", "<링크>"), turn(1, "가", "그래 가자"), turn(2, "나", "좋아")]
    row = Conversation(
        "1",
        "방",
        "가",
        (ChatMessage("assistant", "그래 가자", is_target=True),),
        ("a.txt:1",),
        ("", ""),
    )
    counts = count_non_targets(said, [row], persona="", reasons={"a.txt:0": LINKS})
    assert counts[LINKS] == 2
    assert sum(counts.values()) == 3


@given(st.integers(0, 60), st.integers(0, 40), st.floats(0, 1), st.randoms(use_true_random=False))
def test_in_which_order_reactions_come_does_not_matter(
    low: int, others: int, share: float, source: random.Random
) -> None:
    said = list(enumerate(room_of(low, others)))
    gone = set(source.sample(range(len(said)), len(said) // 5))
    one, other, without = BackchannelIndex(), BackchannelIndex(), BackchannelIndex()
    for number, each in said:
        one.add(number, "방", each)
        if number not in gone:
            without.add(number, "방", each)
    for number, each in source.sample(said, len(said)):
        other.add(number, "방", each)
    assert one.surplus(share) == other.surplus(share)
    for number in gone:
        one.discard(number)
    assert one.surplus(share) == without.surplus(share)
