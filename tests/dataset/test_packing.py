from __future__ import annotations

import sys
from collections import Counter
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from kakaobot.dataset.filters import (
    DELETED,
    EXCLUDED,
    MEDIA,
    OTHER_PARTICIPANT,
    TOO_LONG,
    TOO_SHORT,
    UNREACHED,
    count_non_targets,
    filter_messages,
)
from kakaobot.dataset.packing import pack, to_chat_message
from kakaobot.dataset.sessions import Sessions, merge_turns, split_sessions
from kakaobot.dataset.split import session_cut, turn_cut
from kakaobot.schema import ChatMessage, Conversation, Kind, Message, Session, Turn

START = datetime(2026, 3, 1, 12, 0)


def message(number: int, sender: str, text: str, minute: float, kind: Kind = "text") -> Message:
    at = START + timedelta(minutes=minute)
    return Message(at, sender, text, kind, "방", "a.txt", number)


def turn(number: int, sender: str, text: str) -> Turn:
    at = START + timedelta(minutes=number)
    return Turn(f"a.txt:{number}", sender, (text,), at, at)


def size(message: ChatMessage) -> int:
    return len(message.content) + len(message.name) + 3


def rows_of(
    turns: list[Turn], *, persona: str = "", max_tokens: int = 60, context_turns: int = 2
) -> list[Conversation]:
    return list(
        pack(
            Session("방", tuple(turns)),
            persona=persona,
            show_names=True,
            is_target=lambda turn: True,
            token_count=size,
            max_tokens=max_tokens,
            context_turns=context_turns,
        )
    )


TURNS = st.lists(
    st.tuples(st.sampled_from("가나다"), st.integers(1, 70)), min_size=1, max_size=40
).map(lambda raw: [turn(i, who, "말" * size) for i, (who, size) in enumerate(raw)])


@given(TURNS, st.sampled_from(["", "가"]), st.integers(0, 6), st.integers(20, 90))
def test_every_learnable_turn_is_a_target_exactly_once(
    turns: list[Turn], persona: str, context_turns: int, max_tokens: int
) -> None:
    rows = rows_of(turns, persona=persona, max_tokens=max_tokens, context_turns=context_turns)
    learnt = Counter(
        key
        for row in rows
        for key, said in zip(row.turns, row.messages, strict=True)
        if said.is_target
    )
    expected = {
        each.id
        for each in turns
        if persona in ("", each.sender)
        and size(ChatMessage("user", each.text, "" if persona else each.sender)) <= max_tokens
    }
    assert learnt == dict.fromkeys(expected, 1)


@given(TURNS, st.sampled_from(["", "가"]), st.integers(0, 6))
def test_rows_are_runs_of_the_session_that_fit_and_end_with_a_target(
    turns: list[Turn], persona: str, context_turns: int
) -> None:
    order = {each.id: i for i, each in enumerate(turns)}
    for row in rows_of(turns, persona=persona, context_turns=context_turns):
        places = [order[key] for key in row.turns]
        assert places == list(range(places[0], places[0] + len(places)))
        assert sum(size(said) for said in row.messages) <= 60
        assert row.messages[-1].is_target
        # As much in front of the first target as is wanted, there, and no more than half a row.
        first = next(i for i, said in enumerate(row.messages) if said.is_target)
        if first < min(context_turns, places[0] + first):
            before = to_chat_message(turns[places[0] - 1], persona=persona, show_names=True)
            context = sum(size(said) for said in row.messages[:first]) + size(before)
            target = size(row.messages[first])
            assert context > 30 or context + target > 60


def test_a_later_row_begins_with_context_that_is_not_learnt_again() -> None:
    turns = [turn(i, "가나"[i % 2], "말" * 8) for i in range(12)]
    rows = rows_of(turns, max_tokens=60, context_turns=2)
    assert len(rows) > 1
    for row in rows[1:]:
        assert [said.is_target for said in row.messages[:3]] == [False, False, True]


def test_a_person_is_the_assistant_and_the_others_keep_their_names() -> None:
    [row] = rows_of(
        [turn(0, "나", "밥?"), turn(1, "가", "ㅇㅇ"), turn(2, "다", "나도")], persona="가"
    )
    assert row.messages == (
        ChatMessage("user", "밥?", "나"),
        ChatMessage("assistant", "ㅇㅇ", is_target=True),
    )


def test_a_whole_room_learns_everybody_by_name() -> None:
    [row] = rows_of([turn(0, "나", "밥?"), turn(1, "가", "ㅇㅇ")])
    assert row.messages == (
        ChatMessage("assistant", "밥?", "나", is_target=True),
        ChatMessage("assistant", "ㅇㅇ", "가", is_target=True),
    )


