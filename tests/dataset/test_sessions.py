from __future__ import annotations

import sys
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from kakaobot.dataset.sessions import Sessions, merge_turns, split_sessions
from kakaobot.schema import Message, Session, Turn

START = datetime(2026, 3, 1, 12, 0)


def message(number: int, sender: str, text: str, minute: float) -> Message:
    at = START + timedelta(minutes=minute)
    return Message(at, sender, text, "text", "방", "a.txt", number)


def turn(number: int, sender: str, text: str) -> Turn:
    at = START + timedelta(minutes=number)
    return Turn(f"a.txt:{number}", sender, (text,), at, at)


def make_sessions(sizes: list[int]) -> list[Session]:
    sessions, number = [], 0
    for size in sizes:
        turns = [turn(number + n, "가나다"[(number + n) % 3], "말" * n) for n in range(size)]
        sessions.append(Session("방", tuple(turns)))
        number += size
    return sessions


@given(st.lists(st.integers(1, 2500), min_size=1, max_size=9))
@settings(max_examples=20, deadline=None)
def test_spilled_sessions_read_back_repeatedly(sizes: list[int]) -> None:
    given_sessions = make_sessions(sizes)
    sessions = Sessions("방")
    for session in given_sessions:
        sessions.add(session)
    turns = [turn for session in given_sessions for turn in session.turns]
    for _ in range(2):
        assert list(sessions) == given_sessions
        assert list(sessions.turns) == turns
    assert len(sessions) == len(given_sessions)
    assert len(sessions.turns) == len(turns)
    bounds = list(map(sessions.bounds, range(len(sizes))))
    assert [end - begin for begin, end in bounds] == sizes
    for sender in ("나", "", "아무도"):
        is_theirs = [sender in ("", turn.sender) for turn in turns]
        assert list(map(sessions.sent_by(sender), range(len(turns)))) == is_theirs
    for number, (begin, end) in enumerate(bounds):
        assert list(sessions.between(number, number + 2)) == given_sessions[number : number + 2]
        for position in (begin, end - 1):
            assert sessions.first_ending_after(position) == number
    assert sessions.first_ending_after(sys.maxsize) == len(sizes)


def test_consecutive_messages_merge_until_the_gap_or_another_sender() -> None:
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
    assert [(turn.sender, turn.text) for turn in turns] == [
        ("가", "야\n뭐 해"),
        ("나", "밥"),
        ("가", "ㅋㅋ"),
        ("가", "나중에"),
    ]


def test_long_silence_starts_a_session() -> None:
    turns = merge_turns(
        [message(n, "가나"[n % 2], "말", minute) for n, minute in enumerate((0, 50, 111, 112))],
        merge_gap=timedelta(0),
    )
    sessions = split_sessions("방", turns, gap=timedelta(minutes=60))
    assert [len(session.turns) for session in sessions] == [2, 2]
