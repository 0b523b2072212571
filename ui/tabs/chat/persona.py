"""With whom and as whom the user talks: the card and the choices beside the conversation."""

from __future__ import annotations

from typing import Any

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.people import Company, People
from kakaobot.app.personas import Persona
from kakaobot.display_name import display_name
from kakaobot.errors import RunError
from ui import chat_text, text
from ui.choice import Choice
from ui.event_data import ClickRequest
from ui.events import Updates, skip
from ui.render import cards
from ui.render.members import members_card
from ui.services import ChatProtocol
from ui.tabs.rooms import ACTION_SCRIPT

Members = tuple[str, ...]


def layout() -> dict[str, Any]:
    """The components, by their names in `ChatComponents`."""
    parts: dict[str, Any] = {
        "members": gr.State(()),
        "persona_card": gr.HTML(elem_id="chat-voice"),
        "members_card": gr.HTML(js_on_load=ACTION_SCRIPT, elem_id="chat-members"),
        "user_name": Choice(
            label=text.CHAT_USER_NAME,
            info=text.CHAT_USER_NAME_INFO,
            allow_custom_value=True,
            elem_id="chat-me",
        ),
    }
    with gr.Accordion(chat_text.ABOUT_RUN, open=False, elem_id="chat-about-run"):
        parts["run"] = Choice(label=text.CHAT_RUN, elem_id="chat-run")
    return parts


class PersonaHandlers:
    """Handlers of the choices. They return values in the order of `ChatComponents.company`."""

    def __init__(self, chat: ChatProtocol, gate: PasswordGate) -> None:
        self._chat = chat
        self._gate = gate

    def refresh(self, access: AccessPass | None, run: str, members: Members) -> Updates:
        """Update the persona and its choices, unless the page is locked."""
        if not self._gate.is_open(access):
            return skip(6)
        return updates(self._chat, Company(run or "", members))

    def select_run(self, access: AccessPass | None, run: str) -> Updates:
        self._gate.verify(access)
        return updates(self._chat, people_of(self._chat).company(run or ""))

    def pick(
        self, access: AccessPass | None, run: str, members: Members, event: gr.EventData
    ) -> Updates:
        """Let a person join or leave, or choose a whole room."""
        self._gate.verify(access)
        request, people = ClickRequest(event), people_of(self._chat)
        if request.has("run"):
            company = people.company(request.text("run"))
        else:
            company = people.toggled(Company(run or "", members), request.text("name"))
        return updates(self._chat, company)


def people_of(chat: ChatProtocol) -> People:
    """The people of all runs that can be read."""
    personas = []
    for run in chat.runs():
        try:
            personas.append(chat.persona(run))
        except RunError:
            continue
    return People(personas)


def updates(chat: ChatProtocol, company: Company, user_name: str = "") -> Updates:
    """What shows a company, in the order of `ChatComponents.company`."""
    runs, people = chat.runs(), people_of(chat)
    try:
        persona = chat.persona(company.run if company.run in runs else "")
    except RunError as error:
        note = cards.note(text.NOTICE, str(error))
        return (
            note,
            "",
            (),
            gr.Dropdown([], value=None),
            gr.Dropdown([], value=None),
            gr.Button(visible=False),
        )
    if persona.run != company.run or not (company.members or not persona.name):
        company = people.company(persona.run)
    return (
        cards.persona_card(persona),
        members_card(people, company),
        company.members,
        gr.Dropdown(list(runs), value=persona.run),
        _user_name_choices(persona, company, user_name),
        gr.Button(visible=not persona.name and len(company.members) != 1),
    )


def empty_updates() -> Updates:
    """As `updates`, for a locked page."""
    return "", "", (), gr.Dropdown([]), gr.Dropdown([]), gr.Button(visible=False)


def _user_name_choices(persona: Persona, company: Company, user_name: str) -> gr.Dropdown:
    """The names that the user may write as."""
    taken = {persona.name, *company.members}
    names = [name for name in persona.participants if name not in taken]
    return gr.Dropdown(
        [(text.NO_NAME, ""), *((display_name(name), name) for name in names)], value=user_name
    )
