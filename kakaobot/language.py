"""The language of what a user reads: Korean as written in the code, or English.

A process uses one language: the one in `KAKAOBOT_LANGUAGE`, else `window.language` of the settings
file. Standard library only, with syntax of Python 3.8,
as `launch.py` needs it before its environment exists.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

LANGUAGES = ("ko", "en")
VARIABLE = "KAKAOBOT_LANGUAGE"
TABLE = Path(__file__).parent / "locale" / "en.json"
"""Korean text → English text, both with the same `{placeholders}`."""
_ROOT = Path(__file__).resolve().parent.parent
_SETTING = re.compile(
    r"""^window:[ \t]*(?:
        \{[^}\n]*?\blanguage:
        |(?:\#[^\n]*)?\n(?:[ \t]+[^ \t\n][^\n]*\n|[ \t]*\n|\#[^\n]*\n)*?[ \t]+language:
    )[ \t]*["']?(\w+)""",
    re.MULTILINE | re.VERBOSE,
)
"""The one setting that is needed before settings can be read: their errors are texts, too."""


def chosen_language(environ: Mapping[str, str]) -> str:
    """The language that a process with these environment variables uses."""
    named = environ.get(VARIABLE, "")
    if named in LANGUAGES:
        return named
    try:
        home = Path(environ.get("KAKAOBOT_HOME") or _ROOT).expanduser()
        settings = (home / "configs" / "sft.yaml").read_text(encoding="utf-8-sig", errors="replace")
    except (OSError, ValueError, RuntimeError):
        return LANGUAGES[0]
    found = _SETTING.search(settings.replace("\r\n", "\n"))
    return found[1] if found and found[1] in LANGUAGES else LANGUAGES[0]


LANGUAGE = chosen_language(os.environ)
"""`ko` or `en`; texts are made at import, so that it stays as long as the process."""
_TABLE: Mapping[str, str] = (
    {} if LANGUAGES[0] == LANGUAGE else json.loads(TABLE.read_text(encoding="utf-8"))
)


def tr(korean: str) -> str:
    """The text in the language of this process; Korean if the table lacks it."""
    return _TABLE.get(korean, korean)


def deferred(korean: str) -> str:
    """The Korean text itself: a key that is stored, and shown later as `tr(key)`."""
    return korean
