"""The inner tab "대화하기": chat with a trained persona.

The conversation is kept in `gr.State` on the server. Every handler verifies the pass of the page,
because a client can call handlers by number.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat import LINE_LENGTH
from kakaobot.app.conversations import ChatSetup
from kakaobot.app.people import Company
from kakaobot.app.room_talk import TalkOptions
from kakaobot.chat.lines import ChatLine, Reply
from kakaobot.chat.protocol import ADAPTER
from kakaobot.errors import KakaobotError
from ui import chat_text, text
from ui.bubbles import bubbles, line_of_bubble, original_text
from ui.chat_services import ConversationsProtocol
from ui.errors import notify
from ui.events import Trigger, Updates, end, on, skip
from ui.password_bar import PageAccess
from ui.render import cards
from ui.services import ChatProtocol, TalkProtocol
from ui.tabs.chat import persona
from ui.tabs.chat.keeping import Keeping, PageConversation
from ui.tabs.chat.layout import ChatComponents, layout
from ui.tabs.chat.streaming import PagesInProgress, changes, note_below

Lines = tuple[ChatLine, ...]
Talk = Callable[[AccessPass | None, Lines, TalkOptions], Iterator[Reply]]
"""A method of `RoomTalk`."""


@dataclass(frozen=True)
class WiredChat:
    """What `ui.tabs.chat.conversations` is wired to."""

    parts: ChatComponents
    replies: Sequence[Any]
    """Events that stream replies."""
    changes: Sequence[Any]
    """Events after which other lines may be kept."""
    shown: Any
    """The event after which a page is locked, or unlocked but for showing the room."""


def build(
    handlers: ChatHandlers, choices: persona.PersonaHandlers, shown: Trigger, page: PageAccess
) -> WiredChat:
    """Lay out the tab and wire it. Without a password, the gate explains how to set one."""
    parts = layout(handlers.gate_card())
    access, lines = page.access, parts.lines
    chat = [parts.chatbot, lines, parts.message]
    buttons = [parts.send, parts.stop]
    # Replies wait in a line of their own, which tells its place in Korean.
    side_by_side: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 2 * LINE_LENGTH}

    chosen = [access, parts.run, parts.members]
    on(shown, choices.refresh, chosen, parts.company)
    on(parts.run.input, choices.select_run, chosen[:2], parts.company)
    on(parts.members_card.click, choices.pick, chosen, parts.company)
    kept = parts.kept.page
    conversation = [access, lines, *parts.options, kept]
    message = [access, parts.message, *conversation[1:]]
    outputs = [*chat, *buttons]
    replies = [
        on(event, handlers.send, message, outputs, **side_by_side)
        for event in (parts.send.click, parts.message.submit)
    ]
    replies += [
        on(parts.retry.click, handlers.retry, conversation, outputs, **side_by_side),
        on(parts.go_on.click, handlers.go_on, conversation, outputs, **side_by_side),
        on(parts.chatbot.edit, handlers.edit, conversation, outputs, **side_by_side),
    ]
    # `then` also runs after an error, so that the stop button disappears.
    changes = [on(reply.then, handlers.show_send_button, access, buttons) for reply in replies]
    stopped = [parts.chatbot, *buttons]
    stop = on(parts.stop.click, handlers.stop, [access, lines], stopped, cancels=replies)
    # Once more after what was under way.
    on(stop.then, handlers.show_lines, [access, lines], parts.chatbot)
    changes += [
        stop,
        on(parts.undo.click, handlers.undo, [access, lines, kept], chat, cancels=replies),
    ]
    everything = [parts.gate, parts.room, parts.chatbot, *buttons, *parts.company]
    end(page.locked, replies)
    shown = on(page.changed, handlers.show_room, [access, lines, kept], everything)
    on(page.changed, handlers.gate_card, None, parts.gate_card)
    return WiredChat(parts, replies, changes, shown)


class ChatHandlers:
    """Handlers of the tab. They return values in the order of the outputs in `build`."""

    def __init__(
        self,
        chat: ChatProtocol,
        talk: TalkProtocol,
        conversations: ConversationsProtocol,
        gate: PasswordGate,
    ) -> None:
        self._chat = chat
        self._talk = talk
        self._conversations = conversations
        self._gate = gate
        self._replying = PagesInProgress()

    def gate_card(self) -> str:
        """What a page without a pass reads: where to set the password, or to enter it."""
        return cards.gate_card(self._gate.is_set)

    def show_room(
        self, access: AccessPass | None, lines: Lines, page: PageConversation | None = None
    ) -> Updates:
        """Fill an unlocked page; hide the room, and remove it from the browser, on a locked one.

        The room of an unlocked page is shown once its last conversation is open: what is sent
        before would go into another one. What is filled already stays.
        """
        is_open = self._gate.is_open(access)
        if page is not None:
            was_filled, page.is_filled = page.is_filled, is_open
            if is_open and was_filled:
                return skip(5 + len(persona.empty_updates()))
        choices = persona.updates(self._chat, Company()) if is_open else persona.empty_updates()
        return (
            gr.skip() if is_open else gr.Column(visible=True),
            gr.skip() if is_open else gr.Row(visible=False),
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
        strength: float = ADAPTER,
        request: gr.Request | None = None,
        page: PageConversation | None = None,
    ) -> Iterator[Updates]:
        self._gate.verify(access)
        if not message.strip():
            notify(text.NOTHING_TO_SEND)
            yield skip(5)
            return
        lines = (*lines, ChatLine(user_name or "", message.strip(), from_user=True))
        options = _options(run, members, user_name, at_once, strength)
        yield from self._reply(self._talk.answer, access, lines, options, request, page)

    def retry(
        self,
        access: AccessPass | None,
        lines: Lines,
        run: str,
        members: persona.Members,
        user_name: str,
        at_once: bool,
        strength: float = ADAPTER,
        request: gr.Request | None = None,
        page: PageConversation | None = None,
    ) -> Iterator[Updates]:
        self._gate.verify(access)
        lines = _up_to_user(lines)
        if not lines:
            notify(text.NOTHING_TO_RETRY)
            yield skip(5)
            return
        options = _options(run, members, user_name, at_once, strength)
        yield from self._reply(self._talk.answer, access, lines, options, request, page)

    def edit(
        self,
        event: gr.EventData,
        access: AccessPass | None,
        lines: Lines,
        run: str,
        members: persona.Members,
        user_name: str,
        at_once: bool,
        strength: float = ADAPTER,
        request: gr.Request | None = None,
        page: PageConversation | None = None,
    ) -> Iterator[Updates]:
        """Send another message in the place of an earlier one, on a branch of its own."""
        self._gate.verify(access)
        number, message = line_of_bubble(lines, event.index), original_text(event.value).strip()
        if number is None or not lines[number].from_user or not message:
            yield bubbles(lines), *skip(4)
            return
        lines = (*lines[:number], replace(lines[number], text=message))
        options = _options(run, members, user_name, at_once, strength)
        yield from self._reply(self._talk.answer, access, lines, options, request, page)

    def go_on(
        self,
        access: AccessPass | None,
        lines: Lines,
        run: str,
        members: persona.Members,
        user_name: str,
        at_once: bool,
        strength: float = ADAPTER,
        request: gr.Request | None = None,
        page: PageConversation | None = None,
    ) -> Iterator[Updates]:
        """Let the room talk by itself until it is stopped."""
        self._gate.verify(access)
        options = _options(run, members, user_name, at_once, strength)
        yield from self._reply(self._talk.go_on, access, lines, options, request, page)

    def stop(
        self, access: AccessPass | None, lines: Lines, request: gr.Request | None = None
    ) -> Updates:
        """Show what was said until the reply was stopped; no more of it follows."""
        self._gate.verify(access)
        self._replying.stop(_page(request))
        return bubbles(lines), *_buttons(replying=False)

    def show_lines(
        self, access: AccessPass | None, lines: Lines, request: gr.Request | None = None
    ) -> object:
        """Show the conversation as it is, unless a further reply is being written."""
        self._gate.verify(access)
        return gr.skip() if self._replying.has(_page(request)) else bubbles(lines)

    def show_send_button(
        self, access: AccessPass | None, request: gr.Request | None = None
    ) -> Updates:
        """Show the send button in place of the stop button, once no reply is being generated.

        Also asked after a second message was refused, while the first is still answered.
        """
        self._gate.verify(access)
        return _buttons(replying=self._replying.has(_page(request)))

    def undo(
        self, access: AccessPass | None, lines: Lines, page: PageConversation | None = None
    ) -> Updates:
        """Delete the last exchange and move the user's message back into the text box."""
        self._gate.verify(access)
        up_to_user = _up_to_user(lines)
        if not up_to_user:
            return bubbles(lines), lines, gr.skip()
        *rest, last = up_to_user
        self._keeping(access, TalkOptions(), page).drop_after(len(rest))
        return bubbles(rest), tuple(rest), last.text

    def _reply(
        self,
        talk: Talk,
        access: AccessPass | None,
        lines: Lines,
        options: TalkOptions,
        request: gr.Request | None,
        page: PageConversation | None,
    ) -> Iterator[Updates]:
        """Stream and keep what `talk` makes follow `lines`, unless the page still waits."""
        start = functools.partial(talk, access, lines, options)
        keeping = self._keeping(access, options, page)
        yield from self._one_at_a_time(self._stream(lines, start, options, keeping), request)

    def _keeping(
        self, access: AccessPass | None, options: TalkOptions, page: PageConversation | None
    ) -> Keeping:
        setup = ChatSetup(options.run, tuple(options.members), options.user_name)
        return Keeping(self._conversations, access, page, setup)

    def _one_at_a_time(
        self, replies: Generator[Updates, None, None], request: gr.Request | None
    ) -> Iterator[Updates]:
        """Pass on a reply, unless the page still waits for another one."""
        page = _page(request)
        if self._replying.has(page):
            notify(text.STILL_REPLYING)
            yield skip(5)
        else:
            yield from self._replying.pass_on(page, replies)

    def _stream(
        self,
        lines: Lines,
        start: Callable[[], Iterator[Reply]],
        options: TalkOptions,
        keeping: Keeping,
    ) -> Generator[Updates, None, None]:
        """Stream and keep what follows `lines`, one reply after the other."""
        keeping.keep(lines)
        show_send, show_stop = _buttons(replying=False), _buttons(replying=True)
        yield bubbles(lines, chat_text.TYPING), lines, "", *show_stop
        updated = before = lines
        note = ""
        try:
            # Gradio closes this generator on a stop or when the page closes; this stops the model.
            with contextlib.closing(cast("Generator[Reply, None, None]", start())) as replies:
                for reply in changes(replies):
                    if reply is None:
                        yield skip(5)
                        continue
                    updated = (*before, line_of(reply)) if reply.bubbles else before
                    note = note_below(reply, at_once=options.at_once)
                    # The buttons again: a row that is just being shown may miss its first update.
                    yield bubbles(updated, note), updated, gr.skip(), *show_stop
                    if reply.done:
                        before = updated
                        keeping.keep(updated)
        except KakaobotError as error:
            # Not raised: gradio would cover the conversation and keep the stop button.
            yield bubbles(updated, str(error)), updated, gr.skip(), *show_send
            return
        finally:
            # Also what was said of a reply that was stopped.
            if updated != before:
                keeping.keep(updated)
        if updated == lines and not note:
            notify(text.EMPTY_REPLY)


def _options(
    run: str | None,
    members: persona.Members,
    user_name: str | None,
    at_once: bool,
    strength: float,
) -> TalkOptions:
    """The values of `ChatComponents.options`."""
    return TalkOptions(run or "", members, user_name or "", at_once=at_once, strength=strength)


def line_of(reply: Reply) -> ChatLine:
    return ChatLine(reply.name, "\n".join(reply.bubbles), from_user=False)


def _page(request: gr.Request | None) -> str:
    return str(request.session_hash) if request else ""


def _buttons(*, replying: bool) -> Updates:
    """The buttons to send and to stop."""
    return gr.Button(visible=not replying), gr.Button(visible=replying)


def _up_to_user(lines: Lines) -> Lines:
    """The lines up to the user's last message; empty without one."""
    last = max((number for number, line in enumerate(lines) if line.from_user), default=-1)
    return lines[: last + 1]
