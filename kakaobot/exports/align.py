"""Two histories of one room → one, by aligning what both hold. Knows messages; no rooms, no files.

The base is the one whose times are finer; its order and its times win.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from difflib import SequenceMatcher

from kakaobot.exports.system_text import canonical_media
from kakaobot.schema import Message

_CUT = range(480, 501)
"""Phones cut a text at 500 characters; blank lines at its end are gone by now."""
_TOO_MANY = 40_000
"""Pairs within one minute beyond which order is not looked at, only numbers."""

Key = tuple[str, str]


def interleave(base: Sequence[Message], other: Sequence[Message]) -> list[Message]:
    """Base, with what only the other holds put where the other has it.

    What people said is compared within a minute, since text exports know no seconds. System lines
    are compared within a day, since Windows gives them no time.
    """
    known = _system_lines(base)
    mine, theirs = _by_minute(base), defaultdict[datetime, list[Message]](list)
    for message in other:
        key = _day_key(message)
        if message.sender or known[key] <= 0:
            theirs[_minute(message)].append(message)
        else:
            known[key] -= 1
    for minute, messages in theirs.items():
        mine[minute] = _woven(mine[minute], messages) if minute in mine else messages
    return [message for minute in sorted(mine) for message in mine[minute]]


def _system_lines(messages: Sequence[Message]) -> Counter[tuple[date, str]]:
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


def _woven(mine: list[Message], theirs: list[Message]) -> list[Message]:
    """One minute of both; system lines of the other that the base has too are gone already."""
    keys, others = [_key(m) for m in mine], [_key(m) for m in theirs]
    pairs = _pairs(keys, others)
    partner = {j: i for i, j in pairs if theirs[j].sender and _same(mine[i], theirs[j])}
    _match_the_rest(mine, theirs, partner)
    behind: dict[int, list[Message]] = defaultdict(list)
    place = -1
    kept = list(mine)
    for j, message in enumerate(theirs):
        if j in partner:
            place = max(place, partner[j])
            kept[partner[j]] = _better(mine[partner[j]], message)
        else:
            behind[place].append(message)
    woven = list(behind[-1])
    for i, message in enumerate(kept):
        woven += [message, *behind[i]]
    return woven


def _pairs(mine: list[Key], theirs: list[Key]) -> list[tuple[int, int]]:
    if mine == theirs:
        return [(i, i) for i in range(len(mine))]
    if len(mine) * len(theirs) > _TOO_MANY:
        return []
    blocks = SequenceMatcher(None, mine, theirs, autojunk=False).get_matching_blocks()
    return [(i + n, j + n) for i, j, size in blocks for n in range(size)]


def _match_the_rest(mine: list[Message], theirs: list[Message], partner: dict[int, int]) -> None:
    """Devices may disagree on the order within a minute; the number of equals is still the same."""
    taken = set(partner.values())
    left = defaultdict[Key, list[int]](list)
    for i, message in enumerate(mine):
        if i not in taken:
            left[_key(message)].append(i)
    for j, message in enumerate(theirs):
        if j in partner or not message.sender:
            continue
        equals = left[_key(message)]
        found = next((i for i in equals if _same(mine[i], message)), None)
        if found is not None:
            equals.remove(found)
            partner[j] = found


def _key(message: Message) -> Key:
    """Equal for all that may be the same; `_same` then looks closely."""
    text = message.text.strip()
    if message.kind == "media":
        text = canonical_media(text)
    return message.sender, text[: _CUT.start]


def _same(one: Message, two: Message) -> bool:
    short, long = sorted((one.text.strip(), two.text.strip()), key=len)
    if len(long) < _CUT.start or short == long:
        return True
    cut = len(short) in _CUT or len(short.encode("utf-16-le")) // 2 in _CUT
    return cut and long.startswith(short)


def _better(mine: Message, theirs: Message) -> Message:
    """The whole text of a body that a phone cut, and the time of mine."""
    longer = len(theirs.text.strip()) > len(mine.text.strip())
    return mine._replace(text=theirs.text) if longer and len(mine.text) >= _CUT.start else mine
