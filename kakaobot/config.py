"""The home folder of a user, and reading, validating and writing `configs/sft.yaml`.

Settings are declared in `kakaobot.settings`.
"""

from __future__ import annotations

import difflib
import functools
import io
import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from kakaobot.atomic_io import replace_text
from kakaobot.chosen_folders import check_folders
from kakaobot.env_file import ENV_NAME, PASSWORD_VARIABLE, read_env, take_secrets
from kakaobot.errors import ConfigError, InvalidSettings, SettingFault, quote
from kakaobot.file_cache import FileCache
from kakaobot.file_names import user_path
from kakaobot.language import tr
from kakaobot.one_look import asked_once
from kakaobot.outgoing import LOG_NAME
from kakaobot.setting_fields import group_title, setting_fields, setting_groups, title_of
from kakaobot.settings import KeyFault, Settings
from kakaobot.text_file import read_text
from kakaobot.yaml_file import parse_yaml

ROOT = Path(__file__).resolve().parent.parent
HOME_VARIABLE = "KAKAOBOT_HOME"
_SETTINGS_FOLDER, _STATE_FOLDER, _UPLOAD_FOLDER = "configs", ".kakaobot", ".tmp"
_OWN_NAMES = (_SETTINGS_FOLDER, _STATE_FOLDER, _UPLOAD_FOLDER, ENV_NAME)
"""What is in a home besides the folders of the settings."""


@dataclass(frozen=True)
class Home:
    """The folder of a user's settings, data and runs."""

    root: Path
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """Passwords that were in the environment."""

    @classmethod
    def find(cls, environ: MutableMapping[str, str] = os.environ) -> Home:
        """`KAKAOBOT_HOME`, else the folder of the program.

        Takes the passwords out of the environment, which every child process inherits.

        Raises:
            ConfigError: the path is a link to itself.
        """
        path = user_path(environ.get(HOME_VARIABLE) or str(ROOT))
        try:
            root = path.resolve()
        except RuntimeError as error:
            raise ConfigError(
                tr(
                    "{path} 는 자기를 가리키는 링크입니다. {home_variable} 에 다른 폴더를 적으세요."
                ).format(path=path, home_variable=HOME_VARIABLE)
            ) from error
        return cls(root, take_secrets(environ))

    @property
    def state_folder(self) -> Path:
        """What the program remembers between its starts."""
        return self.root / _STATE_FOLDER

    @property
    def outgoing_file(self) -> Path:
        """Where the processes of the program write which other machines they connected to."""
        return self.state_folder / LOG_NAME

    @property
    def upload_folder(self) -> Path:
        """Uploads until they are imported; emptied at every start and end."""
        return self.root / _UPLOAD_FOLDER

    @property
    def settings_file(self) -> Path:
        return self.root / _SETTINGS_FOLDER / "sft.yaml"

    @asked_once(lambda self: self.root)
    def settings(self) -> Settings:
        """Read the settings file; if missing, it is created with the defaults.

        Raises:
            ConfigError: as `load_settings`.
        """
        if not self.settings_file.exists():
            self.settings_file.parent.mkdir(parents=True, exist_ok=True)
            replace_text(self.settings_file, render(Settings()))
        return load_settings(self.settings_file)

    def folder(self, path: str) -> Path:
        """A path from the settings, relative to the root unless absolute."""
        return self.root / path

    @property
    def env_file(self) -> Path:
        return self.root / ENV_NAME

    def password(self, environ: Mapping[str, str] = os.environ) -> str:
        """`CHATBOT_PASSWORD` from the environment or `.env`; empty if not set.

        Raises:
            ConfigError: `.env` cannot be read.
        """
        return (
            self.secret(PASSWORD_VARIABLE, environ)
            or read_env(self.env_file).get(PASSWORD_VARIABLE)
            or ""
        )

    def secret(self, name: str, environ: Mapping[str, str] = os.environ) -> str | None:
        """A password from the environment; None if there is none."""
        return environ.get(name, self.secrets.get(name))


