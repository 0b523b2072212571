"""The inner tabs of the tab "4 대화"."""

from __future__ import annotations

import gradio as gr

from ui import chat_text
from ui.password_bar import PageAccess
from ui.services import Services
from ui.tabs.chat import conversation


def build(services: Services, tab: gr.Tab, page: PageAccess) -> None:
    """Lay out the inner tabs and wire them. `tab` is the outer one."""
    with (
        gr.Tabs(elem_id="chat-tabs"),
        gr.Tab(chat_text.CONVERSATION_TAB, id="conversation", elem_id="tab-conversation"),
    ):
        conversation.build(conversation.ChatHandlers(services.chat, services.gate), tab, page)
