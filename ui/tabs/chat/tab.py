"""The inner tabs of the tab "4 대화"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from ui import chat_text, feedback_text, publish_text, quiz_text
from ui.events import Trigger
from ui.password_bar import PageAccess
from ui.services import Services
from ui.tabs.chat import (
    audit,
    compare,
    conversation,
    conversations,
    copies,
    feedback,
    feedback_bar,
    header,
    memory,
    persona,
    publish,
    quiz,
)
from ui.tabs.chat.layout import ChatComponents


def build(services: Services, shown: Trigger, page: PageAccess, asked: gr.State) -> Sequence[Any]:
    """Lay out the inner tabs and wire them.

    Args:
        services: behind them.
        shown: the event after which the outer tab is shown.
        page: what it may show.
        asked: name of the run to talk to from then on, if one was asked for elsewhere.

    Returns:
        The events that reply, for another one to end.
    """
    chat, gate = services.chat, services.gate
    line = memory.layout()
    with gr.Tabs(elem_id="chat-tabs"):
        with gr.Tab(chat_text.CONVERSATION_TAB, id="conversation", elem_id="tab-conversation"):
            kept = services.conversations
            handlers = conversation.ChatHandlers(chat, services.talk, kept, gate)
            choices = persona.PersonaHandlers(chat, gate)
            wired = conversation.build(handlers, choices, shown, page)
            parts = wired.parts
            listed = conversations.ConversationsHandlers(kept, chat, gate)
            conversations.build(listed, wired, shown, page.access, asked)
            memory.wire(memory.MemoryHandlers(chat, gate), line, wired, shown, page)
            bar = feedback_bar.FeedbackBarHandlers(services.feedback, gate)
            feedback_bar.build(bar, page, parts.chatbot, parts.lines, parts.run, parts.user_name)
            _build_honesty(services, parts, page)
        with gr.Tab(chat_text.COMPARE_TAB, id="compare", elem_id="tab-compare") as inner:
            compare.build(compare.CompareHandlers(chat, services.comparison, gate), inner, page)
        with gr.Tab(quiz_text.QUIZ_TAB, id="quiz", elem_id="tab-quiz") as inner:
            quiz.build(quiz.QuizHandlers(chat, services.quiz, gate), inner, page)
        with gr.Tab(chat_text.AUDIT_TAB, id="audit", elem_id="tab-audit") as inner:
            audit.build(audit.AuditHandlers(chat, services.audits, gate), inner, page)
        with gr.Tab(feedback_text.FEEDBACK_TAB, id="feedback", elem_id="tab-feedback") as inner:
            corrected = feedback.FeedbackHandlers(services.feedback, services.refining, gate)
            feedback.build(corrected, inner, page, parts.run)
        with gr.Tab(publish_text.TAB, id="publish", elem_id="tab-publish") as inner:
            publish.build(publish.PublishHandlers(chat, services.publishing, gate), inner, page)
    return wired.replies


def _build_honesty(services: Services, parts: ChatComponents, page: PageAccess) -> None:
    """Wire the header of the conversation and the note on copies."""
    about = header.ChatHeaderHandlers(services.chat, services.gate)
    header.build(about, parts.header, parts.run, parts.persona_card, page)
    noted = copies.CopyHandlers(services.copies, services.gate)
    copies.build(noted, parts.copies, (parts.lines, parts.run), page)
