"""Sessions → conversations of at most so many tokens. Pure; knows no files and no tokenizer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

from kakaobot.schema import ChatMessage, Conversation, Role, Session, Turn

Length = Callable[[ChatMessage], int]
"""Tokens one message adds to a conversation."""


def pack(
    session: Session,
    *,
    persona: str,
    named: bool,
    learnable: Callable[[Turn], bool],
    length: Length,
    max_tokens: int,
    context_turns: int,
) -> Iterator[Conversation]:
    """Cut a session into rows so that each learnt turn is a target exactly once.

    A row begins with at least `context_turns` turns before its first target, as far as they exist
    and take no more than half a row; those are not learnt again. A turn that alone is longer than a
    row is left out, and the rows on both sides of it do not run on across the hole.

    Args:
        persona: who is `assistant`; empty to learn everybody as `assistant`, by name.
        named: whether names are shown in a persona's room; a whole room always shows them.
    """
    for stretch in _stretches(session.turns, persona, named, learnable, length, max_tokens):
        start = 0
        while start < len(stretch):
            first = next((i for i in range(start, len(stretch)) if stretch[i][1].is_target), None)
            if first is None:
                break
            begin, end = _window(stretch, first, max_tokens, context_turns)
            row = stretch[begin:end]
            while not row[-1][1].is_target:
                row.pop()
            yield _conversation(session.room, persona, row, fresh_from=start - begin)
            start = end


def to_chat_message(
    turn: Turn, *, persona: str, named: bool, is_target: bool = False
) -> ChatMessage:
    """A turn as the model sees it; see `conversations`."""
    mine = persona in ("", turn.sender)
    role: Role = "assistant" if mine else "user"
    name = turn.sender if not persona or (named and not mine) else ""
    return ChatMessage(role, turn.text, name, is_target)


_Item = tuple[Turn, ChatMessage, int]


def _stretches(
    turns: Sequence[Turn],
    persona: str,
    named: bool,
    learnable: Callable[[Turn], bool],
    length: Length,
    max_tokens: int,
) -> list[list[_Item]]:
    """The turns as messages with their lengths, broken where a turn is too long for any row."""
    stretches: list[list[_Item]] = [[]]
    for turn in turns:
        mine = persona in ("", turn.sender)
        learn = mine and learnable(turn)
        message = to_chat_message(turn, persona=persona, named=named, is_target=learn)
        tokens = length(message)
        if tokens > max_tokens:
            stretches.append([])
        else:
            stretches[-1].append((turn, message, tokens))
    return [stretch for stretch in stretches if stretch]


def _window(
    items: Sequence[_Item], first: int, max_tokens: int, context_turns: int
) -> tuple[int, int]:
    """First and end index of the row whose first target is `first`."""
    begin, total = first, items[first][2]
    while begin > 0 and first - begin < context_turns and total + items[begin - 1][2] <= max_tokens:
        begin -= 1
        total += items[begin][2]
    # Context may crowd out no more than half a row, or a long history would leave one target a row.
    while begin < first and total - items[first][2] > max_tokens // 2:
        total -= items[begin][2]
        begin += 1
    end = first + 1
    while end < len(items) and total + items[end][2] <= max_tokens:
        total += items[end][2]
        end += 1
    return begin, end


def _conversation(
    room: str, persona: str, row: Sequence[_Item], *, fresh_from: int
) -> Conversation:
    messages = tuple(
        message if i >= fresh_from else ChatMessage(message.role, message.content, message.name)
        for i, (_, message, _) in enumerate(row)
    )
    turns = tuple(turn.id for turn, _, _ in row)
    key = "\n".join((room, persona, *turns, str(fresh_from)))
    return Conversation(
        id=hashlib.sha256(key.encode()).hexdigest()[:16],
        room=room,
        persona=persona,
        messages=messages,
        turns=turns,
        at=(row[0][0].start.isoformat(), row[-1][0].end.isoformat()),
    )
