"""Who speaks under which names. It proposes; only what a person has confirmed is to be applied.

Apply names before exports are merged: the same message under two names is two messages to it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from kakaobot.exports.messages import MappedMessages
from kakaobot.exports.parse_result import Export
from kakaobot.schema import Message

EXPORTER_NAMES = frozenset({"회원님", "you", "You"})
"""What old phones call whoever made the export. A member may bear the name too."""
_BOT = re.compile(r"오픈채팅봇|방장봇|.*[가-힣]봇|.*\b[Bb]ot", re.DOTALL)
_DRAWN = frozenset({"So", "Sk", "Cn", "Co", "Mn", "Me", "Cf", "Cc", "Zs"})
"""Kinds of the characters that emoji are put together from, spaces among them."""


def find_bots(names: Iterable[str]) -> list[str]:
    """Those that sound like programs, in the order given."""
    return [name for name in names if _BOT.fullmatch(name)]


def exporter_candidates(files: Sequence[Collection[str]]) -> dict[str, list[str]]:
    """Whom `회원님` or `You` may be: those of the same room's other exports who are missing here.

    Args:
        files: the names in each export of one room.
    """
    named = {name for names in files for name in names} - EXPORTER_NAMES
    found: dict[str, list[str]] = {}
    for names in files:
        for nickname in EXPORTER_NAMES & set(names):
            missing = named - set(names)
            found[nickname] = sorted(missing & set(found.get(nickname, missing)))
    return {name: found[name] for name in sorted(found)}


def similar_names(people: Mapping[str, int]) -> list[list[str]]:
    """Names that differ in spaces, unseen characters or a last emoji only, most talkative first."""
    alike: dict[str, list[str]] = {}
    for name in sorted(people, key=lambda name: (-people[name], name)):
        if plain := _plain(name):
            alike.setdefault(plain, []).append(name)
    return [names for names in alike.values() if len(names) > 1]


def rename_senders(export: Export, names: Mapping[str, str]) -> Export:
    """The export with each name in `names` replaced, so that the aliases of one person are one."""
    if not names.keys() & export.people.keys():
        return export

    def called(message: Message) -> Message:
        name = names.get(message.sender)
        return message if name is None else message._replace(sender=name)

    return replace(
        export, messages=MappedMessages(export.messages, called, lambda name: names.get(name, name))
    )


def rename_counts(people: Mapping[str, int], names: Mapping[str, str]) -> dict[str, int]:
    """As `renamed`, of the number of messages by name."""
    counts: Counter[str] = Counter()
    for name, count in people.items():
        counts[names.get(name, name)] += count
    return dict(counts.most_common())


def _plain(name: str) -> str:
    """What is left of a name without its spaces and the emoji at its end."""
    name = "".join(
        character
        for character in unicodedata.normalize("NFC", name)
        if unicodedata.category(character) not in ("Cc", "Cf", "Zs")
    )
    while name and unicodedata.category(name[-1]) in _DRAWN:
        name = name[:-1]
    return name
