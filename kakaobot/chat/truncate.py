"""Trims a conversation to what the model can read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kakaobot.schema import ChatMessage


def truncate(
    messages: Sequence[ChatMessage],
    *,
    max_turns: int,
    max_tokens: int,
    length: Callable[[ChatMessage], int],
) -> list[ChatMessage]:
    """The last turns that fit, at most `max_turns`; the very last is kept in any case."""
    kept: list[ChatMessage] = []
    total = 0
    for message in reversed(messages[-max_turns:]):
        total += length(message)
        if kept and total > max_tokens:
            break
        kept.insert(0, message)
    return kept
