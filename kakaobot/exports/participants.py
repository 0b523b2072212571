"""Names of participants: suggests which belong together, and applies confirmed aliases.

Apply aliases before merging exports: one message under two names counts as two.
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
"""Names by which old phones call the exporter; a participant may really have one."""
_BOT = re.compile(r"오픈채팅봇|방장봇|.*[가-힣]봇|.*\b[Bb]ot", re.DOTALL)
_EMOJI_CATEGORIES = frozenset({"So", "Sk", "Cn", "Co", "Mn", "Me", "Cf", "Cc", "Zs"})
"""Unicode categories of the characters emoji consist of, including spaces."""


def find_bots(names: Iterable[str]) -> list[str]:
    """Names that look like bots, in the given order."""
    return [name for name in names if _BOT.fullmatch(name)]


def exporter_candidates(files: Sequence[Collection[str]]) -> dict[str, list[str]]:
    """Who `회원님` or `You` may be: names in other exports of the room that are missing here.

    Args:
        files: the names in each export of one room.
    """
    real_names = {name for names in files for name in names} - EXPORTER_NAMES
    candidates: dict[str, list[str]] = {}
    for names in files:
        for alias in EXPORTER_NAMES & set(names):
            missing = real_names - set(names)
            candidates[alias] = sorted(missing & set(candidates.get(alias, missing)))
    return {alias: candidates[alias] for alias in sorted(candidates)}


def similar_names(people: Mapping[str, int]) -> list[list[str]]:
    """Names that differ only in spaces, invisible characters or trailing emoji, most active first.

    Args:
        people: number of messages by name.
    """
    groups: dict[str, list[str]] = {}
    for name in sorted(people, key=lambda name: (-people[name], name)):
        if plain := _plain(name):
            groups.setdefault(plain, []).append(name)
    return [names for names in groups.values() if len(names) > 1]


def rename_senders(export: Export, names: Mapping[str, str]) -> Export:
    """Replace senders as in `names`: alias → name."""
    if not names.keys() & export.people.keys():
        return export

    def rename(message: Message) -> Message:
        name = names.get(message.sender)
        return message if name is None else message._replace(sender=name)

    messages = MappedMessages(export.messages, rename, lambda name: names.get(name, name))
    return replace(export, messages=messages)


def rename_counts(people: Mapping[str, int], names: Mapping[str, str]) -> dict[str, int]:
    """Like `rename_senders`, for message counts by name."""
    counts: Counter[str] = Counter()
    for name, count in people.items():
        counts[names.get(name, name)] += count
    return dict(counts.most_common())


def _plain(name: str) -> str:
    """A name without spaces, invisible characters and trailing emoji."""
    name = "".join(
        character
        for character in unicodedata.normalize("NFC", name)
        if unicodedata.category(character) not in ("Cc", "Cf", "Zs")
    )
    while name and unicodedata.category(name[-1]) in _EMOJI_CATEGORIES:
        name = name[:-1]
    return name
