"""The components of the inner tab "대화하기"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from kakaobot.chat.protocol import ADAPTER, BASE, STRONGEST
from ui import chat_text, text
from ui.tabs.chat import conversations_layout, copies, persona


@dataclass(frozen=True)
class ChatComponents:
    lines: gr.State
    gate: gr.Column
    gate_card: gr.HTML
    room: gr.Row
    chatbot: gr.Chatbot
    message: gr.Textbox
    send: gr.Button
    stop: gr.Button
    retry: gr.Button
    undo: gr.Button
    at_once: gr.Checkbox
    header: gr.HTML
    copies: copies.CopyComponents
    strength: gr.Slider
    persona_card: gr.HTML
    members_card: gr.HTML
    members: gr.State
    run: gr.Dropdown
    user_name: gr.Dropdown
    go_on: gr.Button
    kept: conversations_layout.ConversationsComponents
    branches: conversations_layout.BranchComponents

    @property
    def company(self) -> list[Any]:
        """What shows with whom the user talks."""
        return [
            self.persona_card,
            self.members_card,
            self.members,
            self.run,
            self.user_name,
            self.go_on,
        ]

    @property
    def options(self) -> list[Any]:
        """With whom, as whom and how a reply is made."""
        return [self.run, self.members, self.user_name, self.at_once, self.strength]


def layout(gate_card: str) -> ChatComponents:
    """Lay out the tab; the room is hidden until the page is unlocked."""
    # Gradio places components in the order of their creation.
    parts: dict[str, Any] = {"lines": gr.State(())}
    with gr.Column(elem_id="chat-gate", elem_classes="kb-card") as parts["gate"]:
        parts["gate_card"] = gr.HTML(gate_card)
    with gr.Row(visible=False, elem_id="chat-room") as parts["room"]:
        with gr.Column(scale=1, min_width=230, elem_id="chat-kept"):
            parts["kept"] = conversations_layout.layout()
        with gr.Column(scale=3, min_width=320, elem_id="chat-talk"):
            parts["header"] = gr.HTML(elem_id="chat-header")
            parts |= _conversation()
            parts["copies"] = copies.layout()
        with gr.Column(scale=1, min_width=250, elem_id="chat-side"):
            parts |= persona.layout()
            parts["strength"] = _strength()
    return ChatComponents(**parts)


def _strength() -> gr.Slider:
    return gr.Slider(
        BASE,
        STRONGEST,
        value=ADAPTER,
        step=0.1,
        label=chat_text.STRENGTH,
        info=chat_text.STRENGTH_HINT,
        elem_id="chat-strength",
    )


def _chatbot() -> gr.Chatbot:
    return gr.Chatbot(
        label=text.CHAT_BOX,
        show_label=False,
        height="calc(100vh - 516px)",
        min_height=240,
        layout="bubble",
        placeholder=text.CHAT_EMPTY,
        group_consecutive_messages=False,
        render_markdown=False,
        latex_delimiters=[],
        buttons=["copy"],
        allow_tags=False,
        feedback_options=None,
        editable="user",
        elem_id="chat-box",
    )


def _conversation() -> dict[str, Any]:
    chatbot = _chatbot()
    branches = conversations_layout.branch_layout()
    with gr.Row(elem_id="chat-line"):
        message = gr.Textbox(
            label=text.MESSAGE,
            show_label=False,
            container=False,
            lines=1,
            max_lines=6,
            placeholder=text.MESSAGE_HINT,
            scale=1,
            elem_id="chat-message",
        )
        send = gr.Button(text.SEND, variant="primary", scale=0, min_width=96, elem_id="chat-send")
        stop = gr.Button(
            text.STOP_REPLY,
            variant="stop",
            visible=False,
            scale=0,
            min_width=96,
            elem_id="chat-stop",
        )
    with gr.Row(elem_id="chat-tools"):
        small: dict[str, Any] = {"size": "sm", "scale": 0, "min_width": 110}
        retry = gr.Button(text.RETRY, elem_id="chat-retry", **small)
        undo = gr.Button(text.UNDO, elem_id="chat-undo", **small)
        go_on = gr.Button(chat_text.GO_ON, visible=False, elem_id="chat-go-on", **small)
        at_once = gr.Checkbox(
            label=chat_text.AT_ONCE,
            container=False,
            scale=0,
            min_width=110,
            elem_id="chat-at-once",
        )
    return {
        "chatbot": chatbot,
        "message": message,
        "send": send,
        "stop": stop,
        "retry": retry,
        "undo": undo,
        "go_on": go_on,
        "branches": branches,
        "at_once": at_once,
    }
