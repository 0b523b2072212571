"""The form below the password bar, in which the first password is set and any other is changed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from kakaobot.app.password_rules import normalized, password_problem
from kakaobot.errors import AccessDenied, ConfigError
from ui import password_text
from ui.errors import notify
from ui.events import Updates, on, skip
from ui.password_bar import (
    N_OUTPUTS,
    BarComponents,
    PasswordBarHandlers,
    password_field,
    show_on_demand,
)
from ui.render import cards
from ui.services import PasswordFileProtocol


@dataclass(frozen=True)
class FormComponents:
    """The outputs of `PasswordFormHandlers.show` in order, and the buttons."""

    form: gr.Column
    lead: gr.HTML
    inputs: gr.Column
    """Hidden where a password set here would not hold."""
    old_column: gr.Column
    """Hidden for the first password."""
    old: gr.Textbox
    new: gr.Textbox
    again: gr.Textbox
    show: gr.Checkbox
    old_error: gr.HTML
    new_error: gr.HTML
    again_error: gr.HTML
    error: gr.HTML
    """Of the whole form."""
    save: gr.Button
    cancel: gr.Button

    @property
    def outputs(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)][:-1]


@dataclass(frozen=True)
class FormErrors:
    """Korean sentences beside the fields, and below all of them."""

    old: str = ""
    new: str = ""
    again: str = ""
    whole: str = ""


def build(handlers: PasswordFormHandlers, bar: BarComponents) -> None:
    """Lay out the form, hidden until a button of the bar opens it, and wire it."""
    parts = _layout()
    for event in (bar.set_first.click, bar.change.click):
        on(event, handlers.show, None, parts.outputs)
    on(parts.cancel.click, handlers.hide, None, parts.outputs)
    typed = [parts.old, parts.new, parts.again]
    for event in (parts.save.click, *(field.submit for field in typed)):
        on(event, handlers.save, typed, [*bar.outputs, *parts.outputs])
    show_on_demand(parts.show, "#password-form")


class PasswordFormHandlers:
    """Handlers of the form. They return values in the order of `FormComponents.outputs`."""

    def __init__(self, bar: PasswordBarHandlers, file: PasswordFileProtocol) -> None:
        self._bar = bar
        self._gate = bar.gate
        self._file = file

    def show(self) -> Updates:
        return self._updates(is_shown=True)

    def hide(self) -> Updates:
        return self._updates(is_shown=False)

    def save(self, old: str, new: str, again: str, request: gr.Request) -> Updates:
        """Set the first password, or change it; returns the values of the bar before its own."""
        is_change = self._gate.is_set
        if errors := self._mistakes(old, new, again):
            return *skip(N_OUTPUTS), *self._refusal(errors)
        try:
            access = self._gate.change(old, new) if is_change else self._gate.set_first(new)
        except AccessDenied as error:
            errors = FormErrors(old=str(error)) if is_change else FormErrors(whole=str(error))
            return *skip(N_OUTPUTS), *self._refusal(errors)
        except ConfigError as error:
            return *skip(N_OUTPUTS), *self._refusal(FormErrors(whole=str(error)))
        notify(password_text.CHANGE_DONE if is_change else password_text.SET_DONE)
        return *self._bar.admit(access, request), *self.hide()

    def _mistakes(self, old: str, new: str, again: str) -> FormErrors | None:
        """What is wrong before the old password counts as an attempt."""
        if self._gate.is_set and not old:
            return FormErrors(old=password_text.OLD_MISSING)
        new_error, again_error = new_password_errors(new, again)
        return FormErrors(new=new_error, again=again_error) if new_error or again_error else None

    def _refusal(self, errors: FormErrors) -> Updates:
        """Show errors. A wrong old password and the repetition are typed anew."""
        old = "" if errors.old else gr.skip()
        again = "" if errors.again else gr.skip()
        return *skip(4), old, gr.skip(), again, gr.skip(), *_error_cards(errors), gr.skip()

    def _updates(self, *, is_shown: bool) -> Updates:
        """The empty form, for the first password or for another one."""
        is_set, override = self._gate.is_set, self._file.override()
        title = password_text.CHANGE if is_set else password_text.SET
        lead = password_text.CHANGE_LEAD if is_set else password_text.SET_LEAD
        misnaming = "" if override else self._file.misnaming()
        here = password_text.OR_SET_HERE if misnaming else ""
        rule = "" if override else password_text.RULE
        note = cards.password_form(title, f"{misnaming} {here}", override or lead, rule)
        return (
            gr.Column(visible=is_shown),
            note,
            gr.Column(visible=not override),
            gr.Column(visible=is_set),
            *("", "", "", False),
            *_error_cards(FormErrors()),
            gr.Button(
                password_text.SAVE_CHANGE if is_set else password_text.SAVE, visible=not override
            ),
        )


def new_password_errors(new: str, again: str) -> tuple[str, str]:
    """Korean: what is wrong with a new password, or else with its repetition."""
    if problem := password_problem(new):
        return problem, ""
    return "", "" if normalized(new) == normalized(again) else password_text.NOT_THE_SAME


def _error_cards(errors: FormErrors) -> Updates:
    sentences = (errors.old, errors.new, errors.again, errors.whole)
    return tuple(cards.field_error(sentence) for sentence in sentences)


def _layout() -> FormComponents:
    parts: dict[str, Any] = {}
    with gr.Column(visible=False, elem_id="password-form", elem_classes="kb-card") as parts["form"]:
        parts["lead"] = gr.HTML(elem_id="password-lead")
        with gr.Column(elem_id="password-inputs") as parts["inputs"]:
            with gr.Row(equal_height=False):
                for name, label in (
                    ("old", password_text.OLD),
                    ("new", password_text.NEW),
                    ("again", password_text.AGAIN),
                ):
                    parts |= _field(name, label)
            parts["show"] = gr.Checkbox(
                label=password_text.SHOW, container=False, elem_id="password-show"
            )
            parts["error"] = gr.HTML(elem_id="password-error", elem_classes="kb-error")
        parts |= _buttons()
    return FormComponents(**parts)


def _field(name: str, label: str) -> dict[str, Any]:
    """A field with its error below it."""
    with gr.Column(min_width=220, elem_classes="kb-entry") as column:
        field = password_field(label, is_new=name != "old", elem_id=f"password-{name}")
        error = gr.HTML(elem_id=f"password-{name}-error", elem_classes="kb-error")
    parts = {name: field, f"{name}_error": error}
    return parts | ({"old_column": column} if name == "old" else {})


def _buttons() -> dict[str, Any]:
    with gr.Row():
        save = gr.Button(
            password_text.SAVE, variant="primary", scale=0, min_width=130, elem_id="password-save"
        )
        cancel = gr.Button(password_text.CANCEL, scale=0, min_width=130, elem_id="password-cancel")
    return {"save": save, "cancel": cancel}
