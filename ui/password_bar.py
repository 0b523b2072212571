"""The password bar above the tabs: it unlocks one page, and locks all by a button.

A page also locks when it is idle, and learns what other pages have done: that a password was set or
changed, or that all were locked.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Protocol

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate, WrongPassword
from kakaobot.errors import AccessDenied
from ui import password_text, text
from ui.events import Trigger, Updates, on, skip
from ui.render import cards

UNSET, LOCKED, OPEN = "unset", "locked", "open"
"""What a page is; without a password it shows words, but does not chat."""


class PassStore(Protocol):
    """Keeps the passes of pages while these are reloaded."""

    def find(self, request: gr.Request) -> AccessPass | None: ...

    def keep(self, request: gr.Request, access: AccessPass | None) -> None: ...


class NoPassStore:
    """Locks every page when it is reloaded."""

    def find(self, request: gr.Request) -> AccessPass | None:
        return None

    def keep(self, request: gr.Request, access: AccessPass | None) -> None:
        pass


@dataclass(frozen=True)
class PageAccess:
    """The pass of a page, and the events after which it shows or hides words."""

    access: gr.State
    changed: Trigger
    """May come again without a change."""
    locked: Trigger


@dataclass(frozen=True)
class BarComponents:
    """The outputs of `PasswordBarHandlers` in order, and the buttons of the bar."""

    access: gr.State
    signal: gr.Textbox
    """What the browser knows of `access`. Its change is the only event of all ways to lock."""
    unset: gr.Row
    locked: gr.Row
    opened: gr.Row
    password: gr.Textbox
    show: gr.Checkbox
    error: gr.HTML
    enter: gr.Button
    lock: gr.Button
    set_first: gr.Button
    change: gr.Button

    @property
    def outputs(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)][:N_OUTPUTS]

    @property
    def page(self) -> PageAccess:
        return PageAccess(self.access, self.signal.change, self.signal.change)


N_OUTPUTS = 8
# At once, while the handlers of the tabs are still on their way; window.css knows the values.
_SHOW_STATE_SCRIPT = "(state) => { document.body.dataset.lock = state; }"


def build(handlers: PasswordBarHandlers, load: Trigger, changed: Trigger) -> BarComponents:
    """Lay out the bar and wire it; `load` and `changed` are events of the page and the gate."""
    parts = _layout(handlers.state(None))
    parts.signal.change(None, parts.signal, None, js=_SHOW_STATE_SCRIPT, api_visibility="private")
    for event in (parts.enter.click, parts.password.submit):
        on(event, handlers.unlock, parts.password, parts.outputs)
    on(parts.lock.click, handlers.lock, parts.access, parts.outputs)
    on(load, handlers.load, None, parts.outputs)
    seen = [parts.access, parts.signal]
    on(changed, handlers.follow, seen, parts.outputs, concurrency_limit=None)
    show_on_demand(parts.show, "#gate-password")
    return parts


class PasswordBarHandlers:
    """Handlers of the bar. They return values in the order of `BarComponents.outputs`."""

    def __init__(self, gate: PasswordGate, passes: PassStore) -> None:
        self.gate = gate
        self._passes = passes

    def state(self, access: AccessPass | None) -> str:
        if not self.gate.is_set:
            return UNSET
        return OPEN if self.gate.is_open(access) else LOCKED

    def load(self, request: gr.Request) -> Updates:
        """Unlock a reloaded page, and the first one of a browser that has given the password.

        What is typed while the page loads stays.
        """
        return *self._updates(self._passes.find(request))[:-3], *skip(3)

    def unlock(self, password: str, request: gr.Request) -> Updates:
        try:
            return self.admit(self.gate.authenticate(password), request)
        except AccessDenied as error:
            mistyped = isinstance(error, WrongPassword) and password.isascii()
            hint = password_text.HANGUL_HINT if mistyped else ""
            return *skip(N_OUTPUTS - 3), "", gr.skip(), cards.field_error(str(error), hint)

    def admit(self, access: AccessPass, request: gr.Request) -> Updates:
        """Unlock the page with a new pass."""
        self._passes.keep(request, access)
        return self._updates(access)

    def lock(self, access: AccessPass | None, request: gr.Request) -> Updates:
        """Lock every page. A locked page has no say in it."""
        if self.gate.is_open(access):
            self.gate.lock_all()
        self._passes.keep(request, None)
        return self._updates(None)

    def follow(self, access: AccessPass | None, signal: str, request: gr.Request) -> Updates:
        """Lock the page if it was idle, or show what another one has done to the gate."""
        state = self.state(access)
        if state == signal:
            return skip(N_OUTPUTS)
        if state == LOCKED:
            self.gate.revoke(access)
            self._passes.keep(request, None)
        return self._updates(access)

    def _updates(self, access: AccessPass | None) -> Updates:
        state = self.state(access)
        rows = (gr.Row(visible=state == shown) for shown in (UNSET, LOCKED, OPEN))
        return access if state == OPEN else None, state, *rows, "", False, ""


def show_on_demand(switch: gr.Checkbox, fields: str) -> None:
    """Let a switch show what is typed into password fields. The browser does it by itself."""
    script = f"""(shown) => {{
  for (const field of document.querySelectorAll("{fields} input:not([type=checkbox])"))
    field.type = shown ? "text" : "password";
}}"""
    switch.change(None, switch, None, js=script, api_visibility="private")


def password_field(label: str, *, is_new: bool = False, **options: Any) -> gr.Textbox:
    """A field that no browser corrects, capitalizes or sends to a spelling service."""
    attributes = gr.InputHTMLAttributes(
        autocomplete="new-password" if is_new else "current-password",
        autocorrect="off",
        autocapitalize="none",
        spellcheck=False,
    )
    return gr.Textbox(
        label=label, type="password", max_lines=1, html_attributes=attributes, **options
    )


def _layout(state: str) -> BarComponents:
    access = gr.State(None)
    signal = gr.Textbox(state, visible="hidden", elem_id="lock-signal")
    small: dict[str, Any] = {"size": "sm", "scale": 0, "min_width": 110}
    with gr.Row(visible=state == UNSET, elem_id="gate-unset", elem_classes="kb-gate") as unset:
        gr.HTML(cards.lock_note(password_text.UNSET_NOTE))
        set_first = gr.Button(
            password_text.SET, variant="primary", scale=0, min_width=150, elem_id="gate-set"
        )
    with gr.Row(visible=state == LOCKED, elem_id="gate", elem_classes="kb-gate") as locked:
        gr.HTML(cards.lock_note(text.LOCK_NOTE), elem_id="gate-note")
        password, show = _entry()
        enter = gr.Button(
            text.ENTER, variant="primary", scale=0, min_width=90, elem_id="gate-enter"
        )
        error = gr.HTML(elem_id="gate-error", elem_classes="kb-error")
    with gr.Row(visible=False, elem_id="gate-open", elem_classes="kb-gate") as opened:
        gr.HTML(cards.lock_note(text.UNLOCKED_NOTE))
        change = gr.Button(password_text.CHANGE, elem_id="gate-change", **small)
        lock = gr.Button(text.LOCK, elem_id="gate-lock", **small)
    return BarComponents(
        access, signal, unset, locked, opened, password, show, error, enter, lock, set_first, change
    )


def _entry() -> tuple[gr.Textbox, gr.Checkbox]:
    password = password_field(
        text.PASSWORD,
        show_label=False,
        container=False,
        placeholder=text.PASSWORD,
        scale=0,
        min_width=220,
        elem_id="gate-password",
    )
    show = gr.Checkbox(
        label=password_text.SHOW, container=False, scale=0, min_width=80, elem_id="gate-show"
    )
    return password, show
