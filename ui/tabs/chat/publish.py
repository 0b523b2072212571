"""The inner tab "내보내기": a trained model for other programs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, cast

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.builds import BuildState
from kakaobot.conversion.quantization import Quant
from kakaobot.errors import KakaobotError
from kakaobot.publish.plan import Kind
from ui import chat_text, publish_text
from ui.chat_services import PublishingProtocol
from ui.choice import Choice
from ui.events import Updates, on, skip
from ui.password_bar import PageAccess
from ui.render import cards, publishing
from ui.services import ChatProtocol
from ui.tabs.chat.runs import chosen_run, run_choices

_STEP_SECONDS = 0.5
"""Between two updates of a page."""
_GGUF_KINDS = ("ollama", "gguf")


def build(handlers: PublishHandlers, tab: gr.Tab, page: PageAccess) -> None:
    """Lay out the tab and wire it."""
    with gr.Column(elem_id="publish-locked") as locked:
        gr.HTML(cards.locked(publish_text.LOCKED))
    with gr.Column(visible=False, elem_id="publish-room") as room:
        gr.HTML(cards.lead(publish_text.HINT))
        run, kind, quant = _layout_choices()
        needs = gr.HTML(elem_id="publish-needs")
        with gr.Row(elem_id="publish-buttons"):
            size: dict[str, Any] = {"scale": 0, "min_width": 180}
            start = gr.Button(
                publish_text.START, variant="primary", elem_id="publish-start", **size
            )
            stop = gr.Button(
                publish_text.STOP, variant="stop", visible=False, elem_id="publish-stop", **size
            )
        progress = gr.HTML(elem_id="publish-progress")
        result = gr.HTML(elem_id="publish-result")
    access, choices = page.access, [run, kind, quant]
    shown, followed = [run, quant, needs], [progress, result, start, stop]
    on(start.click, handlers.run, [access, *choices], followed, concurrency_limit=None)
    on(stop.click, handlers.stop, access, [stop])
    for chosen in (run.input, kind.input, quant.input):
        on(chosen, handlers.refresh, [access, *choices], shown)
    arrived = on(tab.select, handlers.refresh, [access, *choices], shown)
    # Another page may have begun it, or this one before it was loaded again.
    on(arrived.then, handlers.follow, access, followed, concurrency_limit=None)
    everything = [locked, room, *shown, progress, result]
    on(page.changed, handlers.show_room, [access, *choices], everything)


def _layout_choices() -> tuple[gr.Dropdown, gr.Radio, gr.Radio]:
    run = Choice(label=chat_text.COMPARE_RUN, elem_id="publish-run")
    kind = gr.Radio(
        [(label, name) for name, label in publish_text.KINDS.items()],
        value=next(iter(publish_text.KINDS)),
        label=publish_text.KIND,
        elem_id="publish-kind",
    )
    quant = gr.Radio(
        [(label, name) for name, label in publish_text.QUANTS.items()],
        value=next(iter(publish_text.QUANTS)),
        label=publish_text.QUANT,
        elem_id="publish-quant",
    )
    return run, kind, quant


class PublishHandlers:
    """Handlers of the tab. They return values in the order of the outputs in `build`."""

    def __init__(
        self, chat: ChatProtocol, publishing: PublishingProtocol, gate: PasswordGate
    ) -> None:
        self._chat = chat
        self._publishing = publishing
        self._gate = gate

    def show_room(
        self, access: AccessPass | None, run: str | None, kind: str, quant: str
    ) -> Updates:
        """Show the tab on an unlocked page; nothing of a run stays on a locked one."""
        is_open = self._gate.is_open(access)
        panels = gr.Column(visible=not is_open), gr.Column(visible=is_open)
        if not is_open:
            return *panels, gr.Dropdown([], value=None), gr.skip(), "", "", ""
        return *panels, *self.refresh(access, run, kind, quant), gr.skip(), gr.skip()

    def refresh(self, access: AccessPass | None, run: str | None, kind: str, quant: str) -> Updates:
        """Update the runs, the precisions of this kind, and what exporting would need."""
        if not self._gate.is_open(access):
            return skip(3)
        chosen = chosen_run(self._chat, run)
        needs = self._needs(access, chosen, kind, quant)
        return run_choices(self._chat, chosen), gr.Radio(visible=kind in _GGUF_KINDS), needs

    def run(
        self, access: AccessPass | None, run: str | None, kind: str, quant: str
    ) -> Iterator[Updates]:
        """Export in a thread that outlives this page, unless an export runs already."""
        self._gate.verify(access)
        before = self._publishing.running.state
        if not before.is_running:
            target = threading.Thread(
                target=self._run, args=(access, run or "", kind, quant), daemon=True
            )
            target.start()
        yield from self._followed(access, before.ended)

    def follow(self, access: AccessPass | None) -> Iterator[Updates]:
        """Show an export that runs, until it ends."""
        state = self._publishing.running.state
        if not self._gate.is_open(access) or not state.is_running:
            yield skip(4)
            return
        yield from self._followed(access, state.ended)

    def stop(self, access: AccessPass | None) -> gr.Button:
        """Let the export end at its next report."""
        self._gate.verify(access)
        self._publishing.running.cancel()
        return gr.Button(publish_text.STOPPING, interactive=False)

    def _followed(self, access: AccessPass | None, ended: int) -> Iterator[Updates]:
        running, shown = self._publishing.running, None
        while (state := running.state).ended == ended:
            if state != shown:
                yield cards.progress(state.share, state.message), "", *_buttons(running=True)
            shown = state
            running.wait(_STEP_SECONDS)
        # A page that was locked meanwhile shows no folder.
        is_open = self._gate.is_open(access)
        yield *(self._ended(state) if is_open else ("", "")), *_buttons(running=False)

    def _ended(self, state: BuildState) -> tuple[str, str]:
        """The progress and the result after an export."""
        if state.has_failed:
            problem = state.problem or publish_text.UNEXPECTED
            return cards.note(publish_text.FAILED, problem, tone="warn"), ""
        published = self._publishing.published
        return "", publishing.published(published) if published else ""

    def _run(self, access: AccessPass | None, run: str, kind: str, quant: str) -> None:
        # What is told of the end is kept where `_followed` reads it.
        with suppress(KakaobotError, OSError):
            self._publishing.run(access, cast("Kind", kind), run=run, quant=cast("Quant", quant))

    def _needs(self, access: AccessPass | None, run: str | None, kind: str, quant: str) -> str:
        if run is None:
            return ""
        try:
            needs = self._publishing.needs(
                access, cast("Kind", kind), run=run, quant=cast("Quant", quant)
            )
        except KakaobotError as error:
            return cards.note(publish_text.NEED_TITLE, str(error), tone="warn")
        return cards.note(publish_text.NEED_TITLE, *needs)


def _buttons(*, running: bool) -> Updates:
    """The start button, or the stop button in its place."""
    stop = gr.Button(publish_text.STOP, visible=running, interactive=True)
    return gr.Button(visible=not running), stop
