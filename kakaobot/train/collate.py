"""Conversations → token ids and labels → padded batches. Plain lists and arrays; no torch."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import overload

from kakaobot.chat_template import Renderer
from kakaobot.schema import ChatMessage, Conversation

IGNORED = -100
"""Label of a token without loss (PyTorch's `ignore_index`)."""


@dataclass(frozen=True)
class Row:
    """One encoded conversation; both tuples have the same length."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]
    """The id of a target token, `IGNORED` elsewhere."""


class PackedRows(Sequence[Row]):
    """Rows at four bytes a token, as a large room has tens of millions of tokens.

    A target token is stored as its id, any other as the complement of its id, which is negative.
    """

    def __init__(self) -> None:
        self._tokens = array("i")
        self._ends = array("q", (0,))

    def add(self, ids: Iterable[int], loss_mask: Iterable[bool]) -> None:
        """Append one row."""
        self._tokens.extend(
            [token if target else ~token for token, target in zip(ids, loss_mask, strict=True)]
        )
        self._ends.append(len(self._tokens))

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Row, ...]: ...

    def __getitem__(self, index: int | slice) -> Row | tuple[Row, ...]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        index = range(len(self))[index]
        tokens = self._tokens[self._ends[index] : self._ends[index + 1]].tolist()
        return Row(
            tuple([token if token >= 0 else ~token for token in tokens]),
            tuple([token if token >= 0 else IGNORED for token in tokens]),
        )


@dataclass(frozen=True)
class EncodedRows:
    rows: Sequence[Row]
    dropped_replies: int
    """Targets truncated away, as in data packed for another tokenizer or row length."""


@dataclass(frozen=True)
class Batch:
    """Ids, labels and attention mask, each (rows, width), padded on the right."""

    input_ids: list[list[int]]
    labels: list[list[int]]
    attention_mask: list[list[int]]


def encode_rows(
    conversations: Iterable[Conversation], renderer: Renderer, max_tokens: int
) -> EncodedRows:
    """Encode conversations, at most `max_tokens` each.

    Longer ones lose whole messages on the left and so keep their last reply. A conversation
    without a target left is dropped.
    """
    packed, dropped = PackedRows(), 0
    for conversation in conversations:
        messages, encoded = conversation.messages, renderer.encode(conversation.messages)
        if len(encoded.ids) > max_tokens:
            messages = tuple(truncate_left(messages, renderer, max_tokens))
            encoded = renderer.encode(messages)
        targets = _count_targets(messages)
        dropped += _count_targets(conversation.messages) - targets
        if targets:
            packed.add(encoded.ids, encoded.loss_mask)
    return EncodedRows(packed, dropped)


def truncate_left(
    messages: Sequence[ChatMessage], renderer: Renderer, max_tokens: int
) -> Sequence[ChatMessage]:
    """The longest suffix of a conversation with at most `max_tokens`."""
    total, start = renderer.prefix_length, len(messages)
    while start and total + (size := renderer.length(messages[start - 1])) <= max_tokens:
        total += size
        start -= 1
    return messages[start:]


def collate(rows: Sequence[Row], pad_id: int) -> Batch:
    """Pad rows to the longest one."""
    width = max(len(row.ids) for row in rows)
    return Batch(
        [[*row.ids, *[pad_id] * (width - len(row.ids))] for row in rows],
        [[*row.labels, *[IGNORED] * (width - len(row.ids))] for row in rows],
        [[1] * len(row.ids) + [0] * (width - len(row.ids)) for row in rows],
    )


def _count_targets(messages: Iterable[ChatMessage]) -> int:
    return sum(message.is_target for message in messages)
