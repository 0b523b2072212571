"""Form fields out of the declared settings. Knows kinds of settings, not which there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from kakaobot.config import SettingField
from ui import text


def form_field(entry: SettingField) -> Any:
    """An empty field of the kind that fits; its value comes with `shown_value`."""
    common: dict[str, Any] = {
        "label": entry.key,
        "info": field_info(entry),
        "elem_id": f"set-{entry.group}-{entry.key}",
    }
    if entry.kind == "bool":
        return gr.Checkbox(**common)
    if entry.kind == "switch":
        choices = [(text.SWITCHES[value], value) for value in entry.choices]
        return gr.Dropdown(choices, **common)
    if entry.kind == "choice":
        return gr.Dropdown(list(entry.choices), **common)
    if entry.kind == "list":
        return gr.Textbox(lines=3, max_lines=8, **common)
    # Text for numbers too: gr.Number refuses in English, and the settings refuse in Korean.
    return gr.Textbox(max_lines=1, **common)


def field_value(entry: SettingField, value: object) -> object:
    """A setting's value as its field shows it."""
    if entry.kind == "bool":
        return bool(value)
    if entry.kind == "switch":
        return str(value).lower()
    if isinstance(value, tuple | list):
        return "\n".join(str(each) for each in value)
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def field_info(entry: SettingField) -> str:
    """The description with range and default."""
    extra = [part for part in (_range(entry), _default(entry)) if part]
    if entry.kind == "list":
        extra.insert(0, text.ONE_PER_LINE)
    return f"{entry.description} ({', '.join(extra)})"


def changed_values(
    entries: Sequence[SettingField], before: Mapping[str, object], now: Sequence[object]
) -> dict[str, object]:
    """What the user changed since the form was filled: what others wrote meanwhile stays."""
    given = {entry.path: value for entry, value in zip(entries, now, strict=True)}
    return {path: value for path, value in given.items() if value != before.get(path)}


def _range(entry: SettingField) -> str:
    low, high = entry.minimum, entry.maximum
    kind = {(True, True): "both", (True, False): "low", (False, True): "high"}.get(
        (low is not None, high is not None)
    )
    return text.RANGE[kind].format(low=_short(low), high=_short(high)) if kind else ""


def _default(entry: SettingField) -> str:
    value = field_value(entry, entry.default)
    if entry.kind in ("bool", "switch"):
        value = text.SWITCHES[str(value).lower()]
    lines = str(value).replace("\n", " / ")
    return text.DEFAULT_VALUE.format(value=lines or text.EMPTY_VALUE)


def _short(limit: float | None) -> str:
    return "" if limit is None else f"{limit:,.10g}"
