from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kakaobot.dataset.filters import (
    OTHER_PARTICIPANT,
    TOO_LONG,
    TOO_SHORT,
    UNREACHED,
    count_non_targets,
)
from kakaobot.dataset.packing import pack, to_chat_message
from kakaobot.schema import ChatMessage, Conversation, Session, Turn

START = datetime(2026, 3, 1, 12, 0)
MAX_TOKENS = 60


def turn(number: int, sender: str, text: str) -> Turn:
    at = START + timedelta(minutes=number)
    return Turn(f"a.txt:{number}", sender, (text,), at, at)


def token_count(message: ChatMessage) -> int:
    return len(message.content) + len(message.name) + 3


def rows_of(
    turns: list[Turn],
    *,
    persona: str = "",
    max_tokens: int = MAX_TOKENS,
    context_turns: int = 2,
) -> list[Conversation]:
    return list(
        pack(
            Session("방", tuple(turns)),
            persona=persona,
            show_names=True,
            is_target=lambda turn: True,
            token_count=token_count,
            max_tokens=max_tokens,
            context_turns=context_turns,
        )
    )


TURNS = st.lists(
    st.tuples(st.sampled_from("가나다"), st.integers(1, 70)), min_size=1, max_size=40
).map(lambda drawn: [turn(n, sender, "말" * size) for n, (sender, size) in enumerate(drawn)])


@given(TURNS, st.sampled_from(["", "가"]), st.integers(0, 6), st.integers(20, 90))
def test_each_turn_that_fits_is_a_target_exactly_once(
    turns: list[Turn], persona: str, context_turns: int, max_tokens: int
) -> None:
    rows = rows_of(turns, persona=persona, max_tokens=max_tokens, context_turns=context_turns)
    targets = Counter(
        turn_id
        for row in rows
        for turn_id, message in zip(row.turns, row.messages, strict=True)
        if message.is_target
    )
    expected = {
        turn.id
        for turn in turns
        if persona in ("", turn.sender)
        and token_count(ChatMessage("user", turn.text, "" if persona else turn.sender))
        <= max_tokens
    }
    assert targets == dict.fromkeys(expected, 1)


@given(TURNS, st.sampled_from(["", "가"]), st.integers(0, 6))
def test_rows_are_contiguous_fit_and_end_with_a_target(
    turns: list[Turn], persona: str, context_turns: int
) -> None:
    position_of = {turn.id: n for n, turn in enumerate(turns)}
    for row in rows_of(turns, persona=persona, context_turns=context_turns):
        positions = [position_of[turn_id] for turn_id in row.turns]
        assert positions == list(range(positions[0], positions[0] + len(positions)))
        assert sum(map(token_count, row.messages)) <= MAX_TOKENS
        assert row.messages[-1].is_target
        # Context is shorter than requested only at the start or if it would fill half of the row.
        first = next(n for n, message in enumerate(row.messages) if message.is_target)
        if first < min(context_turns, positions[0] + first):
            previous = to_chat_message(turns[positions[0] - 1], persona=persona, show_names=True)
            context = sum(map(token_count, row.messages[:first])) + token_count(previous)
            target = token_count(row.messages[first])
            assert context > MAX_TOKENS // 2 or context + target > MAX_TOKENS


def test_later_rows_start_with_context_that_is_not_a_target_again() -> None:
    turns = [turn(n, "가나"[n % 2], "말" * 8) for n in range(12)]
    rows = rows_of(turns, context_turns=2)
    assert len(rows) > 1
    for row in rows[1:]:
        assert [message.is_target for message in row.messages[:3]] == [False, False, True]


def test_persona_is_assistant_and_others_keep_their_names() -> None:
    [row] = rows_of(
        [turn(0, "나", "밥?"), turn(1, "가", "ㅇㅇ"), turn(2, "다", "나도")], persona="가"
    )
    assert row.messages == (
        ChatMessage("user", "밥?", "나"),
        ChatMessage("assistant", "ㅇㅇ", is_target=True),
    )


def test_whole_room_trains_every_participant_by_name() -> None:
    [row] = rows_of([turn(0, "나", "밥?"), turn(1, "가", "ㅇㅇ")])
    assert row.messages == (
        ChatMessage("assistant", "밥?", "나", is_target=True),
        ChatMessage("assistant", "ㅇㅇ", "가", is_target=True),
    )


@given(TURNS, st.sampled_from(["", "가"]), st.integers(1, 5))
def test_each_message_is_a_target_or_has_a_reason(
    turns: list[Turn], persona: str, min_chars: int
) -> None:
    reasons = {turn.id: TOO_SHORT for turn in turns if len(turn.text) < min_chars}
    rows = list(
        pack(
            Session("방", tuple(turns)),
            persona=persona,
            show_names=False,
            is_target=lambda turn: turn.id not in reasons,
            token_count=token_count,
            max_tokens=MAX_TOKENS,
            context_turns=2,
        )
    )
    targets = sum(message.is_target for row in rows for message in row.messages)
    counts = count_non_targets(turns, rows, persona=persona, reasons=reasons)
    assert targets + sum(counts.values()) == len(turns)
    assert set(counts) <= {TOO_LONG, TOO_SHORT, OTHER_PARTICIPANT, UNREACHED}
