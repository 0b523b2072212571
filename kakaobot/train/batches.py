"""Conversations → token ids, labels and padded batches. Plain lists; knows no torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kakaobot.prompt import Renderer
from kakaobot.records import ChatMessage, Conversation

IGNORED = -100
"""The label of a token that is not learnt (PyTorch's `ignore_index`)."""


@dataclass(frozen=True)
class Row:
    """One conversation; both tuples have the same length, at most `max_tokens`."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]
    """The id itself where it is learnt, `IGNORED` elsewhere."""


@dataclass(frozen=True)
class Encoded:
    rows: tuple[Row, ...]
    lost: int
    """Replies that did not fit a row; data cut for another tokenizer or length can lose some."""


@dataclass(frozen=True)
class Batch:
    """Equal-length lists of ids, labels and mask, padded on the right."""

    input_ids: list[list[int]]
    labels: list[list[int]]
    attention_mask: list[list[int]]


def encode(rows: Iterable[Conversation], renderer: Renderer, max_tokens: int) -> Encoded:
    """Ids and labels of each conversation.

    An over-long one loses whole messages from the front, so that what is left still ends with its
    last reply. One without a reply left is dropped.
    """
    out, lost = [], 0
    for row in rows:
        kept = fitting(row.messages, renderer, max_tokens)
        lost += _replies(row.messages) - _replies(kept)
        if _replies(kept):
            encoded = renderer.encode(kept)
            labels = tuple(
                token if learnt else IGNORED
                for token, learnt in zip(encoded.ids, encoded.learn, strict=True)
            )
            out.append(Row(encoded.ids, labels))
    return Encoded(tuple(out), lost)


def fitting(
    messages: Sequence[ChatMessage], renderer: Renderer, max_tokens: int
) -> Sequence[ChatMessage]:
    """The longest end of a conversation that is at most `max_tokens` long."""
    total, start = renderer.lead_length, len(messages)
    while start and total + (size := renderer.length(messages[start - 1])) <= max_tokens:
        total += size
        start -= 1
    return messages[start:]


def pad(rows: Sequence[Row], pad_id: int) -> Batch:
    """Fill up to the longest row."""
    width = max(len(row.ids) for row in rows)
    return Batch(
        [[*row.ids, *[pad_id] * (width - len(row.ids))] for row in rows],
        [[*row.labels, *[IGNORED] * (width - len(row.ids))] for row in rows],
        [[1] * len(row.ids) + [0] * (width - len(row.ids)) for row in rows],
    )


def _replies(messages: Iterable[ChatMessage]) -> int:
    return sum(message.learn for message in messages)
