"""The line above the inner tabs: the model in memory, and a newer one to take in its place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.chat.lines import ChatLine
from ui import chat_text
from ui.errors import notify
from ui.events import Trigger, Updates, on, skip
from ui.password_bar import PageAccess
from ui.pulse import beat
from ui.render.model_memory import model_memory
from ui.services import ChatProtocol
from ui.tabs.chat import persona
from ui.tabs.chat.conversation import WiredChat

_COMPANY = 6
"""Components of `ChatComponents.company`."""


@dataclass(frozen=True)
class MemoryComponents:
    changed: Trigger
    row: gr.Row
    status: gr.HTML
    take: gr.Button
    give_back: gr.Button


def layout() -> MemoryComponents:
    # Above the inner tabs: in a hidden one it would not be pressed.
    changed = beat("memory")
    with gr.Row(visible=False, elem_id="chat-memory") as row:
        status = gr.HTML(elem_id="chat-memory-status")
        take = gr.Button(
            chat_text.TAKE_NEWER,
            variant="primary",
            visible=False,
            size="sm",
            scale=0,
            min_width=110,
            elem_id="chat-take-newer",
        )
        give_back = gr.Button(
            chat_text.GIVE_BACK,
            visible=False,
            size="sm",
            scale=0,
            min_width=120,
            elem_id="chat-give-back",
        )
    return MemoryComponents(changed, row, status, take, give_back)


def wire(
    handlers: MemoryHandlers,
    parts: MemoryComponents,
    wired: WiredChat,
    shown: Trigger,
    page: PageAccess,
) -> None:
    """Wire the line to the conversation. `tab` is the outer one."""
    chat = wired.parts
    access, run = page.access, chat.run
    outputs = [parts.row, parts.status, parts.take, parts.give_back]
    replied = [change.then for change in wired.changes]
    for event in (shown, parts.changed, run.change, page.changed, *replied):
        on(event, handlers.refresh, [access, run, parts.status], outputs)
    for event in (chat.send.click, chat.message.submit):
        on(event, handlers.expect, [access, run, chat.message], outputs)
    on(parts.give_back.click, handlers.give_back, [access, run], outputs)
    on(parts.take.click, handlers.take, [access, run], [*chat.company, *outputs])
    on(chat.kept.new.click, handlers.leave, [access, chat.lines])


class MemoryHandlers:
    """Handlers of the line. They return values in the order of the outputs in `wire`."""

    def __init__(self, chat: ChatProtocol, gate: PasswordGate) -> None:
        self._chat = chat
        self._gate = gate

    def refresh(self, access: AccessPass | None, run: str | None, shown: str | None) -> Updates:
        """Show what is loaded, unless it is shown already; nothing on a locked page."""
        if not self._gate.is_open(access):
            return gr.Row(visible=False), "", *_buttons(newer=False, loaded=False)
        updates = self._updates(access, run or "")
        return skip(4) if updates[1] == shown else updates

    def expect(self, access: AccessPass | None, run: str | None, message: str | None) -> Updates:
        """Show that the model is being loaded for a message, unless it is there."""
        if not (self._gate.is_open(access) and (message or "").strip()):
            return skip(4)
        memory = self._chat.memory(access, run or "")
        if memory.run:
            return skip(4)
        return gr.skip(), model_memory(replace(memory, is_awaited=True), run or ""), *skip(2)

    def give_back(self, access: AccessPass | None, run: str | None) -> Updates:
        """Free the memory; a reply in progress is finished first."""
        self._gate.verify(access)
        freed = self._chat.give_back(access)
        notify(chat_text.GIVEN_BACK if freed else chat_text.GIVEN_BACK_SOON)
        return self._updates(access, run or "")

    def take(self, access: AccessPass | None, run: str | None) -> Updates:
        """Reply with the newer adapter, or as the newer run, from the next message on."""
        self._gate.verify(access)
        newer = self._chat.memory(access, run or "").newer
        if newer is None:
            return *skip(_COMPANY), *self._updates(access, run or "")
        self._chat.renew(access)
        notify(chat_text.TAKEN)
        company = skip(_COMPANY)
        if newer.run != run:
            newest = persona.people_of(self._chat).company(newer.run)
            company = persona.updates(self._chat, newest)
        return *company, *self._updates(access, newer.run)

    def leave(self, access: AccessPass | None, lines: tuple[ChatLine, ...]) -> None:
        """A conversation that gave way to a new one no longer holds on to its adapter."""
        self._gate.verify(access)
        self._chat.leave(access, lines)

    def _updates(self, access: AccessPass | None, run: str) -> Updates:
        memory = self._chat.memory(access, run)
        return (
            gr.Row(visible=True),
            model_memory(memory, run),
            *_buttons(newer=memory.newer is not None, loaded=bool(memory.run)),
        )


def _buttons(*, newer: bool, loaded: bool) -> Updates:
    return gr.Button(visible=newer), gr.Button(visible=loaded)
