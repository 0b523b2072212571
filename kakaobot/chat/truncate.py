"""Truncates a conversation to the model's context."""

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
    """The last messages that fit, at most `max_turns`, but always the newest one.

    Args:
        length: tokens of one message.
    """
    newest_first: list[ChatMessage] = []
    total = 0
    for message in reversed(messages[-max_turns:]):
        total += length(message)
        if newest_first and total > max_tokens:
            break
        newest_first.append(message)
    return newest_first[::-1]
