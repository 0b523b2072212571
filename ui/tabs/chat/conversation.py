"""The inner tab "대화하기": chat with a trained persona.

The conversation is kept in `gr.State` on the server. Every handler verifies the pass of the page,
because a client can call handlers by number.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Generator, Iterator
from typing import Any, cast

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat import LINE_LENGTH
from kakaobot.app.people import Company
from kakaobot.app.room_talk import TalkOptions
from kakaobot.chat.lines import ChatLine, Reply
from kakaobot.errors import KakaobotError
from ui import chat_text, text
from ui.errors import notify
from ui.events import Updates, on, skip
from ui.password_bar import PageAccess
from ui.presenters import bubbles, small_note
from ui.render import cards
from ui.services import ChatProtocol, TalkProtocol
from ui.tabs.chat import persona
from ui.tabs.chat.layout import layout

Lines = tuple[ChatLine, ...]


def build(
    handlers: ChatHandlers, choices: persona.PersonaHandlers, tab: gr.Tab, page: PageAccess
) -> None:
    """Lay out the tab and wire it. Without a password, the gate explains how to set one."""
    parts = layout(handlers.gate_card())
    access, lines = page.access, parts.lines
    chat = [parts.chatbot, lines, parts.message]
    buttons = [parts.send, parts.stop]
    # Replies wait in a line of their own, which tells its place in Korean.
    side_by_side: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 2 * LINE_LENGTH}

    chosen = [access, parts.run, parts.members]
    on(tab.select, choices.refresh, chosen, parts.company)
    on(parts.run.input, choices.select_run, chosen[:2], parts.company)
    on(parts.members_card.click, choices.pick, chosen, parts.company)
    message = [access, parts.message, lines, *parts.options]
    conversation = [access, lines, *parts.options]
    outputs = [*chat, *buttons]
    replies = [
        on(event, handlers.send, message, outputs, **side_by_side)
        for event in (parts.send.click, parts.message.submit)
    ]
    replies += [
        on(parts.retry.click, handlers.retry, conversation, outputs, **side_by_side),
        on(parts.go_on.click, handlers.go_on, conversation, outputs, **side_by_side),
    ]
    for reply in replies:
        # `then` also runs after an error, so that the stop button disappears.
        on(reply.then, handlers.show_send_button, access, buttons)
    on(parts.stop.click, handlers.stop, [access, lines], [parts.chatbot, *buttons], cancels=replies)
    on(parts.undo.click, handlers.undo, [access, lines], chat, cancels=replies)
    for event in (parts.clear.click, parts.chatbot.clear):
        on(event, handlers.clear, access, chat, cancels=replies)
    everything = [parts.gate, parts.room, parts.chatbot, *buttons, *parts.company]
    on(page.changed, handlers.show_room, [access, lines], everything, cancels=replies)
    on(page.changed, handlers.gate_card, None, parts.gate_card)


class ChatHandlers:
    """Handlers of the tab. They return values in the order of the outputs in `build`."""

    def __init__(self, chat: ChatProtocol, talk: TalkProtocol, gate: PasswordGate) -> None:
        self._chat = chat
        self._talk = talk
        self._gate = gate
        self._replying: set[str] = set()
        """Pages with a reply in progress."""

    def gate_card(self) -> str:
        """What a page without a pass reads: where to set the password, or to enter it."""
        return cards.gate_card(self._gate.is_set)

    def show_room(self, access: AccessPass | None, lines: Lines) -> Updates:
        """Show the conversation on an unlocked page; remove it from the browser on a locked one."""
        is_open = self._gate.is_open(access)
        choices = persona.updates(self._chat, Company()) if is_open else persona.empty_updates()
        return (
            gr.Column(visible=not is_open),
            gr.Row(visible=is_open),
            bubbles(lines) if is_open else [],
            gr.Button(visible=True),
            gr.Button(visible=False),
            *choices,
        )

    def send(
        self,
        access: AccessPass | None,
        message: str,
        lines: Lines,
        run: str,
        members: persona.Members,
        user_name: str,
        at_once: bool,
        request: gr.Request | None = None,
    ) -> Iterator[Updates]:
        self._gate.verify(access)
        if not message.strip():
            notify(text.NOTHING_TO_SEND)
            yield skip(5)
            return
        lines = (*lines, ChatLine(user_name or "", message.strip(), from_user=True))
        options = TalkOptions(run or "", members, user_name or "", at_once=at_once)
        replies = functools.partial(self._talk.answer, access, lines, options)
        yield from self._one_at_a_time(self._stream(lines, replies, options), request)

    def retry(
        self,
        access: AccessPass | None,
        lines: Lines,
        run: str,
        members: persona.Members,
        user_name: str,
        at_once: bool,
        request: gr.Request | None = None,
    ) -> Iterator[Updates]:
        self._gate.verify(access)
        lines = _up_to_user(lines)
        if not lines:
            notify(text.NOTHING_TO_RETRY)
            yield skip(5)
            return
        options = TalkOptions(run or "", members, user_name or "", at_once=at_once)
        replies = functools.partial(self._talk.answer, access, lines, options)
        yield from self._one_at_a_time(self._stream(lines, replies, options), request)

    def go_on(
        self,
        access: AccessPass | None,
        lines: Lines,
        run: str,
        members: persona.Members,
        user_name: str,
        at_once: bool,
        request: gr.Request | None = None,
    ) -> Iterator[Updates]:
        """Let the room talk by itself until it is stopped."""
        self._gate.verify(access)
        options = TalkOptions(run or "", members, user_name or "", at_once=at_once)
        replies = functools.partial(self._talk.go_on, access, lines, options)
        yield from self._one_at_a_time(self._stream(lines, replies, options), request)

    def stop(self, access: AccessPass | None, lines: Lines) -> Updates:
        """Show what was said until the reply was stopped."""
        return bubbles(lines), *self.show_send_button(access)

    def show_send_button(self, access: AccessPass | None) -> Updates:
        """Show the send button in place of the stop button, once no reply is being generated."""
        self._gate.verify(access)
        return _buttons(replying=False)

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

    def _stream(
        self, lines: Lines, start: Callable[[], Iterator[Reply]], options: TalkOptions
    ) -> Iterator[Updates]:
        """Stream what follows `lines`, one reply after the other."""
        show_send, show_stop = _buttons(replying=False), _buttons(replying=True)
        yield bubbles(lines, chat_text.TYPING), lines, "", *show_stop
        updated = before = lines
        note = ""
        try:
            # Gradio closes this generator on a stop or when the page closes; this stops the model.
            with contextlib.closing(cast("Generator[Reply, None, None]", start())) as replies:
                for reply in _changes(replies):
                    if reply is None:
                        yield skip(5)
                        continue
                    updated = (*before, line_of(reply)) if reply.bubbles else before
                    note = _note(reply, at_once=options.at_once)
                    yield bubbles(updated, note), updated, *skip(3)
                    before = updated if reply.done else before
        except KakaobotError as error:
            # Not raised: gradio would cover the conversation and keep the stop button.
            yield bubbles(updated, str(error)), updated, gr.skip(), *show_send
            return
        if updated == lines and not note:
            notify(text.EMPTY_REPLY)


def line_of(reply: Reply) -> ChatLine:
    return ChatLine(reply.name, "\n".join(reply.bubbles), from_user=False)


def _buttons(*, replying: bool) -> Updates:
    """The buttons to send and to stop."""
    return gr.Button(visible=not replying), gr.Button(visible=replying)


def _note(reply: Reply, *, at_once: bool) -> str:
    """What stands below a reply: what it waits for, that somebody types, or that nobody does."""
    if reply.note:
        return small_note(reply.note)
    types = not (reply.done or (at_once and reply.bubbles))
    return chat_text.TYPING if types else ""


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
