"""The list of kept conversations beside the chat, and what can be done with one of them.

All of it is removed from the browser when the page is locked.
"""

from __future__ import annotations

import time
from typing import Any

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.conversations import ChatSetup, OpenConversation
from kakaobot.app.people import Company
from kakaobot.chat.lines import ChatLine
from kakaobot.chat.store import ConversationGone, KeptConversation
from kakaobot.errors import ConversationError
from ui import chat_text
from ui.bubbles import bubbles
from ui.chat_services import ConversationsProtocol
from ui.event_data import sent_text
from ui.events import Trigger, Updates, on, skip
from ui.render.conversations import conversation_list, conversations_problem
from ui.services import ChatProtocol
from ui.tabs.chat import persona
from ui.tabs.chat.conversation import WiredChat
from ui.tabs.chat.conversations_layout import DOWNLOAD_SCRIPT
from ui.tabs.chat.keeping import Keeping, PageConversation

Lines = tuple[ChatLine, ...]

_PANEL, _EVERYTHING = 7, 15
"""Number of outputs: of the panel, and with the conversation and the choices beside it."""


def build(
    handlers: ConversationsHandlers,
    chat: WiredChat,
    shown: Trigger,
    access: gr.State,
    asked: gr.State,
) -> None:
    """Wire the list of a conversation that is laid out. See `tab.build` for the arguments."""
    parts, kept, branches = chat.parts, chat.parts.kept, chat.parts.branches
    panel = [
        *(kept.listing, kept.tools, kept.private, kept.renaming, kept.question),
        *(branches.row, branches.label),
    ]
    everything = [parts.chatbot, parts.lines, *parts.company, *panel]
    seen = [access, kept.search, kept.page]
    cancels: dict[str, Any] = {"cancels": chat.replies}

    for event in (shown, kept.search.change):
        on(event, handlers.refresh, seen, panel)
    for change in chat.changes:
        on(change.then, handlers.refresh, seen, panel)
    typed = [kept.search, kept.title, kept.exported]
    locked = on(chat.shown.then, handlers.lock_or_refresh, seen, [*typed, *panel])
    opened = on(locked.then, handlers.open_last, [access, parts.lines, kept.page], everything)
    on(opened.then, handlers.show_room, access, [parts.gate, parts.room])
    on(kept.listing.select, handlers.open, seen, everything, **cancels)
    for event in (kept.new.click, parts.chatbot.clear):
        on(event, handlers.start, seen, everything, **cancels)
    asks = [*seen, asked, parts.run]
    on(shown, handlers.talk_to, asks, [asked, *everything])
    on(kept.delete_now.click, handlers.delete, seen, everything, **cancels)
    on(branches.previous.click, handlers.walk_back, seen, everything, **cancels)
    on(branches.following.click, handlers.walk_on, seen, everything, **cancels)

    title = [kept.renaming, kept.title, kept.question]
    on(kept.rename.click, handlers.ask_title, [access, kept.page], title)
    for event in (kept.save_title.click, kept.title.submit):
        on(event, handlers.rename, [*seen, kept.title], panel)
    question = [kept.question, kept.renaming]
    on(kept.cancel.click, handlers.close_forms, None, question)
    on(kept.delete.click, handlers.ask_delete, [access, kept.page], question)
    setup = [parts.lines, parts.run, parts.members, parts.user_name]
    on(kept.private.input, handlers.set_private, [*seen, kept.private, *setup], panel)
    exported = on(
        kept.export.click, handlers.export, [access, parts.lines, kept.page], kept.exported
    )
    exported.success(
        None, kept.exported, kept.exported, js=DOWNLOAD_SCRIPT, api_visibility="private"
    )


