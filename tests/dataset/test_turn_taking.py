"""How a room takes turns: what is counted of random sessions, and what follows from the counts."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kakaobot.base.selection import STARTER, location_of
from kakaobot.base.tokenizer import read_tokenizer_info
from kakaobot.dataset.pauses import PauseHistogram, exact_pause, spread_pause
from kakaobot.dataset.pipeline import Pipeline
from kakaobot.dataset.sessions import merge_turns, split_sessions
from kakaobot.dataset.turn_taking import TurnTaking, TurnTakingCounter, turn_kind
from kakaobot.exports.merge import RoomHistory
from kakaobot.schema import Message, Session
from kakaobot.settings import Settings

START = datetime(2026, 3, 1, 9)
HOUR = timedelta(hours=1)
WORDS = ("뭐해?", "ㅋㅋㅋ", "이따가 저녁 먹으러 나가려고", "응")

Script = list[tuple[str, str, int]]
"""Sender, text and seconds since the previous message."""
SCRIPTS = st.lists(
    st.tuples(
        st.sampled_from("가나다"),
        st.sampled_from(WORDS),
        st.sampled_from([0, 7, 60, 119, 600, 4000, 90_000]),
    ),
    min_size=1,
    max_size=80,
)


def messages_of(script: Script, *, whole_minutes: bool = False) -> list[Message]:
    at, messages = START, list[Message]()
    for number, (sender, text, seconds) in enumerate(script):
        at += timedelta(seconds=seconds)
        shown = at.replace(second=0) if whole_minutes else at
        messages.append(Message(shown, sender, text, "text", "방", "a.txt", number))
    return messages


def sessions_of(messages: list[Message]) -> list[Session]:
    turns = merge_turns(messages, merge_gap=timedelta(minutes=3))
    return list(split_sessions("방", turns, gap=HOUR))


def counted(sessions: list[Session], *, whole: bool = True) -> TurnTaking:
    counter = TurnTakingCounter()
    for session in sessions:
        counter.add(session, is_whole=whole)
    return counter.result()


def participants(turn_taking: TurnTaking) -> dict[str, dict[str, Any]]:
    counts: dict[str, dict[str, Any]] = json.loads(json.dumps(turn_taking.to_json()))[
        "participants"
    ]
    return counts


@given(SCRIPTS, st.booleans(), st.booleans())
@settings(deadline=None)
def test_every_turn_bubble_and_pause_is_counted_once(
    script: Script, whole_minutes: bool, whole: bool
) -> None:
    sessions = sessions_of(messages_of(script, whole_minutes=whole_minutes))
    counts = participants(counted(sessions, whole=whole))
    for name, own in counts.items():
        turns = [turn for session in sessions for turn in session.turns if turn.sender == name]
        assert own["turns"] == len(turns)
        assert own["bubbles"] == [
            sum(min(8, len(turn.lines)) == size for turn in turns) for size in range(1, 9)
        ]
        assert sum(own["gaps"]) == pytest.approx(sum(len(turn.lines) - 1 for turn in turns))
        assert own["openings"] == sum(session.turns[0].sender == name for session in sessions)
        ends = sum(session.turns[-1].sender == name for session in sessions)
        assert sum(row[3] for row in own["endings"]) == (ends if whole else 0)
        assert sum(row[2] for row in own["endings"]) == len(turns) - (0 if whole else ends)
    answers = sum(
        one.sender != other.sender
        for session in sessions
        for one, other in zip(session.turns, session.turns[1:], strict=False)
    )
    assert sum(sum(own["delays"]) for own in counts.values()) == pytest.approx(answers)
    assert sum(counted(sessions).shares.values()) == pytest.approx(1)


@given(SCRIPTS)
@settings(deadline=None)
def test_counts_survive_their_file(script: Script) -> None:
    turn_taking = counted(sessions_of(messages_of(script)))
    read = TurnTaking.from_json(json.loads(json.dumps(turn_taking.to_json())))
    assert read.to_json() == turn_taking.to_json()
    silence = turn_taking.silence("가", "뭐해?", 2)
    assert read.silence("가", "뭐해?", 2) == pytest.approx(silence)


@pytest.mark.parametrize(
    "data", [None, {}, [], {"format": 1}, {"format": 1, "participants": {"가": {"turns": "x"}}}]
)
def test_without_counts_everything_is_as_is_usual(data: object) -> None:
    turn_taking = TurnTaking.from_json(data)
    assert turn_taking.shares == {}
    assert 0 < turn_taking.silence("가", "뭐해?", 1) < 0.5
    assert 0 < turn_taking.gap("가", 0.5) < turn_taking.delay("가", 0.5) < 60
    assert turn_taking.absence(0.5) > 3600
    assert turn_taking.draw_opener(["가"], random.Random(1)) == "가"


@given(st.lists(st.floats(0, 4e6), min_size=1, max_size=60), st.floats(0, 1), st.floats(0, 1))
def test_a_quantile_of_pauses_is_a_third_off_at_most(
    seconds: list[float], one: float, other: float
) -> None:
    pauses = PauseHistogram()
    for value in seconds:
        pauses.add(exact_pause(value))
    low, high = sorted((one, other))
    assert pauses.quantile(low) <= pauses.quantile(high)
    assert pauses.total == len(seconds)
    median = sorted(seconds)[(len(seconds) - 1) // 2]
    assert median / 1.5 - 1 <= pauses.quantile(0.5) <= median * 1.5 + 1


@given(st.integers(0, 40), st.integers(1, 20), st.integers(1, 20))
def test_a_pause_between_whole_minutes_lies_where_it_can(
    minutes: int, before: int, after: int
) -> None:
    first = START
    second = first + timedelta(minutes=minutes)
    crowd = Counter({first: before, second: after})
    pauses = PauseHistogram()
    pauses.add(spread_pause(first, second, crowd))
    assert pauses.total == pytest.approx(1)
    # Bins are a third wider from one to the next.
    assert pauses.quantile(1) <= (minutes + 1) * 60 * 1.36
    assert pauses.quantile(0) >= (minutes - 1) * 60 / 1.36


def test_a_lively_minute_has_short_pauses() -> None:
    def median(size: int, second: datetime) -> float:
        pauses = PauseHistogram()
        pauses.add(spread_pause(START, second, Counter({START: size, second: size})))
        return pauses.quantile(0.5)

    # The median distance of neighbors among n random points is 60 * (1 - 0.5 ** (1 / n)) seconds.
    assert median(2, START) == pytest.approx(17.6, rel=0.2)
    assert median(6, START) == pytest.approx(6.5, rel=0.2)
    after = START + timedelta(minutes=1)
    assert median(6, after) < median(1, after) < 80


def test_a_time_with_seconds_is_taken_as_it_is() -> None:
    second = START + timedelta(seconds=61)
    pauses = PauseHistogram()
    pauses.add(spread_pause(START, second, Counter()))
    assert pauses.quantile(0) <= 61 <= pauses.quantile(1)


def test_participants_have_pauses_of_their_own() -> None:
    script = [("가", "응", 60), *[("가", "응", 2)] * 3, ("나", "응", 100), *[("나", "응", 50)] * 3]
    turn_taking = counted(sessions_of(messages_of(script * 20)))
    assert turn_taking.gap("가", 0.5) < 4
    assert turn_taking.gap("나", 0.5) > 35
    assert turn_taking.delay("나", 0.5) > turn_taking.delay("가", 0.5)
    assert turn_taking.gap("가", 0.5) < turn_taking.gap("모르는 사람", 0.5)
    assert turn_taking.bubbles("가") == 4


def test_silence_follows_what_was_said_by_whom_and_when() -> None:
    """A room that answers questions, and ends with the second or third turn."""
    script: Script = []
    for number in range(100):
        script.append(("가", "뭐해?", 4000))
        script.append(("나", "이따가 저녁 먹으러 나가려고", 60))
        if number % 4:
            script.append(("가", "그렇구나 알겠어 잘 다녀와", 60))
    turn_taking = counted(sessions_of(messages_of(script)))
    assert turn_taking.silence("가", "뭐해?", 1) < 0.05
    assert 0.15 < turn_taking.silence("나", "이따가 저녁 먹으러 나가려고", 2) < 0.35
    assert turn_taking.silence("가", "그렇구나 알겠어 잘 다녀와", 3) > 0.7
    assert turn_taking.draw_opener(["가", "나"], random.Random(1)) == "가"


@given(SCRIPTS)
@settings(deadline=None)
def test_silence_adds_up_to_the_ends_of_the_sessions(script: Script) -> None:
    sessions = sessions_of(messages_of(script * 20))
    turn_taking = counted(sessions)
    expected = sum(
        turn_taking.silence(turn.sender, turn.text, number)
        for session in sessions
        for number, turn in enumerate(session.turns, 1)
    )
    turns = sum(len(session.turns) for session in sessions)
    # What the priors are worth: some turns in each of the cells, and the upper bound.
    assert abs(expected - len(sessions)) < 25 + 0.1 * turns


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("오늘 올 거야?", "question"),
        ("몇시에 볼래ㅋㅋ", "question"),
        ("그 말이 맞아?\nㅋㅋㅋ", "question"),
        ("두 시에 어때요~", "question"),
        ("ㅇㅇ", "backchannel"),
        ("나는 지금 버스 탔어", "other"),
        ("", "backchannel"),
    ],
)
def test_kind_of_a_turn(text: str, kind: str) -> None:
    assert turn_kind(text) == kind


def test_only_training_sessions_are_counted() -> None:
    script: Script = [
        (sender, f"{word} {number}번째 이야기를 길게 해 보자", 4000 if sender == "가" else 70)
        for number in range(40)
        for sender, word in (("가", "오늘"), ("나", "내일"))
    ]
    messages = messages_of([*script, *[("다", "나는 새로 온 사람이야 반가워", 4000)] * 12])
    base = read_tokenizer_info(location_of(STARTER))
    pipeline = Pipeline(Settings(), base, tokenizer="starter")
    pipeline.add_history(RoomHistory("방", tuple(messages)))
    pipeline.split_targets()
    # A second reading must not count anything twice.
    for _ in range(2):
        rows = list(pipeline.rows("train"))
    counts = participants(pipeline.turn_taking())
    trained = {turn for row in rows for turn in row.turns}
    assert 0 < len(trained) < 92
    assert sum(own["turns"] for own in counts.values()) == len(trained)


def test_counts_do_not_grow_with_the_room() -> None:
    def size(days: int) -> int:
        draw = random.Random(1)
        script: Script = [
            (draw.choice("가나다"), draw.choice(WORDS), draw.choice([0, 5, 60, 400, 5000, 50_000]))
            for _ in range(days * 50)
        ]
        return len(json.dumps(counted(sessions_of(messages_of(script))).to_json()))

    # Numbers get longer, but there are not more of them.
    assert size(200) < 1.5 * size(20)
