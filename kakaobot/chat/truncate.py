"""Truncates a conversation to the model's context."""

from __future__ import annotations

from collections.abc import Sequence

from kakaobot.schema import ChatMessage

_KEPT = 0.75
"""Share of a limit that is left once it is exceeded. Cut to the limit itself, a long conversation
would begin elsewhere at every turn, and would be read anew each time."""


def truncate(
    messages: Sequence[ChatMessage],
    lengths: Sequence[int],
    *,
    max_turns: int,
    max_tokens: int,
) -> list[ChatMessage]:
    """The last messages that fit, always with the newest one.

    The first of them stays the same for several turns: it depends on the whole conversation from
    its beginning, not on the end alone.

    Args:
        lengths: tokens of each message.
    """
    start = total = 0
    for end, length in enumerate(lengths, start=1):
        total += length
        if end - start <= max_turns and total <= max_tokens:
            continue
        while start < end - 1 and (
            end - start > max(1, max_turns * _KEPT) or total > max_tokens * _KEPT
        ):
            total -= lengths[start]
            start += 1
    return list(messages[start:])
