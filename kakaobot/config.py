"""Reads, checks and writes configs/sft.yaml, and knows where a user's home is.

The settings are declared in `kakaobot.settings`.
"""

from __future__ import annotations

import difflib
import io
import os
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from kakaobot.atomic_io import retry_rename
from kakaobot.errors import ConfigError
from kakaobot.settings import Settings, SettingsGroup, Switch

ROOT = Path(__file__).resolve().parent.parent
HOME_VARIABLE = "KAKAOBOT_HOME"
PASSWORD_VARIABLE = "CHATBOT_PASSWORD"


@dataclass(frozen=True)
class Home:
    """Where this user's settings, data and runs are."""

    root: Path

    @classmethod
    def find(cls, environ: Mapping[str, str] = os.environ) -> Home:
        """`KAKAOBOT_HOME`, else the folder of the program."""
        return cls(Path(environ.get(HOME_VARIABLE) or ROOT).expanduser().resolve())

    @property
    def settings_file(self) -> Path:
        return self.root / "configs" / "sft.yaml"

    def settings(self) -> Settings:
        """Read afresh; the file is written with the defaults where there is none.

        Raises:
            ConfigError: see `load_settings`.
        """
        if not self.settings_file.exists():
            self.settings_file.parent.mkdir(parents=True, exist_ok=True)
            self.settings_file.write_text(render(Settings()), encoding="utf-8")
        return load_settings(self.settings_file)

    def folder(self, path: str) -> Path:
        """A path of the settings, relative to the root unless it is absolute."""
        return self.root / path

    def password(self, environ: Mapping[str, str] = os.environ) -> str:
        """`CHATBOT_PASSWORD` of the environment or of `.env`; empty where it is not set."""
        return environ.get(PASSWORD_VARIABLE) or (
            dotenv_values(stream=io.StringIO(_read_env(self.root / ".env"))).get(PASSWORD_VARIABLE)
            or ""
        )


@dataclass(frozen=True)
class SettingField:
    """One setting as a form or a table shows it."""

    group: str
    key: str
    default: Any
    description: str
    kind: Literal["int", "float", "bool", "switch", "choice", "text", "list"]
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None

    @property
    def path(self) -> str:
        return f"{self.group}.{self.key}"


def _read_env(file: Path) -> str:
    """The text of a `.env`, as Notepad (UTF-8 or CP949) or PowerShell (UTF-16) saves it."""
    try:
        raw = file.read_bytes()
    except OSError:
        return ""
    codings = ("utf-16",) if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp949")
    for coding in codings:
        try:
            return raw.decode(coding)
        except UnicodeDecodeError:
            continue
    raise ConfigError(
        f"{file} 을 읽을 수 없습니다. 메모장에서 인코딩을 UTF-8 로 골라 다시 저장하세요."
    )


def setting_fields() -> list[SettingField]:
    """Every setting in the order of the file."""
    return [
        _entry(group, key, field)
        for group, model in _groups().items()
        for key, field in model.model_fields.items()
    ]


