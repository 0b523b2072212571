"""A question before what cannot be undone, with the focus on the answer that is safe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import gradio as gr

from ui.events import Trigger, Updates, on
from ui.render import cards


@dataclass(frozen=True)
class Question:
    """Its elements are named after what is asked: `quit-question`, `quit-stay`, `quit-now`."""

    name: str
    row: gr.Row
    sentences: gr.HTML
    stay: gr.Button
    confirm: gr.Button


def layout(
    name: str,
    stay: str,
    confirm: str,
    variant: Literal["primary", "stop"] = "primary",
    *,
    is_wide: bool = False,
) -> Question:
    """Lay out a question that nobody has asked yet, and its two answers, which may be as wide."""
    scale = int(is_wide)
    with gr.Row(visible=False, elem_id=f"{name}-question") as row:
        sentences = gr.HTML()
        stay_button = gr.Button(stay, scale=scale, min_width=120, elem_id=f"{name}-stay")
        confirm_button = gr.Button(
            confirm, variant=variant, scale=scale, min_width=120, elem_id=f"{name}-now"
        )
    return Question(name, row, sentences, stay_button, confirm_button)


def wire(
    question: Question, asked: Trigger, words: Callable[[], Sequence[str]], *, back: str = ""
) -> None:
    """Ask on an event, and take the question away once it is answered.

    Args:
        question: as laid out.
        asked: the event.
        words: the title and the sentences.
        back: id of the element that is focused after it was left; by default its name.
    """
    handlers = QuestionHandlers(words)
    outputs: list[Any] = [question.row, question.sentences]

    def focus(event: Any, elem_id: str) -> None:
        script = f'() => requestAnimationFrame(() => document.getElementById("{elem_id}")?.focus())'
        event.then(None, js=script, api_visibility="private")

    focus(on(asked, handlers.ask, None, outputs), f"{question.name}-stay")
    focus(on(question.stay.click, handlers.leave, None, outputs), back or question.name)
    on(question.confirm.click, handlers.leave, None, outputs)


class QuestionHandlers:
    def __init__(self, words: Callable[[], Sequence[str]]) -> None:
        self._words = words

    def ask(self) -> Updates:
        return gr.Row(visible=True), cards.question(*self._words())

    def leave(self) -> Updates:
        """Take the question away."""
        return gr.Row(visible=False), ""
