"""The choice of a run in the inner tabs beside the conversation."""

from __future__ import annotations

import gradio as gr

from kakaobot.display_name import display_name
from kakaobot.errors import RunError
from ui import chat_text
from ui.services import ChatProtocol


def run_choices(chat: ChatProtocol, chosen: str | None) -> gr.Dropdown:
    """All runs with an adapter, by who was learned; keeps the chosen one if it still exists."""
    labels = [(_label(chat, run), run) for run in chat.runs()]
    return gr.Dropdown(labels, value=chosen_run(chat, chosen))


def chosen_run(chat: ChatProtocol, chosen: str | None) -> str | None:
    """The chosen run if it still exists, else the first one; None without any."""
    runs = list(chat.runs())
    return chosen if chosen in runs else next(iter(runs), None)


def _label(chat: ChatProtocol, run: str) -> str:
    try:
        persona = chat.persona(run)
    except RunError:
        return run
    learned = persona.name or persona.room or chat_text.ALL_ROOMS
    return f"{display_name(learned)} · {run}"
