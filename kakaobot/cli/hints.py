"""Commands that are shown to the user: each works as printed, whatever the names in it."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence

PROGRAM = os.environ.get("KAKAOBOT_PROGRAM") or "python -m kakaobot"
"""How this program was started; `launch.py` and `scripts/run.sh` say so."""
_PLAIN = re.compile(r"[\w.:+/-][\w.:+/=-]*")
"""Needs no quotes in any shell; `shlex.quote` would quote Korean."""

Option = tuple[str, Sequence[str]]
"""Flag and its values."""


def command_hint(command: str, *options: Option) -> str:
    """A whole command line, for the shell of this system."""
    words = [word for flag, values in options for word in _option_words(flag, values)]
    return " ".join([PROGRAM, command, *words])


def _option_words(flag: str, values: Sequence[str]) -> list[str]:
    """A value that looks like a flag itself must be attached to its own."""
    if any(value.startswith("-") for value in values):
        return [_quote(f"{flag}={value}") for value in values]
    return [flag, *map(_quote, values)]


def _quote(word: str) -> str:
    if _PLAIN.fullmatch(word):
        return word
    return _quote_for_windows(word) if os.name == "nt" else shlex.quote(word)


def _quote_for_windows(word: str) -> str:
    """For PowerShell and cmd; for PowerShell alone if the word has what they treat differently."""
    if re.search(r'["$`]', word):
        return "'" + word.replace("'", "''").replace('"', '\\"') + "'"
    return f'"{word}"'