@given(st.lists(st.integers(1, 5), min_size=2, max_size=12), st.floats(0.01, 0.5))
def test_the_newest_sessions_validate_and_both_sides_get_some(
    targets: list[int], ratio: float
) -> None:
    cut = session_cut(targets, ratio)
    assert 1 <= cut < len(targets)
    wanted = max(1, round(sum(targets) * ratio))
    assert sum(targets[cut:]) >= wanted or cut == 1
    assert sum(targets[cut + 1 :]) < wanted


@given(st.sets(st.integers(0, 50), min_size=1), st.floats(0.01, 0.5))
def test_of_the_only_session_the_newest_turns_validate(places: set[int], ratio: float) -> None:
    targets = sorted(places)
    cut = turn_cut(targets, ratio)
    validating = [place for place in targets if place >= cut]
    if len(targets) == 1:
        assert validating == []
    else:
        assert 0 < len(validating) < len(targets)
        assert len(validating) == max(1, round(len(targets) * ratio))


def random_sessions(sizes: list[int]) -> list[Session]:
    found, number = [], 0
    for size in sizes:
        said = [turn(number + i, "가나다"[(number + i) % 3], "말" * i) for i in range(size)]
        found.append(Session("방", tuple(said)))
        number += size
    return found


@given(st.lists(st.integers(1, 2500), min_size=1, max_size=9))
@settings(max_examples=20, deadline=None)
def test_many_sessions_are_read_as_they_were_and_more_than_once(sizes: list[int]) -> None:
    given = random_sessions(sizes)
    sessions = Sessions("방")
    for each in given:
        sessions.add(each)
    said = [turn for each in given for turn in each.turns]
    for _ in range(2):
        assert list(sessions) == given
        assert list(sessions.turns) == said
    assert len(sessions) == len(given)
    assert len(sessions.turns) == len(said)
    ends = list(map(sessions.bounds, range(len(sizes))))
    assert [end - begin for begin, end in ends] == sizes
    for who in ("나", "", "아무도"):
        own = [who in ("", each.sender) for each in said]
        assert list(map(sessions.sent_by(who), range(len(said)))) == own
    for number, (begin, end) in enumerate(ends):
        assert list(sessions.between(number, number + 2)) == given[number : number + 2]
        assert sessions.first_ending_after(begin) == sessions.first_ending_after(end - 1) == number
    assert sessions.first_ending_after(sys.maxsize) == len(sizes)


def test_messages_in_a_row_are_one_turn_until_the_gap_or_another_speaker() -> None:
    turns = merge_turns(
        [
            message(1, "가", "야", 0),
            message(2, "가", "뭐 해", 1),
            message(3, "나", "밥", 1.5),
            message(4, "가", "ㅋㅋ", 2),
            message(5, "가", "나중에", 9),
        ],
        merge_gap=timedelta(minutes=3),
    )
    assert [(each.sender, each.text) for each in turns] == [
        ("가", "야\n뭐 해"),
        ("나", "밥"),
        ("가", "ㅋㅋ"),
        ("가", "나중에"),
    ]


def test_a_long_silence_begins_a_session() -> None:
    turns = merge_turns(
        [message(i, "가나"[i % 2], "말", minute) for i, minute in enumerate((0, 50, 111, 112))],
        merge_gap=timedelta(0),
    )
    sessions = split_sessions("방", turns, gap=timedelta(minutes=60))
    assert [len(each.turns) for each in sessions] == [2, 2]


def test_what_nobody_said_in_words_is_left_out_and_counted() -> None:
    removed = Counter[str]()
    said = filter_messages(
        [
            message(1, "가", "안녕", 0),
            message(2, "가", "사진", 0, "media"),
            message(3, "", "나님이 나갔습니다.", 0, "system"),
            message(4, "가", "삭제된 메시지입니다.", 0, "deleted"),
            message(5, "봇", "공지", 0),
            message(6, "봇", "공지", 0),
        ],
        exclude=["봇"],
        removed=removed,
    )
    assert [each.text for each in said] == ["안녕"]
    assert removed[EXCLUDED] == 2
    assert removed[MEDIA] == removed[DELETED] == 1


@given(TURNS, st.sampled_from(["", "가"]), st.integers(1, 5))
def test_every_message_is_learnt_or_has_a_reason(
    turns: list[Turn], persona: str, min_chars: int
) -> None:
    reasons = {each.id: TOO_SHORT for each in turns if len(each.text) < min_chars}
    rows = list(
        pack(
            Session("방", tuple(turns)),
            persona=persona,
            show_names=False,
            is_target=lambda each: each.id not in reasons,
            token_count=size,
            max_tokens=60,
            context_turns=2,
        )
    )
    learnt = sum(said.is_target for row in rows for said in row.messages)
    found = count_non_targets(turns, rows, persona=persona, reasons=reasons)
    assert learnt + sum(found.values()) == len(turns)
    assert set(found) <= {TOO_LONG, TOO_SHORT, OTHER_PARTICIPANT, UNREACHED}
