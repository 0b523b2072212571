"""The tab "3 학습": start, resume, stop, kill and follow a run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import gradio as gr

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.training_snapshot import TrainingSnapshot
from kakaobot.errors import KakaobotError
from kakaobot.runs.status import LIVE
from ui import glossary_text, question, text, training_text
from ui.chart import likeness_chart, loss_chart
from ui.choice import Choice
from ui.errors import notify
from ui.events import Trigger, Updates, on, skip, to_progress
from ui.live_training import live_html
from ui.password_bar import PageAccess
from ui.presenters import (
    KILL_AFTER,
    ButtonView,
    TrainingView,
    estimate_title,
    run_label,
    training_view,
)
from ui.render import cards
from ui.render.eval_samples import eval_samples_card
from ui.render.runs import RUNS_SCRIPT, runs_card
from ui.services import EstimatesProtocol, TrainingProtocol
from ui.tabs import run_questions


@dataclass(frozen=True)
class ViewState:
    """What one page shows, so that a poll sends only changes."""

    version: tuple[object, ...] = ()
    stop_seen_at: float | None = None
    """Monotonic time at which a requested stop was first seen."""
    error: str = ""
    """The error that polling has reported, while it lasts."""
    run_choices: tuple[tuple[str, str], ...] = ()
    """Resending equal choices would close an open list."""
    runs_hash: int = 0
    """Resending an equal card would lose its scroll position and selection."""
    samples_hash: int = 0

    @property
    def stopping_for(self) -> float:
        """Seconds since a requested stop was first seen."""
        return 0.0 if self.stop_seen_at is None else time.monotonic() - self.stop_seen_at


@dataclass(frozen=True)
class RefreshEvents:
    """Events that refresh the tab."""

    tab_select: Trigger
    page_load: Trigger
    trained: Trigger


@dataclass(frozen=True)
class TrainingComponents:
    """The first outputs of `_updates`, in order."""

    card: gr.HTML
    start: gr.Button
    stop: gr.Button
    kill: gr.Button
    new: gr.Button
    to_chat: gr.Button
    back: gr.Button
    estimate: gr.HTML
    loss_chart: gr.HTML
    likeness_chart: gr.HTML
    eval_samples: gr.HTML
    log: gr.Textbox
    runs: gr.HTML
    shown_run: gr.State
    """Name of the run that is shown."""
    run: gr.Dropdown
    question: gr.Row
    """Whether to kill the worker."""


_N_OUTPUTS = len(fields(TrainingComponents)) + 2
"""Outputs of `_updates`: the components, the status line and the view state."""


def build(
    handlers: TrainingHandlers,
    status_line: gr.HTML,
    page: PageAccess,
    events: RefreshEvents,
) -> TrainingComponents:
    """Lay out the tab and wire it, together with the `status_line` of the header.

    The button to the chat is left to the caller.
    """
    state, (parts, new, kill) = gr.State(ViewState()), _layout()
    run = parts.run
    components = [getattr(parts, field.name) for field in fields(parts)]
    outputs = [*components, status_line, state]

    start, inputs = [page.access, state], [page.access, run, state]
    on(parts.start.click, handlers.start, start, outputs, concurrency_limit=None)
    question.wire(new, parts.new.click, handlers.about_new_run)
    question.wire(kill, parts.kill.click, handlers.about_kill)
    on(new.confirm.click, handlers.start_new, start, outputs, concurrency_limit=None)
    on(parts.stop.click, handlers.stop, inputs, outputs, concurrency_limit=None)
    on(kill.confirm.click, handlers.kill, inputs, outputs, concurrency_limit=None)
    on(parts.back.click, handlers.show_current, start, outputs, concurrency_limit=None)
    for event in (run.input, events.page_load):
        on(event, handlers.show_run, inputs, outputs, concurrency_limit=None)
    on(page.changed, handlers.show_anew, inputs, outputs, concurrency_limit=None)
    opened = on(events.tab_select, handlers.show_run, inputs, outputs, concurrency_limit=None)
    on(
        opened.success,
        handlers.estimate,
        run,
        parts.estimate,
        progress="full",
        concurrency_limit=None,
    )
    on(events.trained, handlers.poll, inputs, outputs, concurrency_limit=None)
    return parts


class TrainingHandlers:
    """Handlers of the tab. They return values in the order of the outputs in `build`."""

    def __init__(
        self, training: TrainingProtocol, estimates: EstimatesProtocol, gate: PasswordGate
    ) -> None:
        self._training = training
        self._estimates = estimates
        self._gate = gate
        self.about_new_run = partial(run_questions.about_new_run, training)
        self.about_kill = partial(run_questions.about_kill, training)

    def show_run(self, access: AccessPass | None, run: str, state: ViewState) -> Updates:
        """Update all outputs, since the page may show another run or nothing yet."""
        stale = replace(state, runs_hash=0, samples_hash=0)
        snapshot = self._training.snapshot(run)
        shows_words = self._gate.shows_words(access)
        version = self._training.version(run)
        return self._show(snapshot, run, stale, version, shows_words, run=run)

    def show_current(self, access: AccessPass | None, state: ViewState) -> Updates:
        """Go back from a run that was only viewed."""
        return self.show_run(access, "", replace(state, run_choices=()))

    def show_anew(self, access: AccessPass | None, run: str | None, state: ViewState) -> Updates:
        """As `show_run`, to a page that may have lost what it was sent."""
        return self.show_run(access, run or "", replace(state, run_choices=()))

    def poll(self, access: AccessPass | None, run: str, state: ViewState) -> Updates:
        """Update what has changed since the last poll."""
        try:
            version = self._training.version(run)
            if (version, state.stopping_for >= KILL_AFTER) == state.version:
                return skip(_N_OUTPUTS)
            shows_words = self._gate.shows_words(access, renew=False)
            snapshot = self._training.snapshot(run)
            return self._show(snapshot, None, state, version, shows_words, run=run)
        except KakaobotError as error:
            # Reported once, not at every tick.
            if state.error == str(error):
                return skip(_N_OUTPUTS)
            notify(str(error))
            return *skip(_N_OUTPUTS - 1), replace(state, version=(), error=str(error))

    def start(self, access: AccessPass | None, state: ViewState) -> Updates:
        return self._start(access, state, new=False)

    def start_new(self, access: AccessPass | None, state: ViewState) -> Updates:
        return self._start(access, state, new=True)

    def stop(self, access: AccessPass | None, run: str, state: ViewState) -> Updates:
        snapshot = self._training.stop(run)
        notify(text.STOP_REQUESTED)
        return self._show(snapshot, run, state, shows_words=self._gate.shows_words(access))

    def kill(self, access: AccessPass | None, run: str, state: ViewState) -> Updates:
        snapshot = self._training.kill(run)
        notify(text.KILLED)
        return self._show(snapshot, run, state, shows_words=self._gate.shows_words(access))

    def estimate(self, run: str, progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008
        """The estimate card; empty while a run is live."""
        if run or not estimate_title(self._training.snapshot()):
            return ""
        try:
            estimate = self._estimates.get(to_progress(progress))
        except KakaobotError:
            # The card at the top shows the error already.
            return ""
        # Estimating takes seconds, in which a run may have started.
        return cards.estimate_card(estimate_title(self._training.snapshot()), estimate)

    def _start(self, access: AccessPass | None, state: ViewState, *, new: bool) -> Updates:
        snapshot = self._training.start(new=new)
        stale = replace(state, run_choices=())
        return self._show(snapshot, "", stale, shows_words=self._gate.shows_words(access))

    def _show(
        self,
        snapshot: TrainingSnapshot,
        chosen: str | None,
        state: ViewState,
        version: tuple[object, ...] = (),
        shows_words: bool = False,
        *,
        run: str = "",
    ) -> Updates:
        """All outputs; `run` is the name of a run that is looked at on purpose."""
        estimate = self._estimates.cached()
        current = self._training.snapshot() if run else snapshot
        stopping = current.stopping and current.status.state in LIVE
        seen_at = (state.stop_seen_at or time.monotonic()) if stopping else None
        state = replace(state, stop_seen_at=seen_at)
        view = training_view(snapshot, current=current, stopping_for=state.stopping_for)
        title = "" if snapshot.run != current.run else estimate_title(snapshot)
        estimate_card = cards.estimate_card(title, estimate)
        return _updates(view, estimate_card, chosen, state, version, shows_words=shows_words)


def _layout() -> tuple[TrainingComponents, question.Question, question.Question]:
    card = live_html("card", "train-card", cards.UNFILLED)
    with gr.Row(elem_id="train-buttons"):
        start = gr.Button(
            text.START, variant="primary", scale=0, min_width=160, elem_id="train-start"
        )
        stop = gr.Button(text.STOP, visible=False, scale=0, min_width=110, elem_id="train-stop")
        kill = gr.Button(text.KILL, visible=False, scale=0, min_width=140, elem_id="train-kill")
        new = gr.Button(text.NEW_RUN, visible=False, scale=0, min_width=120, elem_id="train-new")
        chat = gr.Button(text.TO_CHAT, visible=False, scale=0, min_width=120, elem_id="train-next")
        back = gr.Button(
            text.CURRENT_AGAIN, visible=False, scale=0, min_width=160, elem_id="train-back"
        )
    about_new = question.layout("train-new", training_text.STAY, training_text.CONFIRM)
    about_kill = question.layout(
        "train-kill", training_text.KILL_STAY, training_text.KILL_CONFIRM, "stop"
    )
    estimate = gr.HTML(elem_id="train-outlook")
    loss = loss_chart("train-chart")
    likeness = likeness_chart("train-likeness")
    gr.HTML(cards.glossary(glossary_text.TRAINING), elem_id="train-words")
    samples = gr.HTML(js_on_load=RUNS_SCRIPT, elem_id="train-answers")
    with gr.Accordion(text.LOG, open=False, elem_id="train-log-box"):
        log = gr.Textbox(
            label=text.LOG,
            show_label=False,
            lines=12,
            max_lines=12,
            interactive=False,
            placeholder=text.LOG_EMPTY,
            elem_id="train-log",
            elem_classes="kb-log",
        )
    with gr.Accordion(text.RUNS_TITLE, open=True, elem_id="train-runs-box"):
        run = Choice([(text.CURRENT_RUN, "")], value="", label=text.RUN_CHOICE, elem_id="train-run")
        runs = gr.HTML(js_on_load=RUNS_SCRIPT, elem_id="train-runs")
    parts = TrainingComponents(
        *(card, start, stop, kill, new, chat, back, estimate, loss, likeness, samples, log),
        *(runs, gr.State(""), run, about_kill.row),
    )
    return parts, about_new, about_kill


def _updates(
    view: TrainingView,
    estimate_card: str,
    chosen: str | None,
    state: ViewState,
    version: tuple[object, ...],
    *,
    shows_words: bool,
) -> Updates:
    """Values of `TrainingComponents`, the status line and the view state."""
    choices = ((text.CURRENT_RUN, ""), *((run_label(run), run.name) for run in view.runs))
    runs = runs_card(view.runs)
    samples = eval_samples_card(view.eval_samples, view.best_step)
    if samples and not shows_words:
        samples = cards.locked(text.EVAL_SAMPLES_TITLE)
    buttons = (view.start, view.stop, view.kill, view.new, view.to_chat, view.back)
    return (
        cards.training_card(view),
        *(_button(button) for button in buttons),
        estimate_card,
        view.loss_chart,
        view.likeness_chart,
        gr.skip() if hash(samples) == state.samples_hash else samples,
        view.log,
        gr.skip() if hash(runs) == state.runs_hash else runs,
        view.run,
        gr.skip() if choices == state.run_choices else _run_list(choices, chosen),
        # What is over is not to be asked about any more.
        gr.skip() if view.kill.visible else gr.Row(visible=False),
        cards.status(view.status_line, view.status_tone),
        replace(
            state,
            version=(version, state.stopping_for >= KILL_AFTER),
            run_choices=choices,
            runs_hash=hash(runs),
            samples_hash=hash(samples),
            error="",
        ),
    )


def _run_list(choices: Sequence[tuple[str, str]], chosen: str | None) -> gr.Dropdown:
    """A poll (`chosen` is None) keeps the value: the user may have selected another run."""
    value: dict[str, Any] = {} if chosen is None else {"value": chosen}
    return gr.Dropdown(list(choices), **value)


def _button(view: ButtonView) -> gr.Button:
    return gr.Button(
        view.label,
        interactive=view.enabled,
        visible=view.visible,
        variant="primary" if view.primary else "secondary",
    )
