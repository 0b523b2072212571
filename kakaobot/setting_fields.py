"""The declared settings as a form, a table or a message shows them."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic.fields import FieldInfo

from kakaobot.settings import PRIVATE, Settings, SettingsGroup, Switch


@dataclass(frozen=True)
class SettingField:
    """One setting as shown in a form or table."""

    group: str
    key: str
    default: Any
    description: str
    kind: Literal["int", "float", "bool", "switch", "choice", "text", "list"]
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    is_private: bool = False
    """Whether its value is as private as the words of the room."""

    @property
    def path(self) -> str:
        return f"{self.group}.{self.key}"

    @property
    def limits(self) -> tuple[float | None, float | None]:
        return self.minimum, self.maximum


def setting_fields() -> list[SettingField]:
    """Every setting, in file order."""
    return [
        _setting_field(group, key, field)
        for group, model in setting_groups().items()
        for key, field in model.model_fields.items()
    ]


def setting_groups() -> dict[str, type[SettingsGroup]]:
    return {
        name: typing.cast("type[SettingsGroup]", field.annotation)
        for name, field in Settings.model_fields.items()
    }


def _setting_field(group: str, key: str, field: FieldInfo) -> SettingField:
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
        field.json_schema_extra == PRIVATE,
    )


def _choices(annotation: object) -> Iterator[object]:
    if typing.get_origin(annotation) is Literal:
        yield from typing.get_args(annotation)
    elif isinstance(annotation, types.UnionType):
        for part in typing.get_args(annotation):
            yield from _choices(part)
