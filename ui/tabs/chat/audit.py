"""The inner tab "외운 말 점검": what an adapter has memorized."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from typing import Any, cast

import gradio as gr

from kakaobot.app.audit import AuditProgress
from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat import LINE_LENGTH
from kakaobot.audit.report import AuditReport
from kakaobot.errors import KakaobotError, RunError
from ui import chat_text
from ui.chat_services import AuditsProtocol
from ui.choice import Choice
from ui.events import Updates, on, skip
from ui.password_bar import PageAccess
from ui.render import cards, honesty
from ui.services import ChatProtocol
from ui.tabs.chat.runs import chosen_run, run_choices

_SHOWN_LINES = 12
"""Recited lines that are read from the data."""


def build(handlers: AuditHandlers, tab: gr.Tab, page: PageAccess) -> None:
    """Lay out the tab and wire it."""
    with gr.Column(elem_id="audit-locked") as locked:
        gr.HTML(cards.locked(chat_text.AUDIT_LOCKED))
    with gr.Column(visible=False, elem_id="audit-room") as room:
        gr.HTML(cards.lead(chat_text.AUDIT_HINT))
        with gr.Row(elem_id="audit-line"):
            run = Choice(label=chat_text.COMPARE_RUN, scale=1, min_width=180, elem_id="audit-run")
            small: dict[str, Any] = {"scale": 0, "min_width": 140}
            start = gr.Button(
                chat_text.AUDIT_START, variant="primary", elem_id="audit-start", **small
            )
            stop = gr.Button(
                chat_text.STOP, variant="stop", visible=False, elem_id="audit-stop", **small
            )
        progress = gr.HTML(elem_id="audit-progress")
        report = gr.HTML(elem_id="audit-report")
    access, buttons = page.access, [start, stop]
    running = on(
        start.click,
        handlers.run,
        [access, run],
        [progress, report, *buttons],
        concurrency_id="model",
        concurrency_limit=2 * LINE_LENGTH,
    )
    on(stop.click, handlers.stop, access, [progress, *buttons], cancels=[running])
    on(tab.select, handlers.refresh, [access, run], [run, report])
    on(run.input, handlers.refresh, [access, run], [run, report])
    on(page.changed, handlers.show_room, [access, run], [locked, room, run, report])


class AuditHandlers:
    """Handlers of the tab. They return values in the order of the outputs in `build`."""

    def __init__(self, chat: ChatProtocol, audits: AuditsProtocol, gate: PasswordGate) -> None:
        self._chat = chat
        self._audits = audits
        self._gate = gate

    def show_room(self, access: AccessPass | None, run: str | None) -> Updates:
        """Show the tab on an unlocked page; remove the report from a locked one."""
        is_open = self._gate.is_open(access)
        panels = gr.Column(visible=not is_open), gr.Column(visible=is_open)
        content = self.refresh(access, run) if is_open else (gr.Dropdown([], value=None), "")
        return *panels, *content

    def refresh(self, access: AccessPass | None, run: str | None) -> Updates:
        """Update the runs, and show the last report of the chosen one."""
        if not self._gate.is_open(access):
            return skip(2)
        # While an event is handled, a component knows only what it is changed to.
        chosen = chosen_run(self._chat, run)
        return run_choices(self._chat, chosen), self._last_report(access, chosen)

    def run(self, access: AccessPass | None, run: str | None) -> Iterator[Updates]:
        """Stream the progress, then the report. Locking the page hides it, and does not stop it."""
        self._gate.verify(access)
        yield cards.progress(0.0, ""), gr.skip(), *_buttons(running=True)
        steps = self._audits.run(access, run or "")
        shown: AuditProgress | None = None
        # Gradio closes this generator on a stop or when the page closes; this stops the audit.
        with contextlib.closing(cast("Generator[AuditProgress, None, None]", steps)):
            try:
                for step in steps:
                    bar = gr.skip() if step == shown else cards.progress(step.share, step.text)
                    shown = step
                    yield bar, *skip(3)
            except KakaobotError as error:
                note = cards.note(chat_text.AUDIT_TAB, str(error), tone="warn")
                yield note, gr.skip(), *_buttons(running=False)
                return
        is_open = self._gate.is_open(access)
        yield "", self._last_report(access, run) if is_open else "", *_buttons(running=False)

    def stop(self, access: AccessPass | None) -> Updates:
        self._gate.verify(access)
        return cards.note(chat_text.AUDIT_TAB, chat_text.AUDIT_STOPPED), *_buttons(running=False)

    def _last_report(self, access: AccessPass | None, run: str | None) -> str:
        if not run:
            return ""
        report = self._audits.report(access, run)
        if report is None:
            return cards.empty(chat_text.AUDIT_NONE, chat_text.AUDIT_NONE_HINT)
        persona = self._chat.persona(run)
        outdated = (persona.adapter, persona.step) != (report.adapter, report.step)
        lines = list(self._lines(access, run, report))
        return honesty.audit_report(report, lines, outdated=outdated)

    def _lines(
        self, access: AccessPass | None, run: str, report: AuditReport
    ) -> Iterator[honesty.QuotedLine]:
        """The first recited lines with their conversations, as long as the data is there."""
        with contextlib.suppress(RunError):
            for line in report.recited[:_SHOWN_LINES]:
                yield line, self._audits.recited_line(access, run, line)


def _buttons(*, running: bool) -> Updates:
    """The start button, or the stop button in its place."""
    return gr.Button(visible=not running), gr.Button(visible=running)
