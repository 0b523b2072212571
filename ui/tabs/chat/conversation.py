"""The inner tab "대화하기": chat with a trained persona.

The conversation is kept in `gr.State` on the server. Every handler verifies the pass of the page,
because a client can call handlers by number.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, cast

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat import LINE_LENGTH
from kakaobot.chat.lines import ChatLine, Reply
from kakaobot.errors import KakaobotError
from ui import text
from ui.errors import notify
from ui.events import Updates, on, skip
from ui.password_bar import PageAccess
from ui.presenters import bubbles
from ui.render import cards
from ui.services import ChatProtocol
from ui.tabs.chat import persona

Lines = tuple[ChatLine, ...]


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
    clear: gr.Button
    persona_card: gr.HTML
    run: gr.Dropdown
    reply_as: gr.Dropdown
    user_name: gr.Dropdown


def build(handlers: ChatHandlers, tab: gr.Tab, page: PageAccess) -> None:
    """Lay out the tab and wire it. Without a password, the gate explains how to set one."""
    parts = _layout(handlers.gate_card())
    access, lines, run = page.access, parts.lines, parts.run
    chat = [parts.chatbot, lines, parts.message]
    buttons = [parts.send, parts.stop]
    choices = [parts.persona_card, run, parts.reply_as, parts.user_name]
    # Replies wait in a line of their own, which tells its place in Korean.
    side_by_side: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 2 * LINE_LENGTH}

    on(tab.select, handlers.refresh, [access, run], choices)
    on(run.input, handlers.select_run, [access, run], choices)
    options = [run, parts.reply_as, parts.user_name]
    message, conversation = [access, parts.message, lines, *options], [access, lines, *options]
    outputs = [*chat, *buttons]
    replies = [
        on(event, handlers.send, message, outputs, **side_by_side)
        for event in (parts.send.click, parts.message.submit)
    ]
    replies.append(on(parts.retry.click, handlers.retry, conversation, outputs, **side_by_side))
    for reply in replies:
        # `then` also runs after an error, so that the stop button disappears.
        on(reply.then, handlers.show_send_button, access, buttons)
    on(parts.stop.click, handlers.stop, [access, lines], [parts.chatbot, *buttons], cancels=replies)
    on(parts.undo.click, handlers.undo, [access, lines], chat, cancels=replies)
    for event in (parts.clear.click, parts.chatbot.clear):
        on(event, handlers.clear, access, chat, cancels=replies)
    everything = [parts.gate, parts.room, parts.chatbot, *buttons, *choices]
    on(page.changed, handlers.show_room, [access, lines], everything, cancels=replies)
    on(page.changed, handlers.gate_card, None, parts.gate_card)


class ChatHandlers:
    """Handlers of the tab. They return values in the order of the outputs in `build`."""

    def __init__(self, chat: ChatProtocol, gate: PasswordGate) -> None:
        self._chat = chat
        self._gate = gate
        self._replying: set[str] = set()
        """Pages with a reply in progress."""

    def gate_card(self) -> str:
        """What a page without a pass reads: where to set the password, or to enter it."""
        return cards.gate_card(self._gate.is_set)

    def show_room(self, access: AccessPass | None, lines: Lines) -> Updates:
        """Show the conversation on an unlocked page; remove it from the browser on a locked one."""
        is_open = self._gate.is_open(access)
        choices = persona.updates(self._chat, "") if is_open else persona.empty_updates()
        return (
            gr.Column(visible=not is_open),
            gr.Row(visible=is_open),
            bubbles(lines) if is_open else [],
            gr.Button(visible=True),
            gr.Button(visible=False),
            *choices,
        )

    def refresh(self, access: AccessPass | None, run: str) -> Updates:
        """Update the persona and its choices, unless the page is locked."""
        if not self._gate.is_open(access):
            return skip(4)
        return self.select_run(access, run)

    def select_run(self, access: AccessPass | None, run: str) -> Updates:
        self._gate.verify(access)
        return persona.updates(self._chat, run)

    def send(
        self,
        access: AccessPass | None,
        message: str,
        lines: Lines,
        run: str,
        reply_as: str,
        user_name: str,
        request: gr.Request | None = None,
    ) -> Iterator[Updates]:
        self._gate.verify(access)
        if not message.strip():
            notify(text.NOTHING_TO_SEND)
            yield skip(5)
            return
        lines = (*lines, ChatLine(user_name or "", message.strip(), from_user=True))
        replies = self._reply(access, lines, run, reply_as, user_name)
        yield from self._one_at_a_time(replies, request)

    def retry(
        self,
        access: AccessPass | None,
        lines: Lines,
        run: str,
        reply_as: str,
        user_name: str,
        request: gr.Request | None = None,
    ) -> Iterator[Updates]:
        self._gate.verify(access)
        lines = _up_to_user(lines)
        if not lines:
            notify(text.NOTHING_TO_RETRY)
            yield skip(5)
            return
        replies = self._reply(access, lines, run, reply_as, user_name)
        yield from self._one_at_a_time(replies, request)

    def stop(self, access: AccessPass | None, lines: Lines) -> Updates:
        """Show what was said until the reply was stopped."""
        return bubbles(lines), *self.show_send_button(access)

    def show_send_button(self, access: AccessPass | None) -> Updates:
        """Show the send button in place of the stop button, once no reply is being generated."""
        self._gate.verify(access)
        return gr.Button(visible=True), gr.Button(visible=False)

    def undo(self, access: AccessPass | None, lines: Lines) -> Updates:
        """Drop the last exchange and move the user's message back into the text box."""
        self._gate.verify(access)
        up_to_user = _up_to_user(lines)
        if not up_to_user:
            return bubbles(lines), lines, gr.skip()
        *rest, last = up_to_user
        return bubbles(rest), tuple(rest), last.text

    def clear(self, access: AccessPass | None) -> Updates:
        self._gate.verify(access)
        return [], (), gr.skip()

    def _one_at_a_time(
        self, replies: Iterator[Updates], request: gr.Request | None
    ) -> Iterator[Updates]:
        """Pass on a reply, unless the page still waits for another one."""
        page = str(request.session_hash) if request else ""
        if page in self._replying:
            notify(text.STILL_REPLYING)
            yield skip(5)
            return
        self._replying.add(page)
        try:
            yield from replies
        finally:
            self._replying.discard(page)

    def _reply(
        self, access: AccessPass | None, lines: Lines, run: str, reply_as: str, user_name: str
    ) -> Iterator[Updates]:
        """Stream the reply to `lines`."""
        replies = self._chat.reply(
            access, lines, run=run or "", reply_as=reply_as or "", user_name=user_name or ""
        )
        buttons = gr.Button(visible=False), gr.Button(visible=True)
        yield bubbles(lines, text.THINKING), lines, "", *buttons
        updated = lines
        # Gradio closes this generator on a stop or when the page closes; this stops the model.
        with contextlib.closing(cast("Generator[Reply, None, None]", replies)):
            try:
                for reply in _changes(replies):
                    if reply is None:
                        yield skip(5)
                    elif reply.bubbles:
                        line = ChatLine(reply.name, "\n".join(reply.bubbles), from_user=False)
                        updated = (*lines, line)
                        yield bubbles(updated), updated, *skip(3)
                    else:
                        yield bubbles(lines, reply.note or text.THINKING), *skip(4)
            except KakaobotError as error:
                # Not raised: gradio would cover the conversation and keep the stop button.
                buttons = gr.Button(visible=True), gr.Button(visible=False)
                yield bubbles(updated, str(error)), updated, gr.skip(), *buttons
                return
        if updated == lines:
            notify(text.EMPTY_REPLY)
            yield bubbles(lines), lines, *skip(3)


