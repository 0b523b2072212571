"""The components of the list of kept conversations, and of the row that walks their branches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from kakaobot.app.conversations import MAX_TITLE
from ui import chat_text
from ui.render.conversations import delete_question, fold_button
from ui.tabs.chat.keeping import PageConversation

_LIST_SCRIPT = """element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-id]");
  if (button) trigger("select", { conversation: button.dataset.id });
});"""
# On a narrow screen the list is folded away; window.css knows the class.
_FOLD_SCRIPT = """element.addEventListener("click", () => {
  const panel = element.closest("#chat-kept");
  const unfolded = panel.classList.toggle("kb-unfolded");
  element.querySelector("button").setAttribute("aria-expanded", String(unfolded));
});"""
DOWNLOAD_SCRIPT = f"""(text) => {{
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], {{ type: "text/plain;charset=utf-8" }}));
  link.download = "{chat_text.EXPORT_NAME}";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  return "";
}}"""


@dataclass(frozen=True)
class ConversationsComponents:
    page: gr.State
    """A `PageConversation`."""
    search: gr.Textbox
    new: gr.Button
    listing: gr.HTML
    tools: gr.Row
    rename: gr.Button
    export: gr.Button
    delete: gr.Button
    renaming: gr.Row
    title: gr.Textbox
    save_title: gr.Button
    question: gr.Row
    delete_now: gr.Button
    cancel: gr.Button
    private: gr.Checkbox
    exported: gr.Textbox


@dataclass(frozen=True)
class BranchComponents:
    row: gr.Row
    previous: gr.Button
    label: gr.HTML
    following: gr.Button


def layout() -> ConversationsComponents:
    """Lay out the list and its tools."""
    small: dict[str, Any] = {"size": "sm", "scale": 1, "min_width": 60}
    parts: dict[str, Any] = {"page": gr.State(PageConversation())}
    gr.HTML(fold_button(), js_on_load=_FOLD_SCRIPT, elem_id="chat-fold")
    parts["new"] = gr.Button(chat_text.NEW_CONVERSATION, size="sm", elem_id="chat-new")
    parts["search"] = gr.Textbox(
        label=chat_text.SEARCH,
        show_label=False,
        container=False,
        placeholder=chat_text.SEARCH_HINT,
        elem_id="chat-search",
    )
    parts["listing"] = gr.HTML(js_on_load=_LIST_SCRIPT, elem_id="chat-list")
    with gr.Row(visible=False, elem_id="chat-kept-tools") as parts["tools"]:
        parts["rename"] = gr.Button(chat_text.RENAME, elem_id="chat-rename", **small)
        parts["export"] = gr.Button(chat_text.EXPORT, elem_id="chat-export", **small)
        parts["delete"] = gr.Button(chat_text.DELETE, elem_id="chat-delete", **small)
    with gr.Row(visible=False, elem_id="chat-renaming") as parts["renaming"]:
        parts["title"] = gr.Textbox(
            label=chat_text.NEW_TITLE,
            max_length=MAX_TITLE,
            show_label=False,
            container=False,
            placeholder=chat_text.NEW_TITLE,
            elem_id="chat-title",
        )
        parts["save_title"] = gr.Button(chat_text.SAVE_TITLE, elem_id="chat-save-title", **small)
    with gr.Row(visible=False, elem_id="chat-question") as parts["question"]:
        gr.HTML(delete_question())
        parts["delete_now"] = gr.Button(
            chat_text.DELETE_NOW, variant="stop", elem_id="chat-delete-now", **small
        )
        parts["cancel"] = gr.Button(chat_text.CANCEL, elem_id="chat-keep", **small)
    parts["private"] = gr.Checkbox(
        label=chat_text.PRIVATE,
        info=chat_text.PRIVATE_HINT,
        container=False,
        elem_id="chat-private",
    )
    parts["exported"] = gr.Textbox(visible="hidden", elem_id="chat-exported")
    return ConversationsComponents(**parts)


def branch_layout() -> BranchComponents:
    """Lay out the row that walks the branches."""
    small: dict[str, Any] = {"size": "sm", "scale": 0, "min_width": 44}
    with gr.Row(visible=False, elem_id="chat-branches") as row:
        previous = gr.Button("◀", elem_id="chat-previous", **small)
        label = gr.HTML(elem_id="chat-branch")
        following = gr.Button("▶", elem_id="chat-following", **small)
    return BranchComponents(row, previous, label, following)