def load_settings(file: Path) -> Settings:
    """Read and check a settings file.

    Raises:
        ConfigError: the file is no YAML, a key is unknown (the nearest one is named), or a value is
            of the wrong type or out of range.
    """
    try:
        given = yaml.safe_load(file.read_text(encoding="utf-8-sig")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" {mark.line + 1}번째 줄" if mark else ""
        raise ConfigError(
            f"설정 파일{where}을 읽을 수 없습니다. 들여쓰기와 따옴표를 확인하세요: {file}"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"설정 파일을 열 수 없습니다. 파일의 자리와 읽기 권한을 확인하세요: {file}"
        ) from error
    return parse(given)


def parse(given: object) -> Settings:
    """Settings from what YAML gave.

    Raises:
        ConfigError: as `load_settings`.
    """
    if not isinstance(given, dict):
        raise ConfigError("설정 파일은 'training:' 같은 묶음들로 이루어져야 합니다.")
    # An empty group in YAML ("smoke:") is None, which means its defaults.
    given = {key: {} if value is None else value for key, value in given.items()}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise ConfigError(_sentence(error.errors()[0])) from error


def render(settings: Settings) -> str:
    """The settings as commented YAML."""
    lines = ["# kakaobot 설정. 값을 바꾸고 저장하면 다음 실행부터 쓰입니다.", ""]
    for group, model in _groups().items():
        lines += [f"# {model.__doc__}", f"{group}:"]
        values = getattr(settings, group)
        for key, field in model.model_fields.items():
            lines.append(f"  # {field.description}")
            lines.append(f"  {key}: {_yaml_value(getattr(values, key))}")
        lines.append("")
    return "\n".join(lines)


def markdown() -> str:
    """All settings as a table for the README."""
    rows = ["| 설정 | 기본값 | 범위 | 뜻 |", "|---|---|---|---|"]
    for entry in setting_fields():
        ends = ["" if end is None else f"{end:,.10g}" for end in (entry.minimum, entry.maximum)]
        span = ", ".join(entry.choices) or ("~".join(ends) if any(ends) else "")
        default = f"`{_yaml_value(entry.default)}`"
        rows.append(f"| `{entry.path}` | {default} | {span} | {entry.description} |")
    return "\n".join(rows)


def save(file: Path, changes: Mapping[str, object]) -> Settings:
    """Change some values (`{"lora.r": 8}`) in the file; its comments and its order stay.

    Raises:
        ConfigError: the result would not be valid; the file is left as it was.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedSeq
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    writer = YAML()
    writer.preserve_quotes = True
    writer.width = 4096
    document = writer.load(file.read_text(encoding="utf-8-sig")) or {}
    for path, value in changes.items():
        group, key = path.split(".")
        document.setdefault(group, {})
        if document[group] is None:
            document[group] = {}
        if isinstance(value, list | tuple):
            # On one line: the comment of the next setting would hang on the last item else.
            value = CommentedSeq(DoubleQuotedScalarString(str(item)) for item in value)
            value.fa.set_flow_style()
        document[group][key] = value
    draft = file.with_suffix(".yaml.new")
    with draft.open("w", encoding="utf-8", newline="\n") as stream:
        writer.dump(document, stream)
    try:
        settings = load_settings(draft)
    except ConfigError:
        draft.unlink()
        raise
    retry_rename(lambda: draft.replace(file))
    return settings


def _groups() -> dict[str, type[SettingsGroup]]:
    return {
        name: typing.cast("type[SettingsGroup]", field.annotation)
        for name, field in Settings.model_fields.items()
    }


def _entry(group: str, key: str, field: FieldInfo) -> SettingField:
    annotation = field.annotation
    choices = tuple(str(choice) for choice in _choices(annotation))
    kind: Any = "text"
    if annotation == Switch:
        kind, choices = "switch", ("auto", "true", "false")
    elif choices:
        kind = "choice"
    elif annotation in (int, float, bool):
        kind = typing.cast("type", annotation).__name__
    elif "tuple" in str(annotation) and not isinstance(field.default, str):
        kind = "list"
    limits: dict[str, float] = {}
    for rule in field.metadata:
        for name in ("ge", "gt", "le", "lt"):
            if getattr(rule, name, None) is not None:
                limits[name] = float(getattr(rule, name))
    return SettingField(
        group,
        key,
        field.default,
        field.description or "",
        kind,
        choices,
        limits.get("ge", limits.get("gt")),
        limits.get("le", limits.get("lt")),
    )


def _choices(annotation: object) -> Iterator[object]:
    if typing.get_origin(annotation) is Literal:
        yield from typing.get_args(annotation)
    elif isinstance(annotation, types.UnionType):
        for part in typing.get_args(annotation):
            yield from _choices(part)


def _yaml_value(value: object) -> str:
    if isinstance(value, tuple):
        value = list(value)
    # "auto" needs no quotes, an empty string and a list do; YAML itself knows which.
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=4096)
    return text.removesuffix("\n").removesuffix("...").strip()


_SENTENCES = {
    "greater_than_equal": "{path} 는 {ge} 이상이어야 합니다. 지금 값: {given}",
    "greater_than": "{path} 는 {gt} 보다 커야 합니다. 지금 값: {given}",
    "less_than_equal": "{path} 는 {le} 이하여야 합니다. 지금 값: {given}",
    "less_than": "{path} 는 {lt} 보다 작아야 합니다. 지금 값: {given}",
    "literal_error": "{path} 에는 {expected} 가운데 하나를 적으세요. 지금 값: {given}",
    "int_parsing": "{path} 에는 정수를 적으세요. 지금 값: {given}",
    "int_type": "{path} 에는 정수를 적으세요. 지금 값: {given}",
    "int_from_float": "{path} 에는 정수를 적으세요. 지금 값: {given}",
    "float_parsing": "{path} 에는 숫자를 적으세요. 지금 값: {given}",
    "float_type": "{path} 에는 숫자를 적으세요. 지금 값: {given}",
    "finite_number": "{path} 에는 유한한 숫자를 적으세요. 지금 값: {given}",
    "bool_parsing": "{path} 에는 true 나 false 를 적으세요. 지금 값: {given}",
    "bool_type": "{path} 에는 true 나 false 를 적으세요. 지금 값: {given}",
    "string_type": "{path} 에는 글자를 적으세요. 숫자라면 따옴표로 감싸세요. 지금 값: {given}",
    "string_pattern_mismatch": "{path} 에는 글자, 숫자, '.', '_', '-' 만 60자까지 쓸 수 있습니다. "
    "지금 값: {given}",
    "tuple_type": "{path} 에는 [가, 나] 같은 목록을 적으세요. 지금 값: {given}",
    "model_type": "{path} 는 '키: 값' 들의 묶음이어야 합니다. 지금 값: {given}",
}


def _sentence(error: ErrorDetails) -> str:
    parts = [
        str(part) for part in error["loc"] if isinstance(part, int) or str(part).isidentifier()
    ]
    path = ".".join(parts[:2]) or "설정"
    if error["type"] == "extra_forbidden":
        return f"모르는 설정입니다: {path}.{_nearest(path)} 설정 파일에서 고치거나 지우세요."
    given = error.get("input")
    if error["type"] == "value_error":
        return f"{path}: {error['ctx']['error']}"
    if error["type"] in ("bool_parsing", "bool_type", "literal_error") and path in {
        entry.path for entry in setting_fields() if entry.kind == "switch"
    }:
        return f"{path} 에는 true, false, auto 가운데 하나를 적으세요. 지금 값: {given}"
    form = _SENTENCES.get(
        error["type"],
        "{path} 의 값이 알맞지 않습니다. README 의 설정 표를 보고 고치세요. 지금 값: {given}",
    )
    limits = {
        key: f"{value:g}" if isinstance(value, int | float) else value
        for key, value in error.get("ctx", {}).items()
    }
    return form.format(path=path, given=given, **limits)


def _nearest(path: str) -> str:
    known = [entry.path for entry in setting_fields()] + list(_groups())
    near = difflib.get_close_matches(path, known, n=1, cutoff=0.5)
    return f" 혹시 {near[0]} 인가요?" if near else ""
