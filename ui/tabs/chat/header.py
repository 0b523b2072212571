"""The header of the conversation: base, adapter, data, and how like it is."""

from __future__ import annotations

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.errors import RunError
from ui.events import on
from ui.password_bar import PageAccess
from ui.render import honesty
from ui.services import ChatProtocol


def build(
    handlers: ChatHeaderHandlers,
    header: gr.HTML,
    run: gr.Dropdown,
    persona: gr.HTML,
    page: PageAccess,
) -> None:
    """Wire the header of a conversation with a run, whose adapter may improve meanwhile.

    Args:
        handlers: what makes it.
        header: where it is shown.
        run: name of the run.
        persona: the card that shows the adapter, too.
        page: what it may show.
    """
    for event in (run.change, persona.change, page.changed):
        on(event, handlers.show, [page.access, run], header)


class ChatHeaderHandlers:
    """Handler of the header."""

    def __init__(self, chat: ChatProtocol, gate: PasswordGate) -> None:
        self._chat = chat
        self._gate = gate

    def show(self, access: AccessPass | None, run: str | None) -> str:
        """The header of a run; empty on a locked page."""
        if not run or not self._gate.is_open(access):
            return ""
        try:
            return honesty.chat_header(self._chat.persona(run))
        except RunError:
            return ""
