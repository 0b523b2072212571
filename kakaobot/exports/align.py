"""Interleaves two histories of one room by aligning the messages both contain.

The base is the one with more precise times; its order and times win.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from difflib import SequenceMatcher

from kakaobot.exports.system_text import canonical_media
from kakaobot.schema import Message

_TRUNCATED = range(480, 501)
"""Phones truncate texts at 500 characters, less the blank lines removed at the end."""
_MAX_COMPARISONS = 40_000
"""Pairs of messages within a minute above which their order is ignored."""

_MessageKey = tuple[str, str]


def interleave(base: Sequence[Message], other: Sequence[Message]) -> list[Message]:
    """Insert the messages that only `other` has into `base`, in chronological order.

    Sent messages are compared within a minute, as text exports have no seconds; system lines within
    a day, as Windows gives them no time.
    """
    in_base = _count_system_lines(base)
    mine, theirs = _by_minute(base), defaultdict[datetime, list[Message]](list)
    for message in other:
        key = _day_key(message)
        if message.sender or in_base[key] <= 0:
            theirs[_minute(message)].append(message)
        else:
            in_base[key] -= 1
    for minute, messages in theirs.items():
        mine[minute] = _interleave_minute(mine[minute], messages) if minute in mine else messages
    return [message for minute in sorted(mine) for message in mine[minute]]


def _count_system_lines(messages: Sequence[Message]) -> Counter[tuple[date, str]]:
    return Counter(_day_key(message) for message in messages if not message.sender)


def _day_key(message: Message) -> tuple[date, str]:
    return message.at.date(), message.text.strip()


def _by_minute(messages: Sequence[Message]) -> dict[datetime, list[Message]]:
    minutes = defaultdict[datetime, list[Message]](list)
    for message in messages:
        minutes[_minute(message)].append(message)
    return minutes


def _minute(message: Message) -> datetime:
    return message.at.replace(second=0, microsecond=0)


def _interleave_minute(mine: list[Message], theirs: list[Message]) -> list[Message]:
    """Interleave one minute; `theirs` no longer has the system lines of the base."""
    pairs = _align([_exact_key(m) for m in mine], [_exact_key(m) for m in theirs])
    partner = {j: i for i, j in pairs if theirs[j].sender and _is_same(mine[i], theirs[j])}
    _match_out_of_order(mine, theirs, partner)
    # Index in `mine` → messages to insert after it; -1 is before all.
    inserted: dict[int, list[Message]] = defaultdict(list)
    place = -1
    merged = list(mine)
    for j, message in enumerate(theirs):
        if j in partner:
            place = max(place, partner[j])
            merged[partner[j]] = _complete(mine[partner[j]], message)
        else:
            inserted[place].append(message)
    result = list(inserted[-1])
    for i, message in enumerate(merged):
        result += [message, *inserted[i]]
    return result


def _align(mine: list[_MessageKey], theirs: list[_MessageKey]) -> list[tuple[int, int]]:
    """Pairs of indices of equal keys, in the order of both."""
    if mine == theirs:
        return [(i, i) for i in range(len(mine))]
    if len(mine) * len(theirs) > _MAX_COMPARISONS:
        return []
    blocks = SequenceMatcher(None, mine, theirs, autojunk=False).get_matching_blocks()
    return [(i + n, j + n) for i, j, size in blocks for n in range(size)]


def _match_out_of_order(
    mine: list[Message], theirs: list[Message], partner: dict[int, int]
) -> None:
    """Pair the remaining messages regardless of order and outer whitespace, each at most once."""
    taken = set(partner.values())
    unmatched = defaultdict[_MessageKey, list[int]](list)
    for i, message in enumerate(mine):
        if i not in taken:
            unmatched[_key(message)].append(i)
    for j, message in enumerate(theirs):
        if j in partner or not message.sender:
            continue
        candidates = unmatched[_key(message)]
        match = next((i for i in candidates if _is_same(mine[i], message)), None)
        if match is not None:
            candidates.remove(match)
            partner[j] = match


def _key(message: Message) -> _MessageKey:
    """Equal for messages that may be the same; `_is_same` decides."""
    text = message.text.strip()
    if message.kind == "media":
        text = canonical_media(text)
    return message.sender, text[: _TRUNCATED.start]


def _exact_key(message: Message) -> _MessageKey:
    """Like `_key`, but outer whitespace counts."""
    if message.kind == "media":
        return _key(message)
    return message.sender, message.text[: _TRUNCATED.start]


def _is_same(one: Message, two: Message) -> bool:
    short, long = sorted((one.text.strip(), two.text.strip()), key=len)
    if len(long) < _TRUNCATED.start or short == long:
        return True
    utf16_length = len(short.encode("utf-16-le")) // 2
    is_truncated = len(short) in _TRUNCATED or utf16_length in _TRUNCATED
    return is_truncated and long.startswith(short)


def _complete(mine: Message, theirs: Message) -> Message:
    """`mine`, with the text of `theirs` if a phone truncated mine."""
    is_longer = len(theirs.text.strip()) > len(mine.text.strip())
    is_truncated = is_longer and len(mine.text) >= _TRUNCATED.start
    return mine._replace(text=theirs.text) if is_truncated else mine