class ConversationsHandlers:
    """Handlers of the list.

    They return the conversation, with whom it is held, and the panel, in the order of the outputs
    in `build`. A panel is the list, the tools of the open conversation, whether it is private, two
    forms, and the branches.
    """

    def __init__(
        self, conversations: ConversationsProtocol, chat: ChatProtocol, gate: PasswordGate
    ) -> None:
        self._conversations = conversations
        self._chat = chat
        self._gate = gate

    def refresh(self, access: AccessPass | None, query: str, page: PageConversation) -> Updates:
        """The panel, empty on a locked page. On another one, a form that is open stays so."""
        if not self._gate.is_open(access):
            return (
                "",
                gr.Row(visible=False),
                False,
                gr.Row(visible=False),
                gr.Row(visible=False),
                gr.Row(visible=False),
                "",
            )
        *before, _, _, row, label = self._panel(access, query, page)
        return *before, *skip(2), row, label

    def close_forms(self) -> Updates:
        return gr.Row(visible=False), gr.Row(visible=False)

    def lock_or_refresh(
        self, access: AccessPass | None, query: str, page: PageConversation
    ) -> Updates:
        """The panel, and what was typed into its fields, which a locked page does not keep."""
        typed = skip(3) if self._gate.is_open(access) else ("", "", "")
        return *typed, *self.refresh(access, query, page)

    def show_room(self, access: AccessPass | None) -> Updates:
        """Show the room in place of the gate on an unlocked page."""
        is_open = self._gate.is_open(access)
        return gr.Column(visible=not is_open), gr.Row(visible=is_open)

    def open_last(self, access: AccessPass | None, lines: Lines, page: PageConversation) -> Updates:
        """Show the last conversation on a page that has none yet."""
        if not self._gate.is_open(access) or page.current is not None or lines:
            return skip(_EVERYTHING)
        try:
            return self._show(access, "", page, self._conversations.open(access))
        except ConversationGone:
            page.start()
            return skip(_EVERYTHING)

    def open(
        self, access: AccessPass | None, query: str, page: PageConversation, event: gr.EventData
    ) -> Updates:
        self._gate.verify(access)
        kept = self._conversations.open(access, sent_text(event, "conversation"))
        return self._show(access, query, page, kept)

    def start(self, access: AccessPass | None, query: str, page: PageConversation) -> Updates:
        """Start a new conversation with the same people."""
        self._gate.verify(access)
        page.start()
        return [], (), *skip(6), *self._panel(access, query, page)

    def talk_to(
        self,
        access: AccessPass | None,
        query: str,
        page: PageConversation,
        run: str,
        current: str | None,
    ) -> Updates:
        """Start a new conversation with a run, unless the open one is held with it.

        Returns:
            That no run is asked for any more, and the conversation.
        """
        if not run:
            return skip(1 + _EVERYTHING)
        if not self._gate.is_open(access) or run == current or run not in self._chat.runs():
            return "", *skip(_EVERYTHING)
        page.start()
        company = persona.people_of(self._chat).company(run)
        with_whom = persona.updates(self._chat, company)
        return "", [], (), *with_whom, *self._panel(access, query, page)

    def walk_back(self, access: AccessPass | None, query: str, page: PageConversation) -> Updates:
        return self._walk(access, query, page, -1)

    def walk_on(self, access: AccessPass | None, query: str, page: PageConversation) -> Updates:
        return self._walk(access, query, page, 1)

    def ask_title(self, access: AccessPass | None, page: PageConversation) -> Updates:
        self._gate.verify(access)
        title = self._conversations.open(access, page.id).title if page.id else ""
        return gr.Row(visible=bool(page.id)), title, gr.Row(visible=False)

    def rename(
        self, access: AccessPass | None, query: str, page: PageConversation, title: str
    ) -> Updates:
        self._gate.verify(access)
        if page.id:
            self._conversations.rename(access, page.id, title)
        return self._panel(access, query, page)

    def ask_delete(self, access: AccessPass | None, page: PageConversation) -> Updates:
        self._gate.verify(access)
        return gr.Row(visible=bool(page.id)), gr.Row(visible=False)

    def delete(self, access: AccessPass | None, query: str, page: PageConversation) -> Updates:
        """Delete the open conversation for good, and start a new one."""
        self._gate.verify(access)
        if page.id:
            self._conversations.delete(access, page.id)
        return self.start(access, query, page)

    def set_private(
        self,
        access: AccessPass | None,
        query: str,
        page: PageConversation,
        is_private: bool,
        lines: Lines,
        run: str,
        members: persona.Members,
        user_name: str,
    ) -> Updates:
        """Keep nothing more of the open conversation, or all of it from now on."""
        self._gate.verify(access)
        if is_private:
            current = page.current or OpenConversation()
            page.current = self._conversations.make_private(access, current)
        elif page.is_private:
            page.start()
            setup = ChatSetup(run or "", tuple(members), user_name or "")
            Keeping(self._conversations, access, page, setup).keep(lines)
        return self._panel(access, query, page)

    def export(self, access: AccessPass | None, lines: Lines, page: PageConversation) -> str:
        """The text that the page saves as a file."""
        self._gate.verify(access)
        title = self._conversations.open(access, page.id).title if page.id else ""
        return self._conversations.export(access, lines, title)

    def _walk(
        self, access: AccessPass | None, query: str, page: PageConversation, step: int
    ) -> Updates:
        self._gate.verify(access)
        if not page.id:
            return skip(_EVERYTHING)
        number = self._conversations.open(access, page.id).branch + step
        kept = self._conversations.show_branch(access, page.id, number)
        return self._show(access, query, page, kept)

    def _show(
        self,
        access: AccessPass | None,
        query: str,
        page: PageConversation,
        kept: KeptConversation,
    ) -> Updates:
        """A conversation with those it was held with, and the panel."""
        if kept.id != page.id:
            page.start(OpenConversation(kept.id))
        lines, setup = tuple(line.line for line in kept.lines), ChatSetup.of(kept)
        company = Company(setup.run, setup.members)
        with_whom = persona.updates(self._chat, company, setup.user_name)
        return bubbles(lines), lines, *with_whom, *self._panel(access, query, page)

    def _panel(self, access: AccessPass | None, query: str, page: PageConversation) -> Updates:
        number = count = 0
        try:
            found = self._conversations.search(access, query or "")
            listed = conversation_list(found, page.id, (query or "").strip(), time.time())
            if page.id:
                kept = self._conversations.open(access, page.id)
                number, count = kept.branch, kept.branches
        except ConversationGone:
            pass
        except ConversationError as error:
            listed = conversations_problem(str(error))
        return (
            listed,
            gr.Row(visible=bool(page.id)),
            page.is_private,
            gr.Row(visible=False),
            gr.Row(visible=False),
            gr.Row(visible=count > 1),
            chat_text.BRANCH.format(number=number, count=count) if count > 1 else "",
        )
