"""The password bar above the tabs: it unlocks one page, and locks it by a button or when idle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from ui import text
from ui.events import Trigger, Updates, on, skip
from ui.render import cards

_OPEN, _LOCKED = "open", "locked"


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
    """The pass of a page, and the event after which it shows or hides words."""

    access: gr.State
    changed: Trigger


def build(handlers: PasswordBarHandlers, load: Trigger, tick: Trigger) -> PageAccess:
    """Lay out the bar and wire it; `load` and `tick` are events of the page and of a timer."""
    access = gr.State(None)
    # What the browser knows of `access`. Its change is the only event of all ways to lock.
    signal = gr.Textbox(_LOCKED, visible="hidden", elem_id="lock-signal")
    with gr.Row(visible=handlers.has_password, elem_id="gate", elem_classes="kb-gate") as bar:
        gr.HTML(cards.lock_note(), elem_id="gate-note")
        password = gr.Textbox(
            label=text.PASSWORD,
            show_label=False,
            container=False,
            placeholder=text.PASSWORD,
            type="password",
            scale=0,
            min_width=220,
            elem_id="gate-password",
        )
        enter = gr.Button(
            text.ENTER, variant="primary", scale=0, min_width=90, elem_id="gate-enter"
        )
    with gr.Row(visible=False, elem_id="gate-open", elem_classes="kb-gate") as opened:
        gr.HTML(cards.unlocked_note())
        lock = gr.Button(text.LOCK, size="sm", scale=0, min_width=110, elem_id="gate-lock")
    outputs = [access, password, bar, opened, signal]
    for event in (enter.click, password.submit):
        on(event, handlers.unlock, password, outputs)
    on(lock.click, handlers.lock, access, outputs)
    on(load, handlers.load, None, outputs)
    on(tick, handlers.lock_if_idle, access, outputs, concurrency_limit=None)
    return PageAccess(access, signal.change)


class PasswordBarHandlers:
    """Handlers of the bar. They return values in the order of the outputs in `build`."""

    def __init__(self, gate: PasswordGate, passes: PassStore) -> None:
        self._gate = gate
        self._passes = passes
        self.has_password = gate.is_set

    def load(self, request: gr.Request) -> Updates:
        """Unlock a reloaded page, and the first one of a browser that has given the password."""
        access = self._passes.find(request)
        return self._updates(access) if self._gate.is_open(access) else skip(5)

    def unlock(self, password: str, request: gr.Request) -> Updates:
        access = self._gate.authenticate(password)
        self._passes.keep(request, access)
        return self._updates(access)

    def lock(self, access: AccessPass | None, request: gr.Request) -> Updates:
        """Lock this page, and any copy of it."""
        self._gate.revoke(access)
        self._passes.keep(request, None)
        return self._updates(None)

    def lock_if_idle(self, access: AccessPass | None, request: gr.Request) -> Updates:
        if access is None or self._gate.is_open(access):
            return skip(5)
        return self.lock(access, request)

    def _updates(self, access: AccessPass | None) -> Updates:
        is_open = access is not None
        panels = gr.Row(visible=not is_open), gr.Row(visible=is_open)
        return access, "", *panels, _OPEN if is_open else _LOCKED
