"""Confirmed aliases of participants: the content of people.json. Reads no file.

An alias points to the name it was joined to, which may be an alias itself, so that every join can
be undone separately.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from kakaobot.atomic_io import parse_json
from kakaobot.errors import ExportError
from kakaobot.exports.paths import replace_surrogates
from kakaobot.language import tr

Aliases = Mapping[str, str]
"""Alias → the name it was joined to."""
ConfirmedAliases = Mapping[str, Aliases]
"""Room key → the aliases of that room."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MAX_LENGTH = 100


def resolve_aliases(aliases: Aliases) -> dict[str, str]:
    """Alias → the name at the end of its chain."""
    return {alias: _resolve(aliases, alias) for alias in aliases}


def merge_aliases(maps: Iterable[Aliases]) -> dict[str, str]:
    """One map of resolved aliases from several resolved ones; the first to rename a name wins."""
    merged: dict[str, str] = {}
    for aliases in maps:
        for alias, name in aliases.items():
            target = merged.get(name, name)
            if alias in merged or alias == target:
                continue
            merged = {key: target if to == alias else to for key, to in merged.items()}
            merged[alias] = target
    return merged


def add_aliases(aliases: Aliases, name: str, others: Sequence[str]) -> dict[str, str]:
    """Make `others` aliases of `name`.

    Raises:
        ExportError: nothing to join, or a name is already an alias of another one.
    """
    name = _resolve(aliases, name)
    joined = dict(aliases)
    for other in dict.fromkeys(others):
        if other in aliases and _resolve(aliases, other) != name:
            raise ExportError(
                tr(
                    "'{other}' 이름은 이미 '{aliases}' 님과 합쳐져 있습니다. 먼저 되돌린 다음 "
                    "다시 합쳐 주세요."
                ).format(other=other, aliases=_resolve(aliases, other))
            )
        if other not in (*aliases, name):
            joined[other] = name
    if joined == dict(aliases):
        raise ExportError(
            tr("새로 합칠 것이 없습니다. 이미 합쳤거나 같은 이름입니다. 다른 이름을 골라 주세요.")
        )
    return joined


def remove_alias(aliases: Aliases, alias: str) -> dict[str, str]:
    """Undo one join.

    Raises:
        ExportError: there is no such alias.
    """
    if alias not in aliases:
        raise ExportError(
            tr("'{alias}' 이름은 합쳐 둔 것이 아닙니다. 목록을 새로 고쳐 주세요.").format(
                alias=alias
            )
        )
    return {key: name for key, name in aliases.items() if key != alias}


def clean_name(name: str) -> str:
    """Normalize a name typed by the user.

    Raises:
        ExportError: it is empty or too long.
    """
    name = unicodedata.normalize("NFC", replace_surrogates(name))
    name = " ".join(_CONTROL.sub(" ", name).split())
    if not name:
        raise ExportError(tr("부를 이름을 골라 주거나 적어 주세요."))
    if len(name) > _MAX_LENGTH:
        raise ExportError(
            tr("이름이 너무 깁니다. {max_length}자 안으로 적어 주세요.").format(
                max_length=_MAX_LENGTH
            )
        )
    return name


def dump(confirmed: ConfirmedAliases) -> str:
    rooms = {key: dict(aliases) for key, aliases in confirmed.items() if aliases}
    return json.dumps({"rooms": rooms}, ensure_ascii=False, indent=1)


def parse(text: str) -> dict[str, dict[str, str]]:
    """The inverse of `dump`.

    Raises:
        ValueError: any other text, or the aliases form a cycle.
    """
    try:
        rooms = parse_json(text)["rooms"]
        confirmed = {key: dict(aliases.items()) for key, aliases in rooms.items()}
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError("not an object of rooms") from error
    for aliases in confirmed.values():
        if not all(isinstance(name, str) and name.strip() for name in aliases.values()):
            raise ValueError("a name is not a string")
        resolve_aliases(aliases)
    return confirmed


def _resolve(aliases: Aliases, name: str) -> str:
    """Follow the chain of aliases; other names are returned unchanged."""
    seen = {name}
    while name in aliases:
        name = aliases[name]
        if name in seen:
            raise ValueError(f"{name!r} is an alias of itself")
        seen.add(name)
    return name
