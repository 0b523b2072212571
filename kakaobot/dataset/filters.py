"""Which messages are read at all, and which turns are worth learning. Keeps the room's style.

What nobody in the room has worded is not learnt; what is short is the room's style, and only its
share is held down. A turn that is not learnt still stands as context.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kakaobot.dataset.boilerplate import MIN_CHARS, is_boilerplate
from kakaobot.dataset.pii.spans import LINK, TAGS
from kakaobot.schema import Conversation, Message, Turn

MEDIA = "사진·동영상·이모티콘"
SYSTEM = "들어옴·나감 같은 안내"
DELETED = "삭제된 메시지"
EXCLUDED = "빼기로 한 사람의 말"
EMPTY = "빈 메시지"
TOO_SHORT = "짧은 말 (앞 대화로만 씀)"
TOO_LONG = "한 번에 읽기에 너무 긴 말"
OTHER_PARTICIPANT = "다른 사람의 말 (앞 대화로만 씀)"
UNREACHED = "배울 대답과 이어지지 않은 말"
BOT = "봇의 말"
LINKS = "링크만 있는 말"
BOILERPLATE = "복사해 붙인 뉴스·공지"
FORWARDED = "여러 곳에 돌린 글"
REPEATED = "전에 한 긴 말의 되풀이"
CAPPED = "너무 많은 짧은 반응"
LEAKED = "검증에 쓰는 긴 말(20자부터)과 거의 같은 말"

REASONS = (TOO_SHORT, BOT, LINKS, BOILERPLATE, FORWARDED, REPEATED, CAPPED)
"""Why a turn is not learnt, in the order in which the reasons are tried: the first one counts."""

_OF_KIND = {"media": MEDIA, "system": SYSTEM, "deleted": DELETED}
_LINK = re.compile(
    rf"{re.escape(TAGS[LINK])}|\[링크\]|(?:https?://|www\.)[^\s가-힣]+", re.IGNORECASE
)
_NO_WORD = re.compile(r"[\W_]*")


@dataclass(frozen=True, kw_only=True)
class FilterRules:
    """What is not learnt. Every rule but `min_chars` and the share can be switched off."""

    bots: frozenset[str] = frozenset()
    """Names of programs; their turns are learnt only where one of them is the persona."""
    min_chars: int = 1
    links: bool = True
    pasted: bool = True
    forwarded: bool = True
    repeated: bool = True
    low_signal_share: float = 0.3
    """Of the learnt replies at most this share (0 to 1) says nothing but 'ㅋㅋ', 'ㅇㅇ', '헐'."""


def filter_messages(
    messages: Iterable[Message],
    *,
    exclude: Collection[str] = (),
    removed: Counter[str] | None = None,
) -> Iterator[Message]:
    """All but what nobody said in words, and what excluded people said.

    Args:
        removed: Korean reason → messages; what is dropped is added to it.
    """
    counts = Counter[str]() if removed is None else removed
    for message in messages:
        reason = _OF_KIND.get(message.kind)
        if reason is None and message.sender in exclude:
            reason = EXCLUDED
        if reason is None and not message.text.strip():
            reason = EMPTY
        if reason:
            counts[reason] += 1
        else:
            yield message


def count_non_targets(
    turns: Iterable[Turn],
    rows: Iterable[Conversation],
    *,
    persona: str,
    reasons: Mapping[str, str] = MappingProxyType({}),
) -> Counter[str]:
    """Why messages of these turns are no target of `rows`: Korean reason → number of messages.

    Args:
        reasons: turn id → why it was not to be one.
    """
    learnt, shown = set[str](), set[str]()
    for row in rows:
        shown.update(row.turns)
        learnt.update(
            key for key, said in zip(row.turns, row.messages, strict=True) if said.is_target
        )
    counts = Counter[str]()
    for turn in turns:
        if turn.id in learnt:
            continue
        if turn.id in reasons:
            reason = reasons[turn.id]
        elif persona and turn.sender != persona:
            reason = OTHER_PARTICIPANT if turn.id in shown else UNREACHED
        else:
            reason = TOO_LONG
        counts[reason] += len(turn.lines)
    return counts


def exclusion_reason(turn: Turn, rules: FilterRules, bots: Collection[str]) -> str | None:
    """Why a turn is not learnt, as far as it tells by itself; None where nothing speaks against it.

    Args:
        bots: names of programs that are not to be learnt.
    """
    text = turn.text.strip()
    if len(text) < rules.min_chars:
        return TOO_SHORT
    if turn.sender in bots:
        return BOT
    if rules.links and _only_links(text):
        return LINKS
    if rules.pasted and len(text) >= MIN_CHARS:
        copied = sum(len(line) for line in turn.lines if is_boilerplate(line))
        return BOILERPLATE if 2 * copied > len(text) else None
    return None


def _only_links(text: str) -> bool:
    if "링크" not in text and "://" not in text and "ww." not in text and "WW." not in text:
        return False
    bare, found = _LINK.subn("", text)
    return found > 0 and _NO_WORD.fullmatch(bare) is not None
