"""Form fields of declared settings. Knows kinds of settings, but no single one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from kakaobot.setting_fields import SettingField
from ui import settings_text, text
from ui.choice import Choice


def form_field(entry: SettingField) -> Any:
    """An empty component for a setting; `field_value` is its value."""
    common: dict[str, Any] = {
        "label": entry.name,
        # Its name is not shown: what stands above it does, with the key.
        "container": False,
        "elem_id": f"set-{entry.group}-{entry.key}",
    }
    if entry.kind == "bool":
        return gr.Checkbox(**common)
    if entry.kind == "switch":
        return Choice([(text.SWITCHES[value], value) for value in entry.choices], **common)
    if entry.kind == "choice":
        return Choice([(_choice(entry, value), value) for value in entry.choices], **common)
    if entry.kind == "list":
        return gr.Textbox(lines=3, max_lines=8, **common)
    # Numbers too: gr.Number rejects input in English, the settings in Korean.
    return gr.Textbox(max_lines=1, **common)


def field_value(entry: SettingField, value: object) -> object:
    """The value of a setting's form field."""
    if entry.kind == "bool":
        return bool(value)
    if entry.kind == "switch":
        return str(value).lower()
    if isinstance(value, tuple | list):
        return "\n".join(str(item) for item in value)
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def field_notes(entry: SettingField, *, with_default: bool = True) -> str:
    """Range and default of a setting."""
    default = default_note(entry) if with_default else ""
    notes = [note for note in (_range(entry), default) if note]
    if entry.kind == "list":
        notes.insert(0, text.ONE_PER_LINE)
    return ", ".join(notes)


def changed_values(
    entries: Sequence[SettingField], shown: Mapping[str, object], values: Sequence[object]
) -> dict[str, object]:
    """The values that the user has edited, by path. Others may have changed on disk.

    Args:
        entries: settings of the form.
        shown: values the form was filled with, by path.
        values: current values of its fields, in the order of `entries`.
    """
    current = {entry.path: value for entry, value in zip(entries, values, strict=True)}
    return {path: value for path, value in current.items() if value != shown.get(path)}


def _range(entry: SettingField) -> str:
    low, high = entry.minimum, entry.maximum
    kind = {(True, True): "both", (True, False): "low", (False, True): "high"}.get(
        (low is not None, high is not None)
    )
    return text.RANGE[kind].format(low=_limit(low), high=_limit(high)) if kind else ""


def default_note(entry: SettingField) -> str:
    value = field_value(entry, entry.default)
    if entry.kind in ("bool", "switch"):
        value = text.SWITCHES[str(value).lower()]
    elif entry.kind == "choice":
        value = _choice(entry, str(value))
    lines = str(value).replace("\n", " / ")
    return text.DEFAULT_VALUE.format(value=lines or text.EMPTY_VALUE)


def _choice(entry: SettingField, value: str) -> str:
    """`대화 탭만 (chat)`."""
    name = entry.choice_names.get(value)
    return settings_text.CHOICE.format(name=name, value=value) if name else value


def _limit(limit: float | None) -> str:
    return "" if limit is None else f"{limit:,.10g}"
