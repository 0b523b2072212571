from __future__ import annotations

import random

import pytest

from kakaobot.chat.truncate import truncate
from kakaobot.schema import ChatMessage

UNLIMITED = 10**9


def conversation(lengths: list[int]) -> list[ChatMessage]:
    return [ChatMessage("user", f"{number}") for number in range(len(lengths))]


def kept(lengths: list[int], *, max_turns: int = UNLIMITED, max_tokens: int = UNLIMITED) -> int:
    """Number of messages; they are the last ones."""
    messages = conversation(lengths)
    rest = truncate(messages, lengths, max_turns=max_turns, max_tokens=max_tokens)
    assert rest == messages[len(messages) - len(rest) :]
    return len(rest)


@pytest.mark.parametrize(
    ("lengths", "max_turns", "max_tokens", "count"),
    [
        ([5] * 4, 4, 20, 4),
        ([5] * 5, 4, UNLIMITED, 3),
        ([5] * 5, UNLIMITED, 20, 3),
        ([5, 5, 90], UNLIMITED, 20, 1),
        ([90, 5, 5], UNLIMITED, 20, 2),
        ([5, 5], 1, UNLIMITED, 1),
        ([5], 1, 1, 1),
        ([], 1, 1, 0),
    ],
)
def test_the_newest_messages_that_fit_are_kept(
    lengths: list[int], max_turns: int, max_tokens: int, count: int
) -> None:
    assert kept(lengths, max_turns=max_turns, max_tokens=max_tokens) == count


def test_the_limits_hold_and_most_of_them_is_used() -> None:
    rng = random.Random(7)
    for _ in range(50):
        lengths = [rng.randint(1, 30) for _ in range(rng.randint(1, 120))]
        count = kept(lengths, max_turns=20, max_tokens=200)
        assert count <= 20
        assert count == 1 or sum(lengths[-count:]) <= 200
        full = count == len(lengths) or count >= 14 or sum(lengths[-count:]) > 200 * 0.75 - 30
        assert full, (lengths, count)


def test_a_growing_conversation_keeps_its_beginning_for_several_turns() -> None:
    starts = {
        limit: [size - kept([10] * size, **{limit: value}) for size in range(1, 201)]
        for limit, value in (("max_turns", 40), ("max_tokens", 400))
    }
    for moving in starts.values():
        assert moving == sorted(moving)
        # Between 40 and 200 messages, the beginning moves once in eleven.
        assert len(set(moving)) <= 1 + 160 // 10
