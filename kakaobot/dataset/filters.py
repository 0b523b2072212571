"""Which messages are read at all, and which turns are worth learning. Keeps the room's style."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from kakaobot.records import Message, Turn

MEDIA = "사진·동영상·이모티콘"
SYSTEM = "들어옴·나감 같은 안내"
DELETED = "삭제된 메시지"
EXCLUDED = "빼기로 한 사람의 말"
EMPTY = "빈 메시지"

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


def worth_learning(turn: Turn, *, min_chars: int, drop_low_signal: bool) -> bool:
    """Whether a turn may be a target. One that may not still stands as context."""
    text = turn.text.strip()
    if len(text) < min_chars:
        return False
    return not (drop_low_signal and _LOW_SIGNAL.fullmatch(text))
