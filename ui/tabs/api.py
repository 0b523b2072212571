"""The section of the settings tab for other programs: the server of the API, and its keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import gradio as gr

from kakaobot.app.api_keys import KIND_TITLES, KINDS, KeyKind
from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.display_name import display_name
from kakaobot.errors import ConfigError
from kakaobot.language import tr
from ui import api_text, question
from ui.api_services import Api
from ui.choice import Choice
from ui.errors import notify
from ui.events import Trigger, Updates, on
from ui.password_bar import PageAccess
from ui.pulse import beat
from ui.render import cards
from ui.render.api import api_keys, api_state
from ui.render.settings import setting_heading


def build(handlers: ApiHandlers, page: PageAccess, load_events: Sequence[Trigger]) -> None:
    """Lay out the section and wire it; `load_events` refresh it."""
    gr.HTML(setting_heading("set-of-api", api_text.TITLE, api_text.HINT))
    with gr.Column(elem_id="api-locked") as locked:
        gr.HTML(cards.locked(api_text.LOCKED))
    with gr.Column(visible=False, elem_id="api") as room:
        state = gr.HTML(elem_id="api-state")
        with gr.Row():
            start = gr.Button(api_text.START, scale=0, min_width=140, elem_id="api-start")
            stop = gr.Button(
                api_text.STOP, visible=False, scale=0, min_width=140, elem_id="api-stop"
            )
        with gr.Row(elem_id="api-new"):
            name = gr.Textbox(
                label=api_text.NAME,
                placeholder=api_text.NAME_HINT,
                max_lines=1,
                min_width=240,
                elem_id="api-name",
            )
            kind = gr.Radio(
                [(tr(KIND_TITLES[one]), one) for one in KINDS],
                value=KINDS[0],
                label=api_text.KIND,
                min_width=280,
                elem_id="api-kind",
            )
            make = gr.Button(api_text.MAKE, scale=0, min_width=150, elem_id="api-make")
        made = gr.Textbox(
            label=api_text.MADE,
            visible=False,
            interactive=False,
            buttons=["copy"],
            elem_id="api-made",
        )
        keys = gr.HTML(elem_id="api-keys")
        with gr.Row(elem_id="api-old"):
            chosen = Choice(
                label=api_text.CHOOSE, visible=False, min_width=240, elem_id="api-chosen"
            )
            revoke = gr.Button(
                api_text.REVOKE,
                variant="stop",
                visible=False,
                scale=0,
                min_width=150,
                elem_id="api-revoke",
            )
        asked = question.layout("api-revoke", api_text.REVOKE_STAY, api_text.REVOKE_NOW, "stop")
    table = [keys, chosen, revoke]
    outputs = [locked, room, state, start, stop, *table, made]
    for event in (*load_events, page.changed, beat("api")):
        on(event, handlers.show, page.access, outputs)
    on(start.click, handlers.start, page.access, [state, start, stop])
    on(stop.click, handlers.stop, page.access, [state, start, stop])
    on(make.click, handlers.make, [page.access, name, kind], [*table, made, name])
    question.wire(asked, revoke.click, about_revoking)
    on(asked.confirm.click, handlers.revoke, [page.access, chosen], [*table, made])


def about_revoking() -> Sequence[str]:
    """What is asked before a key is revoked."""
    return api_text.REVOKE_TITLE, api_text.REVOKE_HINT


class ApiHandlers:
    """Handlers of the section. They return values in the order of the outputs in `build`."""

    def __init__(self, api: Api, gate: PasswordGate) -> None:
        self._server, self._keys = api.server, api.keys
        self._gate = gate

    def show(self, access: AccessPass | None) -> Updates:
        """Show the section on an unlocked page; a new key is hidden once the page locks."""
        is_open = self._gate.is_open(access)
        panels = gr.Column(visible=not is_open), gr.Column(visible=is_open)
        if not is_open:
            hidden = gr.Textbox("", visible=False)
            choice = gr.Dropdown([], value=None)
            return *panels, "", gr.skip(), gr.skip(), "", choice, gr.skip(), hidden
        return *panels, *self._state(), *self._table(access), gr.skip()

    def start(self, access: AccessPass | None) -> Updates:
        self._server.start(access)
        return self._state()

    def stop(self, access: AccessPass | None) -> Updates:
        self._server.stop(access)
        return self._state()

    def make(self, access: AccessPass | None, name: str | None, kind: str) -> Updates:
        """Make a key, and show it this once."""
        secret = self._keys.make(access, name or "", cast("KeyKind", kind))
        return *self._table(access), gr.Textbox(secret, visible=True), ""

    def revoke(self, access: AccessPass | None, id: str | None) -> Updates:
        """Revoke the chosen key."""
        self._gate.verify(access)
        if not id:
            raise ConfigError(api_text.NOT_CHOSEN)
        revoked = self._keys.revoke(access, id)
        notify(api_text.REVOKED.format(name=display_name(revoked.name)))
        return *self._table(access), gr.Textbox("", visible=False)

    def _state(self) -> Updates:
        state = self._server.state
        is_answering = state.is_on and not state.is_locked
        return (
            api_state(state),
            gr.Button(visible=not is_answering),
            gr.Button(visible=state.is_on),
        )

    def _table(self, access: AccessPass | None) -> Updates:
        """The keys, and what revokes one, if there are any."""
        keys = self._keys.all(access)
        choices = [(f"{display_name(key.name)} ({key.id})", key.id) for key in keys]
        is_shown = bool(keys)
        chosen = gr.Dropdown(choices, value=None, visible=is_shown)
        return api_keys(keys), chosen, gr.Button(visible=is_shown)
