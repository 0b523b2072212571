"""Filters for messages and for training targets.

Filtered turns stay as context. Backchannels are part of a room's style, so they are capped rather
than removed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kakaobot.dataset.boilerplate import MIN_CHARS, is_boilerplate
from kakaobot.dataset.pii.spans import LINK, TAGS
from kakaobot.exports.notices import contains_official
from kakaobot.exports.participants import find_bots
from kakaobot.language import deferred
from kakaobot.schema import Conversation, Message, Turn
from kakaobot.settings import DataSettings

MEDIA = deferred("사진·동영상·이모티콘")
SYSTEM = deferred("들어옴·나감 같은 안내")
DELETED = deferred("삭제된 메시지")
EXCLUDED = deferred("빼기로 한 사람의 말")
EMPTY = deferred("빈 메시지")
TOO_SHORT = deferred("짧은 말 (앞 대화로만 씀)")
TOO_LONG = deferred("한 번에 읽기에 너무 긴 말")
OTHER_PARTICIPANT = deferred("다른 사람의 말 (앞 대화로만 씀)")
UNREACHED = deferred("배울 대답과 이어지지 않은 말")
BOT = deferred("봇의 말")
NOTICE = deferred("카카오톡이 쓴 안내")
LINKS = deferred("링크만 있는 말")
BOILERPLATE = deferred("복사해 붙인 뉴스·공지")
FORWARDED = deferred("여러 곳에 돌린 글")
REPEATED = deferred("전에 한 긴 말의 되풀이")
CAPPED = deferred("너무 많은 짧은 반응")
LEAKED = deferred("검증에 쓰는 긴 말(20자부터)과 거의 같은 말")

REASONS = (TOO_SHORT, BOT, NOTICE, LINKS, BOILERPLATE, FORWARDED, REPEATED, CAPPED)
"""Why a candidate is excluded, in the order of the filters; the first match counts."""

_REASON_OF_KIND = {"media": MEDIA, "system": SYSTEM, "deleted": DELETED}
_LINK = re.compile(
    rf"{re.escape(TAGS[LINK])}|\[링크\]|(?:https?://|www\.)[^\s가-힣]+", re.IGNORECASE
)
_NO_WORD = re.compile(r"[\W_]*")


@dataclass(frozen=True, kw_only=True)
class FilterRules:
    """Settings of the filters."""

    bots: frozenset[str] = frozenset()
    """Senders that are bots; excluded unless they are the persona."""
    min_chars: int = 1
    links: bool = True
    boilerplate: bool = True
    forwarded: bool = True
    repeated: bool = True
    low_signal_share: float = 0.3
    """Largest share (0 to 1) of backchannels among the targets."""

    @classmethod
    def from_settings(cls, data: DataSettings, participants: Iterable[str] = ()) -> FilterRules:
        """`participants`: names that are checked for bots."""
        return cls(
            bots=frozenset(find_bots(participants)),
            min_chars=data.min_target_chars,
            low_signal_share=0 if data.drop_low_signal else data.low_signal_share,
        )


def filter_messages(
    messages: Iterable[Message],
    *,
    exclude: Collection[str] = (),
    removed: Counter[str] | None = None,
) -> Iterator[Message]:
    """Drop messages without text and messages of excluded participants.

    Args:
        messages: messages of a room.
        exclude: names of excluded participants.
        removed: Korean reason → number of dropped messages; updated during iteration.
    """
    counts = Counter[str]() if removed is None else removed
    for message in messages:
        reason = _REASON_OF_KIND.get(message.kind)
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
    """Korean reason → number of messages of these turns that are not a target in any row.

    Args:
        turns: turns of a session.
        rows: the rows packed from it.
        persona: as in `pack`.
        reasons: turn id → why the turn was excluded before packing.
    """
    targets, context = set[str](), set[str]()
    for row in rows:
        context.update(row.turns)
        targets.update(
            turn_id
            for turn_id, message in zip(row.turns, row.messages, strict=True)
            if message.is_target
        )
    counts = Counter[str]()
    for turn in turns:
        if turn.id in targets:
            continue
        if turn.id in reasons:
            reason = reasons[turn.id]
        elif persona and turn.sender != persona:
            reason = OTHER_PARTICIPANT if turn.id in context else UNREACHED
        else:
            reason = TOO_LONG
        counts[reason] += len(turn.lines)
    return counts


def exclusion_reason(turn: Turn, rules: FilterRules, bots: Collection[str]) -> str | None:
    """Why a turn is excluded by the filters for single turns; None if it is not.

    Args:
        turn: a candidate.
        rules: the filters to apply.
        bots: senders whose turns are excluded.
    """
    text = turn.text.strip()
    if len(text) < rules.min_chars:
        return TOO_SHORT
    if turn.sender in bots:
        return BOT
    if contains_official(text):
        return NOTICE
    if rules.links and _has_only_links(text):
        return LINKS
    if rules.boilerplate and len(text) >= MIN_CHARS:
        copied = sum(len(line) for line in turn.lines if is_boilerplate(line))
        return BOILERPLATE if 2 * copied > len(text) else None
    return None


def _has_only_links(text: str) -> bool:
    # Cheap substring checks reject nearly every text before the regular expression runs.
    if "링크" not in text and "://" not in text and "ww." not in text and "WW." not in text:
        return False
    rest, links = _LINK.subn("", text)
    return links > 0 and _NO_WORD.fullmatch(rest) is not None
