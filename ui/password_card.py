"""The card of the settings tab about `.env`: who else reads it, or its wrong name."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from ui import password_text, text
from ui.errors import notify
from ui.events import Trigger, Updates, on
from ui.render import cards
from ui.services import PasswordFileProtocol


def build(handlers: PasswordFileHandlers, load_events: Sequence[Trigger]) -> None:
    """Lay out the card, hidden while all is well, and wire its button."""
    card = gr.HTML(visible=False, elem_id="set-password-file")
    close = gr.Button(text.CLOSE_ENV, size="sm", visible=False, elem_id="set-password-file-close")
    for event in load_events:
        on(event, handlers.show, None, [card, close])
    on(close.click, handlers.close, None, [card, close])


class PasswordFileHandlers:
    """Handlers of the card. They return the card and its button."""

    def __init__(self, file: PasswordFileProtocol) -> None:
        self._file = file

    def show(self) -> Updates:
        is_exposed, misnaming = self._file.is_exposed(), self._file.misnaming()
        exposure = password_text.ENV_EXPOSED if is_exposed else ""
        note = cards.note(text.ENV_TITLE, exposure, misnaming, tone="warn")
        return (
            gr.HTML(note, visible=bool(exposure or misnaming)),
            gr.Button(visible=is_exposed),
        )

    def close(self) -> Updates:
        """Let only the owner read the file."""
        self._file.close()
        notify(text.ENV_CLOSED)
        return self.show()
