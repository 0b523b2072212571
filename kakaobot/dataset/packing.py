"""Packs sessions into rows (conversations) of limited length."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from kakaobot.schema import ChatMessage, Conversation, Role, Session, Turn

TokenCount = Callable[[ChatMessage], int]
"""Tokens a message adds to a conversation."""


def pack(
    session: Session,
    *,
    persona: str,
    show_names: bool,
    is_target: Callable[[Turn], bool],
    token_count: TokenCount,
    max_tokens: int,
    context_turns: int,
) -> Iterator[Conversation]:
    """Cut a session into rows so that each target turn is a target exactly once.

    A row starts with `context_turns` turns before its first target if they exist and take no more
    than half of the row. A turn longer than a row is dropped, and no row spans the gap it leaves.

    Args:
        session: turns to pack.
        persona: participant who is `assistant`; empty if everybody is, by name.
        show_names: whether a persona's rows carry the others' names; without a persona all do.
        is_target: whether a turn that is `assistant` may be a target.
        token_count: tokens a message adds to a row.
        max_tokens: limit of a row.
        context_turns: context turns before the first target.
    """
    items = _to_items(session.turns, persona, show_names, is_target, token_count)
    for stretch in _split_at_long_turns(items, max_tokens):
        start = 0
        while start < len(stretch):
            first = next(
                (i for i in range(start, len(stretch)) if stretch[i].message.is_target), None
            )
            if first is None:
                break
            begin, end = _window(stretch, first, max_tokens, context_turns)
            row = stretch[begin:end]
            while not row[-1].message.is_target:
                row.pop()
            yield _conversation(session.room, persona, row, fresh_from=start - begin)
            start = end


def to_chat_message(
    turn: Turn, *, persona: str, show_names: bool, is_target: bool = False
) -> ChatMessage:
    """Convert a turn; the arguments are as in `pack`."""
    is_assistant = persona in ("", turn.sender)
    role: Role = "assistant" if is_assistant else "user"
    name = turn.sender if not persona or (show_names and not is_assistant) else ""
    return ChatMessage(role, turn.text, name, is_target)


class _Item(NamedTuple):
    turn: Turn
    message: ChatMessage
    tokens: int


def _to_items(
    turns: Sequence[Turn],
    persona: str,
    show_names: bool,
    is_target: Callable[[Turn], bool],
    token_count: TokenCount,
) -> Iterator[_Item]:
    for turn in turns:
        target = persona in ("", turn.sender) and is_target(turn)
        message = to_chat_message(turn, persona=persona, show_names=show_names, is_target=target)
        yield _Item(turn, message, token_count(message))


def _split_at_long_turns(items: Iterator[_Item], max_tokens: int) -> list[list[_Item]]:
    """Drop items longer than a row; return the stretches between them."""
    stretches: list[list[_Item]] = [[]]
    for item in items:
        if item.tokens > max_tokens:
            stretches.append([])
        else:
            stretches[-1].append(item)
    return [stretch for stretch in stretches if stretch]


def _window(
    items: Sequence[_Item], first: int, max_tokens: int, context_turns: int
) -> tuple[int, int]:
    """Begin and end (exclusive) of the row whose first target is `first`."""
    begin, total = first, items[first].tokens
    while (
        begin > 0
        and first - begin < context_turns
        and total + items[begin - 1].tokens <= max_tokens
    ):
        begin -= 1
        total += items[begin].tokens
    # Without this limit, long context would leave room for a single target per row.
    while begin < first and total - items[first].tokens > max_tokens // 2:
        total -= items[begin].tokens
        begin += 1
    end = first + 1
    while end < len(items) and total + items[end].tokens <= max_tokens:
        total += items[end].tokens
        end += 1
    return begin, end


def _conversation(
    room: str, persona: str, row: Sequence[_Item], *, fresh_from: int
) -> Conversation:
    """`fresh_from`: items before this index were targets of an earlier row."""
    messages = tuple(
        item.message if i >= fresh_from else item.message._replace(is_target=False)
        for i, item in enumerate(row)
    )
    turn_ids = tuple(item.turn.id for item in row)
    key = "\n".join((room, persona, *turn_ids, str(fresh_from)))
    return Conversation(
        id=hashlib.sha256(key.encode()).hexdigest()[:16],
        room=room,
        persona=persona,
        messages=messages,
        turns=turn_ids,
        at=(row[0].turn.start.isoformat(), row[-1].turn.end.isoformat()),
    )
