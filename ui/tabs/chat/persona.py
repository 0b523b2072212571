"""Who replies, and as whom the user writes: the card and the choices beside the conversation."""

from __future__ import annotations

from typing import Any

import gradio as gr

from kakaobot.app.personas import Persona
from kakaobot.display_name import display_name
from kakaobot.errors import RunError
from ui import text
from ui.choice import Choice
from ui.events import Updates
from ui.render import cards
from ui.services import ChatProtocol


def layout() -> dict[str, Any]:
    """The components, by their names in `ChatComponents`."""
    return {
        "persona_card": gr.HTML(elem_id="chat-voice"),
        "run": Choice(label=text.CHAT_RUN, elem_id="chat-run"),
        "reply_as": Choice(label=text.CHAT_PERSONA, visible=False, elem_id="chat-speaker"),
        "user_name": Choice(
            label=text.CHAT_USER_NAME,
            info=text.CHAT_USER_NAME_INFO,
            allow_custom_value=True,
            elem_id="chat-me",
        ),
    }


def updates(chat: ChatProtocol, run: str) -> Updates:
    """The card of a run and the choices below it, in the order of `layout`."""
    runs = chat.runs()
    try:
        persona = chat.persona(run if run in runs else "")
    except RunError as error:
        no_choices = gr.Dropdown([], value=None)
        note = cards.note(text.NOTICE, str(error))
        return note, no_choices, _reply_as_choices(None), no_choices
    return (
        cards.persona_card(persona),
        gr.Dropdown(list(runs), value=persona.run),
        _reply_as_choices(persona),
        _user_name_choices(persona),
    )


def empty_updates() -> Updates:
    """As `updates`, for a locked page."""
    return "", gr.Dropdown([]), gr.Dropdown([], visible=False), gr.Dropdown([])


def _reply_as_choices(persona: Persona | None) -> gr.Dropdown:
    """Who replies; visible only for a run on a whole room."""
    names = persona.participants if persona and not persona.name else ()
    choices = [(text.ANYBODY, ""), *((display_name(name), name) for name in names)]
    return gr.Dropdown(choices, value="", visible=bool(names))


def _user_name_choices(persona: Persona) -> gr.Dropdown:
    names = [name for name in persona.participants if name != persona.name]
    return gr.Dropdown(
        [(text.NO_NAME, ""), *((display_name(name), name) for name in names)], value=""
    )
