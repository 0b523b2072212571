"""Filters of messages and of target candidates, including the backchannel cap."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakaobot.dataset.backchannels import BackchannelIndex, backchannel_form
from kakaobot.dataset.filters import (
    BOILERPLATE,
    BOT,
    CAPPED,
    DELETED,
    EXCLUDED,
    FORWARDED,
    LINKS,
    MEDIA,
    NOTICE,
    REASONS,
    REPEATED,
    TOO_SHORT,
    FilterRules,
    count_non_targets,
    filter_messages,
)
from kakaobot.dataset.privacy import mask
from kakaobot.dataset.target_selection import TargetSelection, select_targets
from kakaobot.schema import ChatMessage, Conversation, Kind, Message, Turn

START = datetime(2026, 3, 1, 12, 0)
STORY = "어제 저녁에 동생이랑 강가를 걷다가 길 잃은 강아지를 만나서 집까지 데려다주었다"
WISH = (
    "오늘 밤 열두 시에 하늘을 보면 별이 쏟아진다고 하니 사랑하는 사람과 함께 소원을 빌어 보고 "
    "이 글을 열 사람에게 보내면 좋은 일이 찾아온다고 합니다"
)
NEWS = "(서울=한빛뉴스) 김가람 기자 = 도시 철도 요금이 내년부터 오른다고 12일 밝혔다."
NO_CAP = FilterRules(low_signal_share=1.0)

Text = tuple[str, str]
"""Sender and text."""


def message(number: int, sender: str, text: str, kind: Kind = "text") -> Message:
    return Message(START, sender, text, kind, "방", "a.txt", number)


def turn(number: int, sender: str, *lines: str) -> Turn:
    at = START + timedelta(minutes=number)
    return Turn(f"a.txt:{number}", sender, lines, at, at)


def turns_of(*texts: Text) -> list[Turn]:
    return [turn(number, sender, text) for number, (sender, text) in enumerate(texts)]


def select(turns: list[Turn], rules: FilterRules = NO_CAP, persona: str = "") -> TargetSelection:
    return select_targets({"방": turns}, rules, persona=persona)["방"]


def reasons(*texts: Text, rules: FilterRules = NO_CAP, persona: str = "") -> list[str]:
    """Reason of each turn, empty for targets."""
    selected = select(turns_of(*texts), rules, persona).reasons
    return [selected.get(number, "") for number in range(len(texts))]


def test_messages_without_text_or_of_excluded_participants_are_dropped_and_counted() -> None:
    removed = Counter[str]()
    messages = filter_messages(
        [
            message(1, "가", "안녕"),
            message(2, "가", "사진", "media"),
            message(3, "", "나님이 나갔습니다.", "system"),
            message(4, "가", "삭제된 메시지입니다.", "deleted"),
            message(5, "봇", "공지"),
            message(6, "봇", "공지"),
        ],
        exclude=["봇"],
        removed=removed,
    )
    assert [message.text for message in messages] == ["안녕"]
    assert removed[EXCLUDED] == 2
    assert removed[MEDIA] == removed[DELETED] == 1


def test_bots_are_excluded_unless_they_are_the_persona() -> None:
    rules = FilterRules(bots=frozenset({"날씨봇"}), low_signal_share=1)
    texts = ("날씨봇", "내일은 맑아요"), ("가", "고마워 봇아")
    assert reasons(*texts, rules=rules) == [BOT, ""]
    assert reasons(*texts, rules=rules, persona="날씨봇") == ["", ""]


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
def test_turns_of_only_links_are_excluded(text: str) -> None:
    assert reasons(("가", text)) == [LINKS]


@pytest.mark.parametrize("text", [
    "불법촬영물 등 식별 및 게재제한 조치 안내",
    "응\n운영정책을 위반한 메시지로 신고 접수 시 카카오톡 이용에 제한이 있을 수 있습니다.",
])  # fmt: skip
def test_a_notice_that_passed_for_words_is_no_target(text: str) -> None:
    assert reasons(("마루", text)) == [NOTICE]
    assert reasons(("마루", f"{text} 라고 떴어")) == [""]


@pytest.mark.parametrize("text", ["이거 봐 <링크>", "<링크> ㅋㅋ", "링크", "<전화번호>", "https"])
def test_links_with_words_are_targets(text: str) -> None:
    assert reasons(("가", text)) == [""]


def test_boilerplate_is_excluded_despite_a_short_comment() -> None:
    turns = [turn(0, "가", "이거 봤어?", NEWS), turn(1, "가", "이거 봤어? " * 20, NEWS)]
    assert dict(select(turns).reasons) == {0: BOILERPLATE}


def test_every_copy_of_a_forwarded_text_is_excluded() -> None:
    assert reasons(("가", WISH), ("나", WISH + "!"), ("가", "고마워")) == [FORWARDED, FORWARDED, ""]
    assert reasons(("가", WISH), ("가", WISH), ("가", WISH)) == [FORWARDED] * 3
    rooms = {"방": [turn(0, "가", WISH)], "다른 방": [turn(0, "가", WISH)]}
    selections = select_targets(rooms, NO_CAP).values()
    assert [selection.counts for selection in selections] == [{FORWARDED: 1}] * 2


def test_copies_of_other_participants_count_for_a_persona() -> None:
    assert reasons(("가", WISH), ("나", WISH), persona="가") == [FORWARDED, ""]


def test_first_of_two_repeated_long_replies_is_a_target() -> None:
    assert reasons(("가", STORY), ("가", "응?"), ("가", STORY + "ㅋㅋ")) == ["", "", REPEATED]


def test_medium_length_text_of_two_senders_is_not_forwarded() -> None:
    sentence = STORY[:32]
    texts = ("가", sentence), ("나", sentence), ("나", sentence)
    assert reasons(*texts) == ["", "", REPEATED]


def test_short_replies_may_repeat() -> None:
    assert reasons(*[("가", "나 지금 밥 먹는 중")] * 9) == [""] * 9


def test_turns_below_min_chars_are_excluded() -> None:
    rules = FilterRules(min_chars=2, low_signal_share=1)
    assert reasons(("가", "ㅋ"), ("가", "ㅋㅋ"), rules=rules) == [TOO_SHORT, ""]


def test_the_first_matching_reason_is_recorded() -> None:
    rules = FilterRules(bots=frozenset({"봇"}), min_chars=2, low_signal_share=0)
    texts = ("봇", "."), ("봇", "<링크>"), ("가", "<링크>"), ("가", NEWS * 2), ("나", NEWS * 2)
    assert reasons(*texts, rules=rules) == [TOO_SHORT, BOT, LINKS, BOILERPLATE, BOILERPLATE]


@pytest.mark.parametrize("rule", ["links", "boilerplate", "forwarded", "repeated"])
def test_each_filter_can_be_disabled(rule: str) -> None:
    texts = ("가", "<링크>"), ("가", NEWS), ("가", WISH), ("나", WISH), ("가", STORY), ("가", STORY)
    reason_of = {
        "links": LINKS,
        "boilerplate": BOILERPLATE,
        "forwarded": FORWARDED,
        "repeated": REPEATED,
    }
    assert set(reasons(*texts)) == {"", *reason_of.values()}
    rules = FilterRules(low_signal_share=1, **{rule: False})  # type: ignore[arg-type]
    assert set(reasons(*texts, rules=rules)) == {"", *reason_of.values()} - {reason_of[rule]}


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
def test_backchannel_form_normalizes(text: str, form: str) -> None:
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
def test_text_with_content_is_not_a_backchannel(text: str) -> None:
    assert backchannel_form(text) is None


def make_room(backchannels: int, others: int, seed: int = 1) -> list[Turn]:
    rng = random.Random(seed)
    texts = [
        (rng.choice("가나"), rng.choice(["ㅋㅋ", "ㅋㅋ", "ㅇㅇ", "헐"]))
        for _ in range(backchannels)
    ]
    texts += [(rng.choice("가나"), f"오늘은 {number}번 버스를 탔어") for number in range(others)]
    rng.shuffle(texts)
    return turns_of(*texts)


@given(st.integers(0, 120), st.integers(0, 60), st.floats(0, 1), st.integers(0, 9))
def test_cap_removes_only_backchannels_down_to_their_share(
    backchannels: int, others: int, share: float, seed: int
) -> None:
    turns = make_room(backchannels, others, seed)
    selection = select(turns, FilterRules(low_signal_share=share))
    removed = selection.reasons
    is_backchannel = [backchannel_form(turn.text) is not None for turn in turns]
    assert all(is_backchannel[n] and reason == CAPPED for n, reason in removed.items())
    remaining = sum(flag for n, flag in enumerate(is_backchannel) if n not in removed)
    assert remaining <= share * (others + remaining) + 1 or not removed
    if removed:
        assert remaining + 1 > share / (1 - share) * others * 0.98 - 1
    assert selection.targets == others + remaining


def test_cap_keeps_the_mix_of_forms_senders_and_months() -> None:
    turns = make_room(2000, 500)
    removed = select(turns, FilterRules(low_signal_share=0.3)).reasons
    positions = [n for n, turn in enumerate(turns) if backchannel_form(turn.text) is not None]
    backchannels = [turns[n] for n in positions]
    remaining = [turns[n] for n in positions if n not in removed]
    assert len(remaining) == 214
    keys: tuple[Callable[[Turn], object], ...] = (
        lambda turn: turn.text,
        lambda turn: (turn.text, turn.sender),
        lambda turn: (turn.text, turn.start > START + timedelta(minutes=1250)),
    )
    for key in keys:
        before, after = Counter(map(key, backchannels)), Counter(map(key, remaining))
        for value, count in before.items():
            assert abs(after[value] - count * len(remaining) / len(backchannels)) <= 2


def test_cap_at_the_extremes() -> None:
    turns = make_room(50, 0)
    for share in (1, 0.99999):
        assert select(turns, FilterRules(low_signal_share=share)).counts == {}
    assert select(turns, FilterRules(low_signal_share=0.3)).counts == {CAPPED: 50}
    assert select(make_room(9, 9), FilterRules(low_signal_share=0)).counts == {CAPPED: 9}


def test_cap_counts_all_rooms_together_and_a_persona_alone() -> None:
    chatty = turns_of(*[("가", f"이번에는 {n}번째 이야기를 해 줄게") for n in range(70)])
    laughing = turns_of(*[("가", "ㅋㅋ")] * 30, *[("나", "ㅋㅋ")] * 30)
    rooms = {"말": chatty, "웃음": laughing}
    rules = FilterRules(low_signal_share=0.3)
    assert select_targets(rooms, rules, persona="가")["웃음"].counts == {}
    assert select_targets(rooms, rules)["웃음"].counts == {CAPPED: 30}


TEXTS = st.sampled_from(
    ["ㅋㅋ", "ㅇㅇ", "<링크>", NEWS, WISH, WISH + " 꼭", STORY, STORY + "!", "나는 집에 갈래", "."]
)
ROOMS = st.dictionaries(
    st.sampled_from(["방", "다른 방", "셋째 방"]),
    st.lists(st.tuples(st.sampled_from(["가", "나", "봇"]), TEXTS), max_size=25).map(
        lambda texts: turns_of(*texts)
    ),
    max_size=3,
)


@given(ROOMS, st.sampled_from(["", "가", "봇"]), st.floats(0, 1))
def test_each_candidate_is_a_target_or_has_one_reason(
    rooms: dict[str, list[Turn]], persona: str, share: float
) -> None:
    rules = FilterRules(bots=frozenset({"봇"}), low_signal_share=share)
    selections = select_targets(rooms, rules, persona=persona)
    assert list(selections) == list(rooms)
    for room, selection in selections.items():
        candidates = [n for n, turn in enumerate(rooms[room]) if persona in ("", turn.sender)]
        removed = selection.reasons
        assert selection.candidates == len(candidates) == selection.targets + len(removed)
        assert set(removed) <= set(candidates)
        assert set(removed.values()) <= set(REASONS)
        assert sum(selection.counts.values()) == len(removed)
        assert selection.counts == Counter(removed.values())
        positions = range(len(rooms[room]))
        assert removed.part(0, len(rooms[room])) == [removed.get(n, "") for n in positions]


@given(ROOMS, st.floats(0, 1), st.randoms(use_true_random=False))
def test_selection_is_independent_of_the_room_order(
    rooms: dict[str, list[Turn]], share: float, rng: random.Random
) -> None:
    rules = FilterRules(low_signal_share=share)
    shuffled = {room: rooms[room] for room in rng.sample(sorted(rooms), len(rooms))}
    first, second = select_targets(rooms, rules), select_targets(shuffled, rules)
    assert {room: dict(selection.reasons) for room, selection in first.items()} == {
        room: dict(selection.reasons) for room, selection in second.items()
    }


def test_non_targets_are_counted_in_messages() -> None:
    turns = [turn(0, "가", "<링크>", "<링크>"), turn(1, "가", "그래 가자"), turn(2, "나", "좋아")]
    row = Conversation(
        "1",
        "방",
        "가",
        (ChatMessage("assistant", "그래 가자", is_target=True),),
        ("a.txt:1",),
        ("", ""),
    )
    counts = count_non_targets(turns, [row], persona="", reasons={"a.txt:0": LINKS})
    assert counts[LINKS] == 2
    assert sum(counts.values()) == 3


@given(st.integers(0, 60), st.integers(0, 40), st.floats(0, 1), st.randoms(use_true_random=False))
def test_backchannel_index_is_independent_of_the_order(
    backchannels: int, others: int, share: float, rng: random.Random
) -> None:
    turns = list(enumerate(make_room(backchannels, others)))
    discarded = set(rng.sample(range(len(turns)), len(turns) // 5))
    index, shuffled, without = BackchannelIndex(), BackchannelIndex(), BackchannelIndex()
    for number, turn in turns:
        index.add(number, "방", turn)
        if number not in discarded:
            without.add(number, "방", turn)
    for number, turn in rng.sample(turns, len(turns)):
        shuffled.add(number, "방", turn)
    assert index.surplus(share) == shuffled.surplus(share)
    for number in discarded:
        index.discard(number)
    assert index.surplus(share) == without.surplus(share)
