"""The buttons under the conversation that say what the last reply should have been."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.chat.lines import ChatLine
from kakaobot.dataset.feedback import FeedbackKind
from ui import feedback_text as text
from ui.errors import notify
from ui.events import Updates, on
from ui.feedback_services import FeedbackProtocol
from ui.password_bar import PageAccess

Lines = tuple[ChatLine, ...]


@dataclass(frozen=True)
class FeedbackBar:
    good: gr.Button
    bad: gr.Button
    edit: gr.Button
    never: gr.Button
    editor: gr.Column
    wanted: gr.Textbox
    save: gr.Button
    cancel: gr.Button
    edited: gr.State
    """The conversation up to the reply in the editor."""


def _layout() -> FeedbackBar:
    """The buttons and, hidden, the editor."""
    small: dict[str, Any] = {"size": "sm", "scale": 0}
    with gr.Row(elem_id="feedback-bar"):
        good = gr.Button(text.GOOD, min_width=52, elem_id="feedback-good", **small)
        bad = gr.Button(text.BAD, min_width=52, elem_id="feedback-bad", **small)
        edit = gr.Button(text.EDIT, min_width=150, elem_id="feedback-edit", **small)
        never = gr.Button(text.NEVER, min_width=130, elem_id="feedback-never", **small)
    with gr.Column(visible=False, elem_id="feedback-editor") as editor:
        wanted = gr.Textbox(
            label=text.WANTED,
            info=text.WANTED_INFO,
            lines=2,
            max_lines=6,
            elem_id="feedback-wanted",
        )
        with gr.Row():
            save = gr.Button(
                text.SAVE, variant="primary", min_width=96, elem_id="feedback-save", **small
            )
            cancel = gr.Button(text.CANCEL, min_width=96, elem_id="feedback-cancel", **small)
    return FeedbackBar(good, bad, edit, never, editor, wanted, save, cancel, gr.State(()))


def build(
    handlers: FeedbackBarHandlers,
    page: PageAccess,
    chatbot: gr.Chatbot,
    lines: gr.State,
    run: gr.Dropdown,
    user_name: gr.Dropdown,
) -> None:
    """Lay out the bar below the conversation and wire it."""
    column: Any = chatbot.parent
    with column:
        bar = _layout()
    editor = [bar.editor, bar.wanted, bar.edited]
    said = [page.access, lines, run, user_name]
    on(bar.good.click, handlers.good, said)
    on(bar.bad.click, handlers.bad, said)
    on(bar.never.click, handlers.never, said)
    on(bar.edit.click, handlers.open_editor, [page.access, lines], editor)
    for event in (bar.save.click, bar.wanted.submit):
        on(event, handlers.save, [page.access, bar.edited, bar.wanted, run, user_name], editor)
    on(bar.cancel.click, handlers.close_editor, None, editor)
    on(page.changed, handlers.close_editor, None, editor)


class FeedbackBarHandlers:
    """Handlers of the bar. Those of the editor return values in the order of `build`."""

    def __init__(self, feedback: FeedbackProtocol, gate: PasswordGate) -> None:
        self._feedback = feedback
        self._gate = gate

    def good(self, access: AccessPass | None, lines: Lines, run: str, user_name: str) -> None:
        self._add(access, "good", lines, run, user_name)
        notify(text.NOTED_GOOD)

    def bad(self, access: AccessPass | None, lines: Lines, run: str, user_name: str) -> None:
        self._add(access, "bad", lines, run, user_name)
        notify(text.NOTED_BAD)

    def never(self, access: AccessPass | None, lines: Lines, run: str, user_name: str) -> None:
        self._add(access, "never", lines, run, user_name)
        notify(text.NOTED_NEVER)

    def open_editor(self, access: AccessPass | None, lines: Lines) -> Updates:
        """Show the last reply in the editor."""
        self._gate.verify(access)
        lines = _up_to_reply(lines)
        if not lines:
            notify(text.NO_REPLY)
            return self.close_editor()
        return gr.Column(visible=True), gr.Textbox(lines[-1].text), lines

    def save(
        self, access: AccessPass | None, edited: Lines, wanted: str, run: str, user_name: str
    ) -> Updates:
        self._gate.verify(access)
        self._feedback.add(
            access, "edit", edited, run=run or "", wanted=wanted, user_name=user_name or ""
        )
        notify(text.NOTED_EDIT)
        return self.close_editor()

    def close_editor(self) -> Updates:
        return gr.Column(visible=False), gr.Textbox(""), ()

    def _add(
        self,
        access: AccessPass | None,
        kind: FeedbackKind,
        lines: Lines,
        run: str,
        user_name: str,
    ) -> None:
        self._gate.verify(access)
        self._feedback.add(
            access, kind, _up_to_reply(lines), run=run or "", user_name=user_name or ""
        )


def _up_to_reply(lines: Lines) -> Lines:
    """The lines up to the last reply; empty without one."""
    last = max((number for number, line in enumerate(lines) if not line.from_user), default=-1)
    return lines[: last + 1]
