"""`.env`, which holds the password: its text, who can read it, and the names it is saved under."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from kakaobot.atomic_io import replace_text
from kakaobot.errors import ConfigError
from kakaobot.language import tr
from kakaobot.text_file import read_text

ENV_NAME = ".env"
PASSWORD_VARIABLE = "CHATBOT_PASSWORD"
"""The password to set."""
ACCESS_VARIABLE = "CHATBOT_ACCESS_PASSWORD"
"""The password to enter, for commands without a terminal."""
SECRET_VARIABLES = (PASSWORD_VARIABLE, ACCESS_VARIABLE)

_LOOKALIKE = re.compile(r"[._]?env(?:\.\w+)*", re.IGNORECASE)
_TEMPLATES = re.compile(r".*\.(?:example|sample|template)", re.IGNORECASE)
_LINE_START = re.compile(r"\s*(?:export[^\S\n]+)?")
_COMMENT = re.compile(r"[^\S\n]+#[^\n'\"]*(?=\n?\Z)")
"""Behind a value. One with a quote in it may be a part of the value."""
_OWNER_ONLY = stat.S_IRUSR | stat.S_IWUSR
_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_env(file: Path) -> dict[str, str]:
    """The variables of a `.env`; none if it does not exist.

    Read as dotenv does, but nothing is interpolated: a `$` in a password is a `$`.

    Raises:
        ConfigError: the file cannot be read, or its line with the password is malformed.
    """
    if not file.exists() or file.is_dir():
        return {}
    bindings = _parse(read_text(file))
    for binding in bindings:
        if binding.error and PASSWORD_VARIABLE in binding.original.string:
            raise ConfigError(
                tr(
                    "{name} 의 {line}번째 줄을 알아볼 수 없습니다. {password_variable}=비밀번호 "
                    "처럼 적고, 따옴표를 열었으면 닫아 주세요."
                ).format(
                    name=file.name, line=binding.original.line, password_variable=PASSWORD_VARIABLE
                )
            )
    return _variables(bindings)


def write_password(file: Path, password: str) -> None:
    """Set the password in a `.env`, which only its owner can read then. All other lines stay.

    Raises:
        ConfigError: the file cannot be read, or its other lines leave no way to write this one.
        OSError: it cannot be written.
    """
    if file.is_dir():
        raise ConfigError(
            tr(
                "{name} 이라는 폴더가 있어 비밀번호를 적을 수 없습니다. 폴더의 이름을 바꾸세요."
            ).format(name=file.name)
        )
    wanted = {**read_env(file), PASSWORD_VARIABLE: password}
    bindings = _parse(read_text(file) if file.exists() else "")
    for value in _spellings(password):
        text = _with_password(bindings, value)
        if _variables(_parse(text)) == wanted:
            # A link stays one: people keep such files elsewhere.
            replace_text(Path(os.path.realpath(file)), text, mode=_OWNER_ONLY)
            return
    raise ConfigError(
        tr(
            "이 비밀번호는 {name} 의 다른 줄과 섞여 적을 수 없습니다. 따옴표나 \\ 를 빼고 정하세요."
        ).format(name=file.name)
    )


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


def _parse(text: str) -> list[Binding]:
    return list(parse_stream(io.StringIO(text)))


def _variables(bindings: Iterable[Binding]) -> dict[str, str]:
    """The last value of each variable that has one."""
    return {
        binding.key: binding.value
        for binding in bindings
        if binding.key is not None and binding.value is not None
    }


def _spellings(password: str) -> Iterator[str]:
    """The ways to write a value, the plainest first; the file tells which one it is read from."""
    if not re.search(r"[\s#'\"\\]", password):
        yield password
    escaped = password.replace("\\", r"\\")
    yield "'" + escaped.replace("'", r"\'") + "'"
    yield '"' + escaped.replace('"', r"\"") + '"'
    yield password


def _with_password(bindings: Sequence[Binding], value: str) -> str:
    """The text of a `.env` in which the last line with the password, or a new one, has a value.

    Older passwords in lines above it are dropped.
    """
    pieces = [binding.original.string for binding in bindings]
    found = [number for number, entry in enumerate(bindings) if entry.key == PASSWORD_VARIABLE]
    for number in found:
        start = _LINE_START.match(pieces[number])
        comment = _COMMENT.search(pieces[number]) if bindings[number].value else None
        ending = f"{comment[0] if comment else ''}\n"
        line = f"{start[0] if start else ''}{PASSWORD_VARIABLE}={value}{ending}"
        pieces[number] = line if number == found[-1] else ""
    if not found:
        before = "".join(pieces)
        newline = "\n" if before and not before.endswith("\n") else ""
        pieces.append(f"{newline}{PASSWORD_VARIABLE}={value}\n")
    return "".join(pieces)


def _sets_password(file: Path) -> bool:
    try:
        return bool(re.search(rf"{PASSWORD_VARIABLE}\s*=\s*\S", read_text(file)))
    except ConfigError:
        return False