@asked_once(lambda file: file)
def load_settings(file: Path) -> Settings:
    """Read and validate a settings file.

    Raises:
        ConfigError: the file is not plain YAML, a key is unknown or there twice, or a value has the
            wrong type or range, or a folder is one that the program needs itself.
    """
    # The window asks for its settings many times a second.
    settings = _files.get(file, lambda: _parsed(read_text(file), str(file)))
    _check_folders(file, settings)
    return settings


_files: FileCache[Settings] = FileCache()


@functools.lru_cache(maxsize=4)
def _parsed(text: str, source: str) -> Settings:
    """Also of a file that is written anew too often to be cached."""
    return parse(parse_yaml(text, source))


def _check_folders(file: Path, settings: Settings) -> None:
    check_folders(file.parent.parent, _OWN_NAMES, tuple(settings.paths))


def parse(document: object) -> Settings:
    """Validate a YAML document. What is left blank has its default: a file, group, value or item.

    Raises:
        ConfigError: as `load_settings`.
    """
    if document is None:
        document = {}
    if not isinstance(document, dict):
        raise ConfigError(tr("설정 파일은 'training:' 같은 묶음들로 이루어져야 합니다."))
    try:
        return Settings.model_validate(
            {str(key): _filled(group) for key, group in document.items()}
        )
    except ValidationError as error:
        raise InvalidSettings(list(map(_fault_of, error.errors()))) from error


def _filled(group: object) -> object:
    """A group without its blank values, which YAML reads as None."""
    if group is None:
        return {}
    if not isinstance(group, dict):
        return group
    return {
        str(key): [item for item in value if item is not None] if isinstance(value, list) else value
        for key, value in group.items()
        if value is not None
    }


def render(settings: Settings) -> str:
    """The settings as commented YAML."""
    lines = [tr("# kakaobot 설정. 값을 바꾸고 저장하면 다음 실행부터 쓰입니다."), ""]
    for group in setting_groups():
        lines += [f"# {group_title(group)}", f"{group}:"]
        values = getattr(settings, group)
        for entry in (entry for entry in setting_fields() if entry.group == group):
            lines.append(f"  # {entry.name}: {entry.explanation}")
            lines.append(f"  {entry.key}: {yaml_value(getattr(values, entry.key))}")
        lines.append("")
    return "\n".join(lines)


def save(file: Path, changes: Mapping[str, object]) -> Settings:
    """Change values (`{"lora.r": 8}`) in the file; comments and order are preserved.

    Raises:
        ConfigError: the result would be invalid; the file is unchanged.
    """
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    text = read_text(file)
    # Of a file of comments alone, they are kept as they are.
    is_empty = parse_yaml(text, str(file)) is None
    document = CommentedMap() if is_empty else _load_with_comments(text, file)
    for path, value in changes.items():
        group, key = path.split(".")
        if document.get(group) is None:
            document[group] = {}
        if isinstance(value, list | tuple):
            # On one line: otherwise the next setting's comment would stick to the last item.
            value = CommentedSeq(DoubleQuotedScalarString(str(item)) for item in value)
            value.fa.set_flow_style()
        document[group][key] = value
    stream = io.StringIO()
    _round_trip().dump(document, stream)
    comments = f"{text.rstrip()}\n" if is_empty and text.strip() else ""
    changed = comments + stream.getvalue()
    settings = parse(parse_yaml(changed, str(file)))
    _check_folders(file, settings)
    replace_text(file, changed)
    return settings


def _load_with_comments(text: str, file: Path) -> Any:
    """The document of a settings file that can be written back with its comments.

    Raises:
        ConfigError: it is not made of groups.
    """
    from ruamel.yaml.error import YAMLError

    parse(parse_yaml(text, str(file)))
    try:
        return _round_trip().load(text)
    except YAMLError as error:
        raise ConfigError(
            tr("{file} 의 들여쓰기와 따옴표를 확인하세요. 고쳐 쓸 수 없습니다.").format(file=file)
        ) from error


