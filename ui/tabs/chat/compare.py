"""The inner tab "비교": one message answered by base and adapter side by side."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from typing import Any, cast

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat import LINE_LENGTH
from kakaobot.app.comparison import Answers
from kakaobot.errors import KakaobotError
from ui import chat_text
from ui.chat_services import ComparisonProtocol
from ui.choice import Choice
from ui.errors import notify
from ui.events import Updates, end, on, skip
from ui.password_bar import PageAccess
from ui.render import cards, honesty
from ui.services import ChatProtocol
from ui.tabs.chat.runs import run_choices


def build(handlers: CompareHandlers, tab: gr.Tab, page: PageAccess) -> None:
    """Lay out the tab and wire it."""
    with gr.Column(elem_id="compare-locked") as locked:
        gr.HTML(cards.locked(chat_text.COMPARE_LOCKED))
    with gr.Column(visible=False, elem_id="compare-room") as room:
        gr.HTML(cards.lead(chat_text.COMPARE_HINT))
        with gr.Row(elem_id="compare-line"):
            run = Choice(label=chat_text.COMPARE_RUN, scale=1, min_width=180, elem_id="compare-run")
            message = gr.Textbox(
                label=chat_text.COMPARE_MESSAGE,
                placeholder=chat_text.COMPARE_PLACEHOLDER,
                max_lines=3,
                scale=3,
                min_width=220,
                elem_id="compare-message",
            )
            small: dict[str, Any] = {"scale": 0, "min_width": 170}
            start = gr.Button(
                chat_text.COMPARE_START, variant="primary", elem_id="compare-start", **small
            )
            stop = gr.Button(
                chat_text.STOP,
                variant="stop",
                visible=False,
                elem_id="compare-stop",
                **small,
            )
        answers = gr.HTML(elem_id="compare-answers")
    access, outputs = page.access, [answers, start, stop]
    asked = [
        on(
            event,
            handlers.ask,
            [access, message, run],
            outputs,
            concurrency_id="model",
            concurrency_limit=2 * LINE_LENGTH,
        )
        for event in (start.click, message.submit)
    ]
    for event in asked:
        on(event.then, handlers.show_start, access, [start, stop])
    on(stop.click, handlers.show_start, access, [start, stop], cancels=asked)
    on(tab.select, handlers.refresh, [access, run], run)
    everything = [locked, room, run, *outputs]
    end(page.locked, asked)
    on(page.changed, handlers.show_room, [access, run], everything)


class CompareHandlers:
    """Handlers of the tab. They return values in the order of the outputs in `build`."""

    def __init__(
        self, chat: ChatProtocol, comparison: ComparisonProtocol, gate: PasswordGate
    ) -> None:
        self._chat = chat
        self._comparison = comparison
        self._gate = gate

    def show_room(self, access: AccessPass | None, run: str | None) -> Updates:
        """Show the tab on an unlocked page; remove the answers from a locked one."""
        is_open = self._gate.is_open(access)
        return (
            gr.Column(visible=not is_open),
            gr.Column(visible=is_open),
            run_choices(self._chat, run) if is_open else gr.Dropdown([], value=None),
            "",
            *_buttons(running=False),
        )

    def refresh(self, access: AccessPass | None, run: str | None) -> object:
        return run_choices(self._chat, run) if self._gate.is_open(access) else gr.skip()

    def show_start(self, access: AccessPass | None) -> Updates:
        self._gate.verify(access)
        return _buttons(running=False)

    def ask(
        self, access: AccessPass | None, message: str | None, run: str | None
    ) -> Iterator[Updates]:
        """Stream the two answers."""
        self._gate.verify(access)
        message = (message or "").strip()
        if not message:
            notify(chat_text.COMPARE_EMPTY)
            yield skip(3)
            return
        yield honesty.comparison(message, Answers()), *_buttons(running=True)
        shown: Answers | None = None
        answers = self._comparison.answers(access, message, run=run or "")
        with contextlib.closing(cast("Generator[Answers, None, None]", answers)):
            try:
                for so_far in answers:
                    is_new, shown = so_far != shown, so_far
                    yield (honesty.comparison(message, so_far) if is_new else gr.skip(), *skip(2))
            except KakaobotError as error:
                yield cards.note(chat_text.COMPARE_TAB, str(error)), *_buttons(running=False)


def _buttons(*, running: bool) -> Updates:
    """The start button, or the stop button in its place."""
    return gr.Button(visible=not running), gr.Button(visible=running)
