"""The tab "5 설정": a form generated from the declared settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from kakaobot.app.settings import SettingsEditor
from kakaobot.config import SettingField
from ui import form, text
from ui.errors import notify
from ui.events import on
from ui.render import cards

_NEW = object()
"""Equal to no value of a field."""


def build(preferences: SettingsEditor, arrivals: Sequence[Callable[..., Any]]) -> None:
    """Lay out the tab and wire it. Every handler is one call to `preferences`."""
    entries = preferences.fields()
    filled = gr.State({})
    with gr.Row(elem_id="set-top"):
        gr.HTML(cards.lead(text.SETTINGS_LEAD))
        reload = gr.Button(text.RELOAD, scale=0, min_width=190, elem_id="set-reload")
        save = gr.Button(text.SAVE, variant="primary", scale=0, min_width=100, elem_id="set-save")
    fields: dict[str, Any] = {}
    for name, title in preferences.groups():
        group = [entry for entry in entries if entry.group == name]
        with gr.Accordion(title, open=name == "training", elem_id=f"set-{name}"):
            fields |= _group(name, group)
    ordered = [fields[entry.path] for entry in entries]

    def fill() -> tuple[object, ...]:
        values = preferences.values()
        shown = {entry.path: form.field_value(entry, values[entry.path]) for entry in entries}
        return *shown.values(), shown

    def catch_up(before: dict[str, object]) -> tuple[object, ...]:
        """What another window or an editor changed, and nothing over what is being typed."""
        *values, shown = fill()
        pairs = zip(entries, values, strict=True)
        fresh = [gr.skip() if before.get(e.path, _NEW) == value else value for e, value in pairs]
        return *fresh, shown

    def read_again() -> tuple[object, ...]:
        values = fill()
        notify(text.RELOADED)
        return values

    def write(before: dict[str, object], *now: object) -> tuple[object, ...]:
        changed = form.changed_values(entries, before, now)
        if not changed:
            notify(text.UNCHANGED)
            return fill()
        preferences.save(changed)
        notify(text.SAVED.format(count=len(changed)))
        return fill()

    for arrival in arrivals:
        on(arrival, catch_up, filled, [*ordered, filled])
    on(reload.click, read_again, None, [*ordered, filled])
    on(save.click, write, [filled, *ordered], [*ordered, filled])


def _group(name: str, entries: list[SettingField]) -> dict[str, Any]:
    """The fields of one group, three in a row, with a button for its defaults."""
    fields: dict[str, Any] = {}
    with gr.Row(elem_classes="kb-fields"):
        for entry in entries:
            with gr.Column(min_width=280):
                fields[entry.path] = form.form_field(entry)
    reset = gr.Button(text.RESET, size="sm", elem_id=f"set-{name}-reset", elem_classes="kb-reset")

    def defaults() -> tuple[object, ...] | object:
        notify(text.RESET_DONE)
        values = tuple(form.field_value(entry, entry.default) for entry in entries)
        return values if len(values) > 1 else values[0]

    on(reset.click, defaults, None, list(fields.values()))
    return fields
