"""The tab "5 설정": a form generated from the declared settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.config import SettingField
from ui import form, text
from ui.errors import notify
from ui.events import Trigger, Updates, on
from ui.password_bar import PageAccess
from ui.render import cards
from ui.services import SettingsProtocol

_UNSEEN = object()
"""Differs from every value of a field."""


def build(handlers: SettingsHandlers, page: PageAccess, load_events: Sequence[Trigger]) -> None:
    """Lay out the tab and wire it; `load_events` refresh the form."""
    # The values that the form was last filled with, by path.
    shown = gr.State({})
    with gr.Row(elem_id="set-top"):
        gr.HTML(cards.lead(text.SETTINGS_LEAD))
        reload = gr.Button(text.RELOAD, scale=0, min_width=190, elem_id="set-reload")
        save = gr.Button(text.SAVE, variant="primary", scale=0, min_width=100, elem_id="set-save")
    components: dict[str, Any] = {}
    for name, title in handlers.groups:
        group = [entry for entry in handlers.entries if entry.group == name]
        with gr.Accordion(title, open=name == "training", elem_id=f"set-{name}"):
            components |= _group(name, group)
    fields = [components[entry.path] for entry in handlers.entries]

    for event in load_events:
        on(event, handlers.refresh, shown, [*fields, shown])
    on(reload.click, handlers.reload, None, [*fields, shown])
    on(save.click, handlers.save, [page.access, shown, *fields], [*fields, shown])


class SettingsHandlers:
    """Handlers of the form. They return one value per entry, and all of them by path."""

    def __init__(self, settings: SettingsProtocol, gate: PasswordGate) -> None:
        self._settings = settings
        self._gate = gate
        self.entries = settings.fields()
        self.groups = settings.groups()

    def refresh(self, shown: dict[str, object]) -> Updates:
        """Fill in values that changed on disk; a field being edited keeps its value."""
        *values, current = self._form_values()
        updates = [
            gr.skip() if shown.get(entry.path, _UNSEEN) == value else value
            for entry, value in zip(self.entries, values, strict=True)
        ]
        return *updates, current

    def reload(self) -> Updates:
        """Fill in the values of the file and drop edits."""
        values = self._form_values()
        notify(text.RELOADED)
        return values

    def save(self, access: AccessPass | None, shown: dict[str, object], *values: object) -> Updates:
        changed = form.changed_values(self.entries, shown, values)
        if self._gate.is_set:
            # Otherwise anybody could switch off what the password covers, or ask for words by
            # masking guesses.
            self._gate.verify(access)
        if not changed:
            notify(text.UNCHANGED)
            return self._form_values()
        self._settings.save(changed)
        notify(text.SAVED.format(count=len(changed)))
        return self._form_values()

    def _form_values(self) -> Updates:
        values = self._settings.values()
        shown = {entry.path: form.field_value(entry, values[entry.path]) for entry in self.entries}
        return *shown.values(), shown


class SettingsGroupHandlers:
    """Handler of the reset button of one group."""

    def __init__(self, entries: Sequence[SettingField]) -> None:
        self._entries = entries

    def reset(self) -> Updates | object:
        notify(text.RESET_DONE)
        defaults = tuple(form.field_value(entry, entry.default) for entry in self._entries)
        # With a single output, gradio takes a tuple for the value itself.
        return defaults if len(defaults) > 1 else defaults[0]


def _group(name: str, entries: Sequence[SettingField]) -> dict[str, Any]:
    """The fields of one group by path, with a reset button."""
    fields: dict[str, Any] = {}
    with gr.Row(elem_classes="kb-fields"):
        for entry in entries:
            with gr.Column(min_width=280):
                fields[entry.path] = form.form_field(entry)
    reset = gr.Button(text.RESET, size="sm", elem_id=f"set-{name}-reset", elem_classes="kb-reset")
    on(reset.click, SettingsGroupHandlers(entries).reset, None, list(fields.values()))
    return fields
