"""Who speaks under which names. It proposes; only what a person has confirmed is to be applied.

Apply names before `merge`: the same message under two names is two messages to it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from kakaobot.exports.tally import Export

EXPORTER = frozenset({"회원님", "you", "You"})
"""What old phones call whoever made the export. A member may bear the name too."""
_BOT = re.compile(r"오픈채팅봇|방장봇|.*[가-힣]봇|.*\b[Bb]ot", re.DOTALL)


def bots(exports: Sequence[Export]) -> list[str]:
    """Senders that sound like programs, most talkative first."""
    counts: Counter[str] = Counter()
    for export in exports:
        counts.update(export.people)
    return [name for name, _ in counts.most_common() if _BOT.fullmatch(name)]


def exporters(exports: Sequence[Export]) -> dict[str, list[str]]:
    """Whom `회원님` or `You` may be: those of the same room's other exports who are missing here.

    Args:
        exports: of one room.
    """
    named = {name for export in exports for name in export.people} - EXPORTER
    found: dict[str, list[str]] = {}
    for export in exports:
        for nickname in EXPORTER & export.people.keys():
            missing = named - export.people.keys()
            found[nickname] = sorted(missing & set(found.get(nickname, missing)))
    return found


def renamed(export: Export, names: Mapping[str, str]) -> Export:
    """The export with each name in `names` replaced, so that the aliases of one person are one."""
    if not names.keys() & export.people.keys():
        return export
    messages = tuple(
        message._replace(sender=names[message.sender]) if message.sender in names else message
        for message in export.messages
    )
    return replace(export, messages=messages)
