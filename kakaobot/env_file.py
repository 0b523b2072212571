"""`.env`, which holds the password: its text, who can read it, and the names it is saved under."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import MutableMapping
from pathlib import Path

from dotenv.parser import parse_stream

from kakaobot.errors import ConfigError
from kakaobot.text_file import read_text

ENV_NAME = ".env"
PASSWORD_VARIABLE = "CHATBOT_PASSWORD"
"""The password to set."""
ACCESS_VARIABLE = "CHATBOT_ACCESS_PASSWORD"
"""The password to enter, for commands without a terminal."""
SECRET_VARIABLES = (PASSWORD_VARIABLE, ACCESS_VARIABLE)

_LOOKALIKE = re.compile(r"[._]?env(?:\.\w+)*", re.IGNORECASE)
_TEMPLATES = re.compile(r".*\.(?:example|sample|template)", re.IGNORECASE)
_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_env(file: Path) -> dict[str, str]:
    """The variables of a `.env`; none if it does not exist.

    Read as dotenv does, but nothing is interpolated: a `$` in a password is a `$`.

    Raises:
        ConfigError: the file cannot be read, or its line with the password is malformed.
    """
    if not file.exists() or file.is_dir():
        return {}
    variables = {}
    for binding in parse_stream(io.StringIO(read_text(file))):
        if binding.error and PASSWORD_VARIABLE in binding.original.string:
            raise ConfigError(
                f"{file.name} 의 {binding.original.line}번째 줄을 알아볼 수 없습니다. "
                f"{PASSWORD_VARIABLE}=비밀번호 처럼 적고, 따옴표를 열었으면 닫아 주세요."
            )
        if binding.key is not None and binding.value is not None:
            variables[binding.key] = binding.value
    return variables


def misnamed_env(folder: Path) -> str:
    """Name of a file that sets the password but is not called `.env`; empty if there is none."""
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        is_lookalike = _LOOKALIKE.fullmatch(file.name) and not _TEMPLATES.fullmatch(file.name)
        if file.name != ENV_NAME and is_lookalike and file.is_file() and _sets_password(file):
            return file.name
    return ""


def is_exposed(file: Path) -> bool:
    """Whether other accounts may read the file. Windows gives a home to its owner alone."""
    if os.name != "posix":
        return False
    try:
        return bool(file.stat().st_mode & _FOR_OTHERS) and file.is_file()
    except OSError:
        return False


def take_secrets(environ: MutableMapping[str, str]) -> dict[str, str]:
    """Remove the passwords from `environ`, so that no child process gets them; returns them."""
    return {name: environ.pop(name) for name in SECRET_VARIABLES if name in environ}


def _sets_password(file: Path) -> bool:
    try:
        return bool(re.search(rf"{PASSWORD_VARIABLE}\s*=\s*\S", read_text(file)))
    except ConfigError:
        return False
