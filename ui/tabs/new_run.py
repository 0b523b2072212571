"""The question before a new training: what becomes of the last one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from kakaobot.display_name import display_name
from ui import training_text
from ui.events import Trigger, Updates, on
from ui.render import cards
from ui.services import TrainingProtocol

_FOCUS_SCRIPT = (
    '() => requestAnimationFrame(() => document.getElementById("train-new-stay")?.focus())'
)


@dataclass(frozen=True)
class NewRunQuestion:
    row: gr.Row
    sentences: gr.HTML
    stay: gr.Button
    confirm: gr.Button


def layout() -> NewRunQuestion:
    with gr.Row(visible=False, elem_id="train-new-question") as row:
        sentences = gr.HTML()
        confirm = gr.Button(
            training_text.CONFIRM,
            variant="primary",
            scale=0,
            min_width=160,
            elem_id="train-new-start",
        )
        stay = gr.Button(training_text.STAY, scale=0, min_width=110, elem_id="train-new-stay")
    return NewRunQuestion(row, sentences, stay, confirm)


def wire(handlers: NewRunHandlers, asked: Trigger, parts: NewRunQuestion) -> None:
    """Ask on an event, and take the question away once it is answered."""
    outputs: list[Any] = [parts.row, parts.sentences]
    on(asked, handlers.ask, None, outputs).then(None, js=_FOCUS_SCRIPT, api_visibility="private")
    for answer in (parts.stay.click, parts.confirm.click):
        on(answer, handlers.leave, None, outputs)


class NewRunHandlers:
    def __init__(self, training: TrainingProtocol) -> None:
        self._training = training

    def ask(self) -> Updates:
        now = self._training.snapshot()
        kept = training_text.KEPT if now.can_chat else training_text.KEPT_UNFINISHED
        sentences = [kept.format(run=display_name(now.run))]
        if now.resume_step:
            sentences.append(training_text.NOT_RESUMED.format(step=now.resume_step))
        return gr.Row(visible=True), cards.question(training_text.NEW_TITLE, *sentences)

    def leave(self) -> Updates:
        """Take the question away."""
        return gr.Row(visible=False), ""
