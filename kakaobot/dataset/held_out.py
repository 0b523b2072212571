"""Replies of the validation split with the conversation before them, for the blind test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kakaobot.schema import ChatMessage, Conversation

MIN_CONTEXT = 2
"""Messages before the first reply; with fewer nobody could tell."""


@dataclass(frozen=True)
class HeldOutExchange:
    """What a participant really wrote next, once or several times."""

    context: tuple[ChatMessage, ...]
    """As in the row, for the model."""
    messages: tuple[ChatMessage, ...]
    """From the first reply to the last one, with what others wrote in between."""
    participant: str
    """Who wrote the replies; empty if names are not shown to the model."""

    def is_reply(self, message: ChatMessage) -> bool:
        """Whether one of `messages` is by the participant."""
        return message.role == "assistant" and message.name == self.participant

    @property
    def replies(self) -> tuple[str, ...]:
        return tuple(message.content for message in self.messages if self.is_reply(message))


def held_out_exchanges(rows: Iterable[Conversation], turns: int) -> Iterator[HeldOutExchange]:
    """Every stretch of a row with `turns` targets of one participant, which others answer.

    Stretches of one row do not overlap. Replies that are no targets, such as forwarded texts, end a
    stretch.
    """
    for row in rows:
        start = 0
        for index, message in enumerate(row.messages):
            if message.is_target and index >= max(start, MIN_CONTEXT):
                exchange = _exchange(row.messages, index, turns)
                if exchange:
                    yield exchange
                    start = index + len(exchange.messages)


def _exchange(messages: tuple[ChatMessage, ...], first: int, turns: int) -> HeldOutExchange | None:
    target, replies, previous = messages[first], 0, first - 1
    exchange = HeldOutExchange(messages[:first], (), target.name)
    for index in range(first, len(messages)):
        if not exchange.is_reply(messages[index]):
            continue
        # Two replies in a row would be one to the reader.
        if not messages[index].is_target or index == previous + 1 != first:
            return None
        replies, previous = replies + 1, index
        if replies == turns:
            return HeldOutExchange(messages[:first], messages[first : index + 1], target.name)
    return None
