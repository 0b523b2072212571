"""The declared settings as a form, a table or a message shows them."""

from __future__ import annotations

import functools
import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic.fields import FieldInfo

from kakaobot.language import LANGUAGE, tr
from kakaobot.setting_types import Switch
from kakaobot.settings import CHOICES, EXPERT, PRIVATE, Settings, SettingsGroup

_TITLE = "{name}({path})" if LANGUAGE == "ko" else "{name} ({path})"


@dataclass(frozen=True)
class SettingField:
    """One setting as shown in a form or table."""

    group: str
    key: str
    name: str
    """What people call it."""
    default: Any
    description: str
    kind: Literal["int", "float", "bool", "switch", "choice", "text", "list"]
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    choice_names: Mapping[str, str] = field(default_factory=dict)
    """What some of its choices are called."""
    is_expert: bool = False
    """Whether most people leave it alone."""
    is_private: bool = False
    """Whether its value is as private as the words of the room."""

    @property
    def path(self) -> str:
        return f"{self.group}.{self.key}"

    @property
    def title(self) -> str:
        """As a message calls it: `학습 이름(project.run_name)`."""
        return _TITLE.format(name=self.name, path=self.path)

    @property
    def explanation(self) -> str:
        """Its description, and what its choices are called."""
        names = ", ".join(f"{value} = {name}" for value, name in self.choice_names.items())
        return f"{self.description} ({names})" if names else self.description

    @property
    def limits(self) -> tuple[float | None, float | None]:
        return self.minimum, self.maximum


def setting_fields() -> list[SettingField]:
    """Every setting, in file order."""
    return [
        _setting_field(group, key, info)
        for group, model in setting_groups().items()
        for key, info in model.model_fields.items()
    ]


def setting_groups() -> dict[str, type[SettingsGroup]]:
    return {
        name: typing.cast("type[SettingsGroup]", info.annotation)
        for name, info in Settings.model_fields.items()
    }


def group_title(name: str) -> str:
    """What people call a group."""
    return tr(setting_groups()[name].__doc__ or name)


def with_names(sentence: str) -> str:
    """A sentence in which settings are called by their names and paths."""
    return _paths().sub(lambda path: f"'{_titles()[path[0]]}'", sentence)


@functools.cache
def _titles() -> dict[str, str]:
    return {field.path: field.title for field in setting_fields()}


@functools.cache
def _paths() -> re.Pattern[str]:
    return re.compile(rf"(?<![\w(./'])(?:{'|'.join(map(re.escape, _titles()))})(?![\w.]*\w)")


def title_of(path: str) -> str:
    """A setting or group as a message calls it; of an unknown one, its path."""
    titles = {field.path: field.title for field in setting_fields()} | {
        name: _TITLE.format(name=group_title(name), path=name) for name in setting_groups()
    }
    return titles.get(path, path or tr("설정"))


def _setting_field(group: str, key: str, info: FieldInfo) -> SettingField:
    annotation = info.annotation
    declared = typing.cast("dict[str, Any]", info.json_schema_extra)
    choices = tuple(str(choice) for choice in _choices(annotation))
    kind: Any = "text"
    if annotation == Switch:
        kind, choices = "switch", ("auto", "true", "false")
    elif choices:
        kind = "choice"
    elif annotation in (int, float, bool):
        kind = typing.cast("type", annotation).__name__
    elif "tuple" in str(annotation) and not isinstance(info.default, str):
        kind = "list"
    limits: dict[str, float] = {}
    for rule in info.metadata:
        for name in ("ge", "gt", "le", "lt"):
            if getattr(rule, name, None) is not None:
                limits[name] = float(getattr(rule, name))
    return SettingField(
        group,
        key,
        tr(info.title or key),
        info.default,
        tr(info.description or ""),
        kind,
        choices,
        limits.get("ge", limits.get("gt")),
        limits.get("le", limits.get("lt")),
        {value: tr(name) for value, name in declared[CHOICES].items()},
        declared[EXPERT],
        declared[PRIVATE],
    )


def _choices(annotation: object) -> Iterator[object]:
    if typing.get_origin(annotation) is Literal:
        yield from typing.get_args(annotation)
    elif isinstance(annotation, types.UnionType):
        for part in typing.get_args(annotation):
            yield from _choices(part)
