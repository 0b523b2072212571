"""The header of the window: name, status line, and the buttons for language and quitting."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr

from ui import question, window_text
from ui.events import on
from ui.live_training import live_html
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

    def words(self) -> tuple[str, str]:
        """The question, which says what becomes of a training."""
        live = self._training.snapshot().can_stop
        return window_text.QUIT_TITLE, window_text.QUIT_LIVE if live else window_text.QUIT_PAGES

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

    def words(self) -> tuple[str, str]:
        """The question, in the language that it is about."""
        return window_text.OTHER_LANGUAGE.title, window_text.OTHER_LANGUAGE.lead

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
        status_line = live_html("status", elem_id="status")
        gr.HTML(cards.notify_button(), elem_id="notify")
    return status_line


def add_quit_button(handlers: HeaderHandlers) -> None:
    """Lay out the button and its question, last in the page: not the first stop of the Tab key."""
    button = gr.Button(window_text.QUIT, elem_id="quit", size="sm", scale=0, min_width=84)
    asked = question.layout("quit", window_text.STAY, window_text.QUIT, "stop", is_wide=True)
    question.wire(asked, button.click, handlers.words)
    _end(asked, handlers.quit, "farewell", _GOODBYE_SCRIPT)


def add_language_button(handlers: LanguageHandlers) -> None:
    """Lay out the button and its question, beside the quit button."""
    other = window_text.OTHER_LANGUAGE
    button = gr.Button(other.name, elem_id="language", size="sm", scale=0, min_width=84)
    asked = question.layout("language", other.stay, other.confirm, is_wide=True)
    question.wire(asked, button.click, handlers.words)
    _end(asked, handlers.switch, "language-farewell", _RESTART_SCRIPT)


def _end(asked: question.Question, handler: Callable[[], str], elem_id: str, script: str) -> None:
    """Call the handler once confirmed, and the script with its sentence."""
    farewell = gr.Textbox(visible="hidden", elem_id=elem_id)
    on(asked.confirm.click, handler, None, farewell).success(
        None, farewell, None, js=script, api_visibility="private"
    )
