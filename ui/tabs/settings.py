"""The tab "5 설정": a form generated from the declared settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.setting_fields import SettingField
from ui import form, text
from ui.errors import notify
from ui.events import Trigger, Updates, on
from ui.password_bar import PageAccess
from ui.render import cards
from ui.services import SettingsProtocol

_UNSEEN = object()
"""Differs from every value of a field."""
_SHOWS_PRIVATE = "shows private"
"""Key of the state of a form: whether it was filled on an unlocked page."""


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

    for event in (*load_events, page.changed):
        on(event, handlers.refresh, [page.access, shown], [*fields, shown])
    on(reload.click, handlers.reload, page.access, [*fields, shown])
    on(save.click, handlers.save, [page.access, shown, *fields], [*fields, shown])


class SettingsHandlers:
    """Handlers of the form. They return one value per entry, and all of them by path."""

    def __init__(self, settings: SettingsProtocol, gate: PasswordGate) -> None:
        self._settings = settings
        self._gate = gate
        self.entries = settings.fields()
        self.groups = settings.groups()

    def refresh(self, access: AccessPass | None, shown: dict[str, object]) -> Updates:
        """Fill in values that changed on disk; a field being edited keeps its value."""
        shows_private = self._gate.shows_words(access)
        values, current = self._values(shows_private)
        was_seen = shown.get(_SHOWS_PRIVATE) == shows_private
        updates = [
            gr.skip()
            if shown.get(entry.path, _UNSEEN) == value and (was_seen or not entry.is_private)
            else self._update(entry, value, shows_private)
            for entry, value in zip(self.entries, values, strict=True)
        ]
        return *updates, current

    def reload(self, access: AccessPass | None) -> Updates:
        """Fill in the values of the file and drop edits."""
        values = self._form_values(access)
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
            return self._form_values(access)
        self._settings.save(changed)
        notify(text.SAVED.format(count=len(changed)))
        return self._form_values(access)

    def _form_values(self, access: AccessPass | None) -> Updates:
        shows_private = self._gate.shows_words(access)
        values, current = self._values(shows_private)
        updates = [
            self._update(entry, value, shows_private)
            for entry, value in zip(self.entries, values, strict=True)
        ]
        return *updates, current

    def _values(self, shows_private: bool) -> tuple[list[object], dict[str, object]]:
        """The values of the fields, and of all by path; a locked page has no private ones."""
        values = self._settings.values()
        shown = {
            entry.path: ""
            if entry.is_private and not shows_private
            else form.field_value(entry, values[entry.path])
            for entry in self.entries
        }
        return list(shown.values()), shown | {_SHOWS_PRIVATE: shows_private}

    def _update(self, entry: SettingField, value: object, shows_private: bool) -> object:
        if not entry.is_private:
            return value
        hint = "" if shows_private else text.LOCKED_HINT
        return gr.Textbox(str(value), interactive=shows_private, placeholder=hint)


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
