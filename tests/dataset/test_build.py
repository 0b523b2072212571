from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kakaobot.dataset.build import conversations, split
from kakaobot.dataset.filters import (
    APART,
    DELETED,
    EXCLUDED,
    LONG,
    MEDIA,
    OTHERS,
    SHORT,
    keep,
    unlearnt,
)
from kakaobot.dataset.sessions import sessions_of, turns_of
from kakaobot.records import ChatMessage, Conversation, Kind, Message, Session, Turn

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
        conversations(
            Session("방", tuple(turns)),
            persona=persona,
            named=True,
            learnable=lambda turn: True,
            length=size,
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
        key for row in rows for key, said in zip(row.turns, row.messages, strict=True) if said.learn
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
        assert row.messages[-1].learn


def test_a_later_row_begins_with_context_that_is_not_learnt_again() -> None:
    turns = [turn(i, "가나"[i % 2], "말" * 8) for i in range(12)]
    rows = rows_of(turns, max_tokens=60, context_turns=2)
    assert len(rows) > 1
    for row in rows[1:]:
        assert [said.learn for said in row.messages[:3]] == [False, False, True]


def test_a_person_is_the_assistant_and_the_others_keep_their_names() -> None:
    [row] = rows_of(
        [turn(0, "나", "밥?"), turn(1, "가", "ㅇㅇ"), turn(2, "다", "나도")], persona="가"
    )
    assert row.messages == (
        ChatMessage("user", "밥?", "나"),
        ChatMessage("assistant", "ㅇㅇ", learn=True),
    )


def test_a_whole_room_learns_everybody_by_name() -> None:
    [row] = rows_of([turn(0, "나", "밥?"), turn(1, "가", "ㅇㅇ")])
    assert row.messages == (
        ChatMessage("assistant", "밥?", "나", learn=True),
        ChatMessage("assistant", "ㅇㅇ", "가", learn=True),
    )


@given(st.lists(st.integers(1, 5), min_size=1, max_size=12), st.floats(0.01, 0.5))
def test_the_newest_sessions_validate_and_none_is_on_both_sides(
    sizes: list[int], ratio: float
) -> None:
    sessions, number = [], 0
    for count in sizes:
        sessions.append(Session("방", tuple(turn(number + i, "가", "말") for i in range(count))))
        number += count
    train, val = split(sessions, ratio)
    assert [each for part in (*train, *val) for each in part.turns] == [
        each for part in sessions for each in part.turns
    ]
    assert train
    assert bool(val) is (number > 1)
    if len(sessions) > 1:
        assert [*train, *val] == sessions


def test_messages_in_a_row_are_one_turn_until_the_gap_or_another_speaker() -> None:
    turns = turns_of(
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
    turns = turns_of(
        [message(i, "가나"[i % 2], "말", minute) for i, minute in enumerate((0, 50, 111, 112))],
        merge_gap=timedelta(0),
    )
    sessions = sessions_of("방", turns, gap=timedelta(minutes=60))
    assert [len(each.turns) for each in sessions] == [2, 2]


def test_what_nobody_said_in_words_is_left_out_and_counted() -> None:
    removed = Counter[str]()
    said = keep(
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
    reasons = {each.id: SHORT for each in turns if len(each.text) < min_chars}
    rows = list(
        conversations(
            Session("방", tuple(turns)),
            persona=persona,
            named=False,
            learnable=lambda each: each.id not in reasons,
            length=size,
            max_tokens=60,
            context_turns=2,
        )
    )
    learnt = sum(said.learn for row in rows for said in row.messages)
    found = unlearnt(turns, rows, persona=persona, reasons=reasons)
    assert learnt + sum(found.values()) == len(turns)
    assert set(found) <= {LONG, SHORT, OTHERS, APART}