def _round_trip() -> Any:
    from ruamel.yaml import YAML

    yaml_file = YAML()
    yaml_file.preserve_quotes, yaml_file.width = True, 4096
    return yaml_file


def yaml_value(value: object) -> str:
    """A value as written on one line of the settings file."""
    if isinstance(value, tuple):
        value = list(value)
    # YAML quotes what needs it: an empty string does, "auto" does not.
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=4096)
    return text.removesuffix("\n").removesuffix("...").strip()


_MESSAGES = {
    "greater_than_equal": tr("{ge} 이상이어야 합니다. 지금 값: {given}"),
    "greater_than": tr("{gt} 보다 커야 합니다. 지금 값: {given}"),
    "less_than_equal": tr("{le} 이하여야 합니다. 지금 값: {given}"),
    "less_than": tr("{lt} 보다 작아야 합니다. 지금 값: {given}"),
    "int_parsing": tr("정수를 적으세요. 지금 값: {given}"),
    "int_type": tr("정수를 적으세요. 지금 값: {given}"),
    "int_from_float": tr("정수를 적으세요. 지금 값: {given}"),
    "float_parsing": tr("숫자를 적으세요. 지금 값: {given}"),
    "float_type": tr("숫자를 적으세요. 지금 값: {given}"),
    "finite_number": tr("유한한 숫자를 적으세요. 지금 값: {given}"),
    "bool_parsing": tr("true 나 false 를 적으세요. 지금 값: {given}"),
    "bool_type": tr("true 나 false 를 적으세요. 지금 값: {given}"),
    "string_type": tr("글자를 적으세요. 숫자라면 따옴표로 감싸세요. 지금 값: {given}"),
    "string_pattern_mismatch": tr(
        "글자, 숫자, '.', '_', '-' 만 60자까지 쓸 수 있습니다. 지금 값: {given}"
    ),
    "tuple_type": tr("[가, 나] 같은 목록을 적으세요. 지금 값: {given}"),
    "model_type": tr("'키: 값' 들의 묶음이어야 합니다. 지금 값: {given}"),
}


_CHOICE_ERRORS = ("literal_error", "bool_parsing", "bool_type")


def _fault_of(error: ErrorDetails) -> SettingFault:
    parts = [
        str(part) for part in error["loc"] if isinstance(part, int) or str(part).isidentifier()
    ]
    path = quote(".".join(parts[:2]))
    if error["type"] == "extra_forbidden":
        return _fault(
            path,
            tr("모르는 설정입니다.{path} 설정 파일에서 고치거나 지우세요.").format(
                path=_suggestion(path)
            ),
        )
    given = quote(error.get("input"))
    if error["type"] == "value_error":
        reason = error["ctx"]["error"]
        return _fault(f"{path}.{reason.key}" if isinstance(reason, KeyFault) else path, str(reason))
    entry = next((entry for entry in setting_fields() if entry.path == path), None)
    if entry and entry.choices and error["type"] in _CHOICE_ERRORS:
        choices = ", ".join(entry.choices)
        return _fault(
            path,
            tr("{choices} 가운데 하나를 적으세요. 지금 값: {given}").format(
                choices=choices, given=given
            ),
        )
    template = _MESSAGES.get(
        error["type"],
        tr("값이 알맞지 않습니다. README 의 설정 표를 보고 고치세요. 지금 값: {given}"),
    )
    limits = {
        key: f"{value:g}" if isinstance(value, int | float) else value
        for key, value in error.get("ctx", {}).items()
    }
    return _fault(path, template.format(given=given, **limits))


def _fault(path: str, reason: str) -> SettingFault:
    return SettingFault(path, title_of(path), reason)


def _suggestion(path: str) -> str:
    known = [field.path for field in setting_fields()] + list(setting_groups())
    matches = difflib.get_close_matches(path, known, n=1, cutoff=0.5)
    return tr(" 혹시 {matches} 인가요?").format(matches=matches[0]) if matches else ""
