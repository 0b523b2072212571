"""The tab "5 설정": a form generated from the declared settings."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.errors import InvalidSettings
from kakaobot.setting_fields import SettingField
from ui import form, settings_text, text
from ui.errors import notify
from ui.event_data import sent_text
from ui.events import Trigger, Updates, on, skip
from ui.password_bar import PageAccess
from ui.render import cards
from ui.render.settings import setting_about, setting_contents, setting_heading, setting_problem
from ui.services import SettingsProtocol

_UNSEEN = object()
"""Differs from every value of a field."""
_SHOWS_PRIVATE = "shows private"
"""Key of the state of a form: whether it was filled on an unlocked page."""
_MIN_RESET = 3
"""Settings of a group that has a button for all of them; each has one of its own."""
# What is above the fields has buttons that carry the path of a setting.
_SCRIPT = """\
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-set-back]");
  if (button) trigger("click", { setting: button.dataset.setBack });
});
watch("value", () => {
  if (!props.value) return;
  const seen = () => [...document.querySelectorAll(".kb-setting .kb-field-error")];
  setTimeout(() => {
    const fault = seen().find((one) => one.offsetParent);
    if (fault) fault.scrollIntoView({ behavior: "smooth", block: "center" });
  }, 300);
});"""


@dataclass(frozen=True)
class SettingsComponents:
    """The outputs of the handlers, in order; `fields` and `abouts` are in that of the entries."""

    fields: tuple[Any, ...]
    abouts: tuple[gr.HTML, ...]
    groups: tuple[gr.Accordion, ...]
    """Of the expert settings, in the order of `SettingsHandlers.expert_groups`."""
    problem: gr.HTML
    shown: gr.State
    """The values that the form was last filled with, by path."""

    @property
    def all(self) -> list[Any]:
        return [*self.fields, *self.abouts, *self.groups, self.problem, self.shown]


def build(handlers: SettingsHandlers, page: PageAccess, load_events: Sequence[Trigger]) -> None:
    """Lay out the tab and wire it; `load_events` refresh the form."""
    with gr.Row(elem_id="set-top"):
        gr.HTML(cards.lead(settings_text.LEAD))
        reload = gr.Button(text.RELOAD, scale=0, min_width=190, elem_id="set-reload")
        save = gr.Button(text.SAVE, variant="primary", scale=0, min_width=100, elem_id="set-save")
    problem = gr.HTML(cards.UNFILLED, js_on_load=_SCRIPT, elem_id="set-problem")
    parts, resets = _layout(handlers, problem)
    outputs = parts.all
    # An event with so many outputs takes a tenth of a second, even if it changes none of them.
    news = gr.Textbox(visible="hidden", elem_id="set-news")
    for event in (*load_events, page.changed):
        on(event, handlers.look, [page.access, parts.shown], news)
    on(news.change, handlers.refresh, [page.access, parts.shown], outputs)
    on(reload.click, handlers.reload, page.access, outputs)
    on(save.click, handlers.save, [page.access, parts.shown, *parts.fields], outputs)
    on(problem.click, handlers.set_back, None, [*parts.fields, *parts.abouts])
    for paths, reset in resets:
        group = SettingsGroupHandlers([entry for entry in handlers.entries if entry.path in paths])
        indexes = [n for n, entry in enumerate(handlers.entries) if entry.path in paths]
        changed = [parts.fields[n] for n in indexes] + [parts.abouts[n] for n in indexes]
        on(reset.click, group.reset, None, changed)


class SettingsHandlers:
    """Handlers of the form. They return values in the order of `SettingsComponents`."""

    def __init__(self, settings: SettingsProtocol, gate: PasswordGate) -> None:
        self._settings = settings
        self._gate = gate
        self.entries = settings.fields()
        self.groups = settings.groups()
        experts = {entry.group for entry in self.entries if entry.is_expert}
        self.expert_groups = [name for name, _ in self.groups if name in experts]

    def look(self, access: AccessPass | None, shown: dict[str, object]) -> object:
        """Call for `refresh` by another text, if it has something to fill in."""
        current = self._values(self._gate.shows_words(access))
        return gr.skip() if current == shown else secrets.token_hex(8)

    def refresh(self, access: AccessPass | None, shown: dict[str, object]) -> Updates:
        """Fill in values that changed on disk; a field being edited keeps its value."""
        shows_private = self._gate.shows_words(access)
        current = self._values(shows_private)
        was_seen = shown.get(_SHOWS_PRIVATE) == shows_private

        def is_old(entry: SettingField) -> bool:
            same = shown.get(entry.path, _UNSEEN) == current[entry.path]
            return not same or (entry.is_private and not was_seen)

        return self._updates(current, is_old)

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
        try:
            self._settings.save(changed)
        except InvalidSettings as error:
            return self._refused(error, shown)
        notify(text.SAVED.format(count=len(changed)))
        return self._form_values(access)

    def set_back(self, event: gr.EventData) -> Updates:
        """Fill in the default of one setting."""
        path = sent_text(event, "setting")
        defaults = [
            _default(entry) if entry.path == path else (gr.skip(), gr.skip())
            for entry in self.entries
        ]
        return *(field for field, _ in defaults), *(about for _, about in defaults)

    def _form_values(self, access: AccessPass | None) -> Updates:
        return self._updates(self._values(self._gate.shows_words(access)), lambda _: True)

    def _updates(
        self, current: Mapping[str, object], is_old: Callable[[SettingField], bool]
    ) -> Updates:
        """All outputs; those of entries that are not old stay."""
        shows_private = bool(current[_SHOWS_PRIVATE])
        fields = [
            self._update(entry, current[entry.path], shows_private) if is_old(entry) else gr.skip()
            for entry in self.entries
        ]
        abouts = [
            setting_about(entry, is_changed=self._is_changed(entry, current))
            if is_old(entry)
            else gr.skip()
            for entry in self.entries
        ]
        return *fields, *abouts, *skip(len(self.expert_groups)), "", dict(current)

    def _refused(self, error: InvalidSettings, shown: Mapping[str, object]) -> Updates:
        """What was entered stays, each fault beside its field, in groups that are unfolded."""
        reasons = {fault.path: fault.reason for fault in error.faults}
        abouts = [
            setting_about(
                entry,
                is_changed=self._is_changed(entry, shown),
                fault=reasons.get(entry.path, ""),
            )
            for entry in self.entries
        ]
        refused = {
            entry.group for entry in self.entries if entry.path in reasons and entry.is_expert
        }
        groups = [
            gr.Accordion(open=True) if name in refused else gr.skip() for name in self.expert_groups
        ]
        problem = setting_problem(error.faults, self.entries)
        return *skip(len(self.entries)), *abouts, *groups, problem, gr.skip()

    def _is_changed(self, entry: SettingField, values: Mapping[str, object]) -> bool:
        hidden = entry.is_private and not values.get(_SHOWS_PRIVATE)
        default = form.field_value(entry, entry.default)
        return not hidden and values.get(entry.path, default) != default

    def _values(self, shows_private: bool) -> dict[str, object]:
        """The values of the fields by path; a locked page has no private ones."""
        values = self._settings.values()
        shown: dict[str, object] = {
            entry.path: ""
            if entry.is_private and not shows_private
            else form.field_value(entry, values[entry.path])
            for entry in self.entries
        }
        return shown | {_SHOWS_PRIVATE: shows_private}

    def _update(self, entry: SettingField, value: object, shows_private: bool) -> object:
        if not entry.is_private:
            return value
        hint = "" if shows_private else text.LOCKED_HINT
        return gr.Textbox(str(value), interactive=shows_private, placeholder=hint)


class SettingsGroupHandlers:
    """Handler of the reset button of one group."""

    def __init__(self, entries: Sequence[SettingField]) -> None:
        self._entries = entries

    def reset(self) -> Updates:
        notify(text.RESET_DONE)
        defaults = [_default(entry) for entry in self._entries]
        return *(field for field, _ in defaults), *(about for _, about in defaults)


def _default(entry: SettingField) -> tuple[object, str]:
    """The default of a setting for its field, and what is above it until it is saved."""
    about = setting_about(entry, hint=settings_text.WAS_SET_BACK)
    return form.field_value(entry, entry.default), about


def _layout(
    handlers: SettingsHandlers, problem: gr.HTML
) -> tuple[SettingsComponents, list[tuple[set[str], gr.Button]]]:
    """The form, and its reset buttons with the paths of their settings."""
    made: dict[str, tuple[Any, gr.HTML]] = {}
    resets = []
    plain = {
        (name, title): group
        for name, title in handlers.groups
        if (group := [one for one in handlers.entries if one.group == name and not one.is_expert])
    }
    headings = [(_heading_id(name), title) for name, title in plain]
    gr.HTML(setting_contents([*headings, (_heading_id("expert"), settings_text.EXPERT)]))
    for (name, title), group in plain.items():
        gr.HTML(setting_heading(_heading_id(name), title))
        resets.append(_group(f"set-{name}", group, made))
    gr.HTML(setting_heading(_heading_id("expert"), settings_text.EXPERT, settings_text.EXPERT_HINT))
    accordions = []
    for name in handlers.expert_groups:
        group = [entry for entry in handlers.entries if entry.group == name and entry.is_expert]
        title = dict(handlers.groups)[name]
        with gr.Accordion(title, open=False, elem_id=f"set-{name}-expert") as accordion:
            resets.append(_group(f"set-{name}-expert", group, made))
        accordions.append(accordion)
    fields, abouts = zip(*(made[entry.path] for entry in handlers.entries), strict=True)
    return SettingsComponents(fields, abouts, tuple(accordions), problem, gr.State({})), resets


def _heading_id(name: str) -> str:
    return f"set-of-{name}"


def _group(
    elem_id: str, entries: Sequence[SettingField], made: dict[str, tuple[Any, gr.HTML]]
) -> tuple[set[str], gr.Button]:
    """Make the fields of settings by path; returns their paths and their reset button."""
    with gr.Row(elem_classes="kb-fields"):
        for entry in entries:
            with gr.Column(min_width=280, elem_classes="kb-field"):
                about = gr.HTML(setting_about(entry), elem_id=f"about-{entry.group}-{entry.key}")
                made[entry.path] = form.form_field(entry), about
    reset = gr.Button(
        text.RESET,
        size="sm",
        visible=len(entries) >= _MIN_RESET,
        elem_id=f"{elem_id}-reset",
        elem_classes="kb-reset",
    )
    return {entry.path for entry in entries}, reset
