"""people.json as a value: which names of a room a person has confirmed to be one person's.

An alias points to the name it was joined to, which may itself be joined later, so that each step
can be taken back alone. It reads no file and looks at no message.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence

from kakaobot.errors import ExportError
from kakaobot.exports.paths import replace_surrogates

Aliases = Mapping[str, str]
"""Alias → the name it was joined to."""
ConfirmedAliases = Mapping[str, Aliases]
"""Room key → the aliases of that room."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST = 100


def resolve_aliases(aliases: Aliases) -> dict[str, str]:
    """Alias → the name that stands for it in the end."""
    return {alias: _end(aliases, alias) for alias in aliases}


def add_aliases(aliases: Aliases, name: str, others: Sequence[str]) -> dict[str, str]:
    """Let `others` be names of the person `name`.

    Raises:
        ExportError: there is nothing to join, or a name already stands for another.
    """
    name = _end(aliases, name)
    found = dict(aliases)
    for other in dict.fromkeys(others):
        if other in aliases and _end(aliases, other) != name:
            raise ExportError(
                f"'{other}' 이름은 이미 '{_end(aliases, other)}' 님과 합쳐져 있습니다. "
                "먼저 되돌린 다음 다시 합쳐 주세요."
            )
        if other not in (*aliases, name):
            found[other] = name
    if found == dict(aliases):
        raise ExportError(
            "새로 합칠 것이 없습니다. 이미 합쳤거나 같은 이름입니다. 다른 이름을 골라 주세요."
        )
    return found


def remove_alias(aliases: Aliases, alias: str) -> dict[str, str]:
    """Take one join back.

    Raises:
        ExportError: it was not joined.
    """
    if alias not in aliases:
        raise ExportError(f"'{alias}' 이름은 합쳐 둔 것이 아닙니다. 목록을 새로 고쳐 주세요.")
    return {key: name for key, name in aliases.items() if key != alias}


def clean_name(name: str) -> str:
    """A name as somebody types it.

    Raises:
        ExportError: it is empty or too long.
    """
    name = " ".join(
        _CONTROL.sub(" ", unicodedata.normalize("NFC", replace_surrogates(name))).split()
    )
    if not name:
        raise ExportError("부를 이름을 골라 주거나 적어 주세요.")
    if len(name) > _LONGEST:
        raise ExportError(f"이름이 너무 깁니다. {_LONGEST}자 안으로 적어 주세요.")
    return name


def dump(confirmed: ConfirmedAliases) -> str:
    rooms = {key: dict(aliases) for key, aliases in confirmed.items() if aliases}
    return json.dumps({"rooms": rooms}, ensure_ascii=False, indent=1)


def parse(text: str) -> dict[str, dict[str, str]]:
    """What `dump` wrote.

    Raises:
        ValueError: it is something else, or an alias leads back to itself.
    """
    try:
        rooms = json.loads(text)["rooms"]
        found = {key: dict(aliases.items()) for key, aliases in rooms.items()}
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError("not the names of rooms") from error
    for aliases in found.values():
        if not all(isinstance(name, str) and name.strip() for name in aliases.values()):
            raise ValueError("a name is not a text")
        resolve_aliases(aliases)
    return found


def _end(aliases: Aliases, name: str) -> str:
    """Where a name leads; itself where it was joined to none."""
    seen = {name}
    while name in aliases:
        name = aliases[name]
        if name in seen:
            raise ValueError(f"{name!r} leads back to itself")
        seen.add(name)
    return name
