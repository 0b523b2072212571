"""The window: header, five tabs and what ties them together. Built once, by `build_window`."""

from __future__ import annotations

import typing
from collections.abc import Callable

import gradio as gr

from ui import text
from ui.events import on
from ui.render import cards
from ui.services import Services
from ui.tabs import chat, dataset, exports, settings, training

# The page is replaced, because the server behind it is gone in a moment.
_GOODBYE = """(sentence) => {
  const page = document.createElement("main");
  page.className = "kb-goodbye";
  page.textContent = sentence;
  document.body.replaceChildren(page);
}"""
_BEAT = 1.0
"""Seconds between two looks at the run folder, while a window is open."""
_KEEP_UPLOADS = (3600, 3600)
"""Seconds: how often uploads that were left are looked for, and how old they may get."""


def build_window(
    services: Services, *, quit_program: Callable[[], None] = lambda: None
) -> gr.Blocks:
    """Lay the window out; `quit_program` is called when the user ends the program."""
    with gr.Blocks(
        title=text.TITLE, analytics_enabled=False, delete_cache=_KEEP_UPLOADS, elem_id="window"
    ) as window:
        status = _header(services, quit_program)
        # Outside the tabs: what is in a tab that is not shown does not tick.
        beat = gr.Timer(_BEAT)
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab(text.EXPORTS_TAB, id="exports", elem_id="tab-exports") as first:
                exports.build(services.exports, services.people, tabs, [first.select, window.load])
            with gr.Tab(text.DATASET_TAB, id="dataset", elem_id="tab-dataset") as second:
                dataset.build(
                    services.datasets,
                    services.people,
                    services.preferences,
                    services.outlooks,
                    tabs,
                    second,
                )
            with gr.Tab(text.TRAINING_TAB, id="training", elem_id="tab-training") as third:
                training.build(
                    services.training,
                    services.outlooks,
                    tabs,
                    status,
                    training.Events(third.select, window.load, beat.tick),
                )
            with gr.Tab(text.CHAT_TAB, id="chat", elem_id="tab-chat") as fourth:
                chat.build(services.chatting, services.gate, fourth)
            with gr.Tab(text.SETTINGS_TAB, id="settings", elem_id="tab-settings") as fifth:
                settings.build(services.preferences, [fifth.select, window.load])
    return typing.cast("gr.Blocks", window)


def _header(services: Services, quit_program: Callable[[], None]) -> gr.HTML:
    with gr.Row(elem_id="header"):
        gr.HTML(cards.brand(), elem_id="brand")
        status = gr.HTML(elem_id="status")
        end = gr.Button(text.QUIT, elem_id="quit", size="sm", scale=0, min_width=84)
    words = gr.Textbox(visible="hidden", elem_id="farewell")

    def leave() -> str:
        quit_program()
        return text.FAREWELL_LIVE if services.training.snapshot().can_stop else text.FAREWELL

    on(end.click, leave, None, words).success(
        None, words, None, js=_GOODBYE, api_visibility="private"
    )
    return status