def _changes(replies: Iterator[Reply]) -> Iterator[Reply | None]:
    """The replies after an empty first one; None for each that repeats the one before."""
    shown: Reply | None = None
    for number, reply in enumerate(replies):
        if number and reply == shown:
            yield None
        elif number or reply.bubbles or reply.note:
            yield reply
        shown = reply


def _up_to_user(lines: Lines) -> Lines:
    """The lines up to the user's last message; empty without one."""
    last = max((number for number, line in enumerate(lines) if line.from_user), default=-1)
    return lines[: last + 1]


def _layout(gate_card: str) -> ChatComponents:
    # Gradio places components in the order of their creation.
    parts: dict[str, Any] = {"lines": gr.State(())}
    with gr.Column(elem_id="chat-gate", elem_classes="kb-card") as parts["gate"]:
        parts["gate_card"] = gr.HTML(gate_card)
    with gr.Row(visible=False, elem_id="chat-room") as parts["room"]:
        with gr.Column(scale=3, min_width=420):
            parts |= _conversation()
        with gr.Column(scale=1, min_width=250, elem_id="chat-side"):
            parts |= persona.layout()
    return ChatComponents(**parts)


def _conversation() -> dict[str, Any]:
    chatbot = gr.Chatbot(
        label=text.CHAT_BOX,
        show_label=False,
        height="calc(100vh - 320px)",
        min_height=360,
        layout="bubble",
        placeholder=text.CHAT_EMPTY,
        group_consecutive_messages=False,
        render_markdown=False,
        latex_delimiters=[],
        buttons=["copy"],
        allow_tags=False,
        feedback_options=None,
        elem_id="chat-box",
    )
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
        clear = gr.Button(text.CLEAR, elem_id="chat-clear", **small)
    return {
        "chatbot": chatbot,
        "message": message,
        "send": send,
        "stop": stop,
        "retry": retry,
        "undo": undo,
        "clear": clear,
    }
