"""The header of the window: name, status line, and the button to quit with its question."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr

from ui import window_text
from ui.events import Updates, on
from ui.render import cards
from ui.services import TrainingProtocol

# ui/static/off.js covers the page, because its server is about to exit.
_GOODBYE_SCRIPT = """(sentence) => {
  window.dispatchEvent(new CustomEvent("kakaobot-quit", { detail: sentence }));
}"""


class HeaderHandlers:
    """Handlers of the quit button, which asks once."""

    def __init__(self, training: TrainingProtocol, quit_program: Callable[[], None]) -> None:
        self._training = training
        self._quit_program = quit_program

    def ask(self) -> Updates:
        """Show the question, which says what becomes of a training."""
        live = self._training.snapshot().can_stop
        sentences = (window_text.QUIT_LIVE,) if live else (window_text.QUIT_PAGES,)
        return gr.Row(visible=True), cards.question(window_text.QUIT_TITLE, *sentences)

    def stay(self) -> Updates:
        """Take the question away."""
        return gr.Row(visible=False), ""

    def quit(self) -> str:
        """End the program; returns the sentence for the page that ended it."""
        self._quit_program()
        return (
            window_text.FAREWELL_LIVE
            if self._training.snapshot().can_stop
            else window_text.FAREWELL
        )


def layout() -> gr.HTML:
    """Lay out the header; returns the status line."""
    with gr.Row(elem_id="header"):
        gr.HTML(cards.brand(), elem_id="brand")
        status_line = gr.HTML(elem_id="status")
        gr.HTML(cards.notify_button(), elem_id="notify")
    return status_line


def add_quit_button(handlers: HeaderHandlers) -> None:
    """Lay out the button and its question, last in the page: not the first stop of the Tab key."""
    button = gr.Button(window_text.QUIT, elem_id="quit", size="sm", scale=0, min_width=84)
    with gr.Row(visible=False, elem_id="quit-question") as row:
        question = gr.HTML()
        stay = gr.Button(window_text.STAY, elem_id="quit-stay", min_width=120)
        confirm = gr.Button(window_text.QUIT, elem_id="quit-now", min_width=120, variant="stop")
    farewell = gr.Textbox(visible="hidden", elem_id="farewell")
    on(button.click, handlers.ask, None, [row, question]).then(
        None, js=_focus("#quit-stay"), api_visibility="private"
    )
    on(stay.click, handlers.stay, None, [row, question]).then(
        None, js=_focus("#quit"), api_visibility="private"
    )
    on(confirm.click, handlers.quit, None, farewell).success(
        None, farewell, None, js=_GOODBYE_SCRIPT, api_visibility="private"
    )


def _focus(selector: str) -> str:
    """A script that focuses a button once it is shown."""
    return f'() => requestAnimationFrame(() => document.querySelector("{selector}")?.focus())'
