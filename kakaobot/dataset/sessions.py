"""Messages → turns → sessions, by the silence between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

from kakaobot.records import Message, Session, Turn


def turns_of(
    messages: Iterable[Message],
    *,
    merge_gap: timedelta,
    clean: Callable[[str], str] = str,
) -> list[Turn]:
    """One room's messages in time order → turns.

    A speaker's next message joins the turn when it comes within `merge_gap` of the one before and
    nobody spoke between.
    """
    turns: list[Turn] = []
    for message in messages:
        text = clean(message.text.strip("\n"))
        last = turns[-1] if turns else None
        if last and last.sender == message.sender and message.at - last.end <= merge_gap:
            turns[-1] = Turn(last.id, last.sender, (*last.lines, text), last.start, message.at)
        else:
            key = f"{message.file}:{message.line}"
            turns.append(Turn(key, message.sender, (text,), message.at, message.at))
    return turns


def sessions_of(room: str, turns: Iterable[Turn], *, gap: timedelta) -> list[Session]:
    """Cut where nobody spoke for longer than `gap`. Every turn is in exactly one session."""
    sessions: list[list[Turn]] = []
    for turn in turns:
        if sessions and turn.start - sessions[-1][-1].end <= gap:
            sessions[-1].append(turn)
        else:
            sessions.append([turn])
    return [Session(room, tuple(turns)) for turns in sessions]
