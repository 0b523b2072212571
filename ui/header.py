"""The header of the window: name, status line, and the buttons for language and quitting."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr

from ui import window_text
from ui.events import Updates, on
from ui.render import cards
from ui.services import SettingsProtocol, TrainingProtocol

# ui/static/off.js covers the page, because its server is about to exit.
_GOODBYE_SCRIPT = """(sentence) => {
  window.dispatchEvent(new CustomEvent("kakaobot-quit", { detail: sentence }));
}"""

_RESTART_SCRIPT = """(sentence) => {
  window.dispatchEvent(new CustomEvent("kakaobot-restart", { detail: sentence }));
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


class LanguageHandlers:
    """Handlers of the button that shows everything in the other language, which asks once."""

    def __init__(self, settings: SettingsProtocol, restart: Callable[[], None]) -> None:
        self._settings = settings
        self._restart = restart

    def ask(self) -> Updates:
        """Show the question, in the language that it is about."""
        other = window_text.OTHER_LANGUAGE
        return gr.Row(visible=True), cards.question(other.title, other.lead)

    def stay(self) -> Updates:
        """Take the question away."""
        return gr.Row(visible=False), ""

    def switch(self) -> str:
        """Save the other language and start again; returns the sentence for the page."""
        other = window_text.OTHER_LANGUAGE
        self._settings.save({"window.language": other.key})
        self._restart()
        return other.farewell


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


def add_language_button(handlers: LanguageHandlers) -> None:
    """Lay out the button and its question, beside the quit button."""
    other = window_text.OTHER_LANGUAGE
    button = gr.Button(other.name, elem_id="language", size="sm", scale=0, min_width=84)
    with gr.Row(visible=False, elem_id="language-question") as row:
        question = gr.HTML()
        stay = gr.Button(other.stay, elem_id="language-stay", min_width=120)
        confirm = gr.Button(other.confirm, elem_id="language-now", min_width=120, variant="primary")
    farewell = gr.Textbox(visible="hidden", elem_id="language-farewell")
    on(button.click, handlers.ask, None, [row, question]).then(
        None, js=_focus("#language-now"), api_visibility="private"
    )
    on(stay.click, handlers.stay, None, [row, question]).then(
        None, js=_focus("#language"), api_visibility="private"
    )
    on(confirm.click, handlers.switch, None, farewell).success(
        None, farewell, None, js=_RESTART_SCRIPT, api_visibility="private"
    )


def _focus(selector: str) -> str:
    """A script that focuses a button once it is shown."""
    return f'() => requestAnimationFrame(() => document.querySelector("{selector}")?.focus())'
