"""Which messages are read at all, and which turns are worth learning. Keeps the room's style."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from kakaobot.records import Conversation, Message, Turn

MEDIA = "사진·동영상·이모티콘"
SYSTEM = "들어옴·나감 같은 안내"
DELETED = "삭제된 메시지"
EXCLUDED = "빼기로 한 사람의 말"
EMPTY = "빈 메시지"
SHORT = "짧은 말 (앞 대화로만 씀)"
LONG = "한 번에 읽기에 너무 긴 말"
OTHERS = "다른 사람의 말 (앞 대화로만 씀)"
APART = "배울 대답과 이어지지 않은 말"

_OF_KIND = {"media": MEDIA, "system": SYSTEM, "deleted": DELETED}
# Laughter, tears, consonants alone, punctuation: a reaction without a word in it.
_LOW_SIGNAL = re.compile(r"[\sㄱ-ㅎㅏ-ㅣ.,!?~^\-;:]*")


@dataclass(frozen=True)
class Kept:
    messages: tuple[Message, ...]
    removed: tuple[tuple[str, int], ...]
    """Korean reason and number of messages, most first."""


def keep(messages: Iterable[Message], *, exclude: Collection[str] = ()) -> Kept:
    """Drop what nobody said in words, and what excluded people said."""
    kept, removed = [], Counter[str]()
    for message in messages:
        reason = _OF_KIND.get(message.kind)
        if reason is None and message.sender in exclude:
            reason = EXCLUDED
        if reason is None and not message.text.strip():
            reason = EMPTY
        if reason:
            removed[reason] += 1
        else:
            kept.append(message)
    return Kept(tuple(kept), tuple(removed.most_common()))


def unlearnt(
    turns: Iterable[Turn],
    rows: Iterable[Conversation],
    *,
    persona: str,
    learnable: Callable[[Turn], bool],
) -> Counter[str]:
    """Why messages of these turns are no target of `rows`: Korean reason → number of messages."""
    learnt, shown = set[str](), set[str]()
    for row in rows:
        shown.update(row.turns)
        learnt.update(key for key, said in zip(row.turns, row.messages, strict=True) if said.learn)
    reasons = Counter[str]()
    for turn in turns:
        if turn.id in learnt:
            continue
        if persona and turn.sender != persona:
            reason = OTHERS if turn.id in shown else APART
        else:
            reason = LONG if learnable(turn) else SHORT
        reasons[reason] += len(turn.lines)
    return reasons


def worth_learning(turn: Turn, *, min_chars: int, drop_low_signal: bool) -> bool:
    """Whether a turn may be a target. One that may not still stands as context."""
    text = turn.text.strip()
    if len(text) < min_chars:
        return False
    return not (drop_low_signal and _LOW_SIGNAL.fullmatch(text))
