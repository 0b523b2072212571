"""The tab "3 학습": a view of run folders that polls, and the four things one can ask for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import gradio as gr

from kakaobot.app.estimates import Estimate, Estimates
from kakaobot.app.training import Training, TrainingSnapshot
from kakaobot.errors import KakaobotError
from kakaobot.runs.status import LIVE
from ui import text
from ui.chart import loss_chart, style_chart
from ui.errors import notify
from ui.events import on
from ui.presenters import PATIENCE, ButtonView, estimate_title, run_label, training_view
from ui.render import cards
from ui.render.eval_samples import eval_samples_card
from ui.render.runs import RUNS_SCRIPT, runs_card


@dataclass(frozen=True)
class Watch:
    """What this browser tab has seen last; it belongs to the view, not to the run."""

    seen: tuple[object, ...] = ()
    stop_asked: float | None = None
    """Monotonic time at which a stop was first seen under way."""
    trouble: str = ""
    """The error that was told last, while it lasts."""
    choices: tuple[tuple[str, str], ...] = ()
    """Of the list of runs: sent again only when they change, or an open list would close."""
    runs: int = 0
    """Tells which history is shown: sent again only when it changes, so that it can be read."""
    answers: int = 0
    """The same of the answers."""

    @property
    def stopping_for(self) -> float:
        return 0.0 if self.stop_asked is None else time.monotonic() - self.stop_asked


@dataclass(frozen=True)
class Events:
    """When a run is looked at."""

    select: Callable[..., Any]
    """The tab is opened."""
    load: Callable[..., Any]
    """The page is opened."""
    beat: Callable[..., Any]
    """Another second is over."""


@dataclass(frozen=True)
class TrainingComponents:
    """The components that show a run, in the order of what `_shown` returns."""

    card: gr.HTML
    start: gr.Button
    stop: gr.Button
    kill: gr.Button
    new: gr.Button
    talk: gr.Button
    outlook: gr.HTML
    chart: gr.HTML
    voice: gr.HTML
    answers: gr.HTML
    log: gr.Textbox
    runs: gr.HTML
    run: gr.Dropdown


def build(
    training: Training, outlooks: Estimates, tabs: gr.Tabs, status: gr.HTML, events: Events
) -> None:
    """Lay out the tab and wire it. Every handler is one call to a service.

    `status` is the line in the header; it is brought up to date with the rest at every beat.
    """
    watch, parts = gr.State(Watch()), _layout()
    run = parts.run
    shown = [getattr(parts, field.name) for field in fields(parts)]
    outputs = [*shown, status, watch]

    def show(
        now: TrainingSnapshot, chosen: str | None, watch: Watch, version: tuple[object, ...] = ()
    ) -> tuple[object, ...]:
        return _shown(now, outlooks.known(), chosen, watch, version)

    def look(run: str, watch: Watch) -> tuple[object, ...]:
        fresh = replace(watch, runs=0, answers=0)
        return show(training.snapshot(run), run, fresh, training.version(run))

    def tick(run: str, watch: Watch) -> tuple[object, ...]:
        try:
            version = training.version(run)
            if (version, watch.stopping_for >= PATIENCE) == watch.seen:
                return (gr.skip(),) * len(outputs)
            return show(training.snapshot(run), None, watch, version)
        except KakaobotError as error:
            # Told once, not at every beat, for as long as the trouble stays the same.
            if watch.trouble == str(error):
                return (gr.skip(),) * len(outputs)
            notify(str(error))
            return (*(gr.skip(),) * (len(outputs) - 1), replace(watch, seen=(), trouble=str(error)))

    def begin(watch: Watch) -> tuple[object, ...]:
        return show(training.start(), "", replace(watch, choices=()))

    def begin_new(watch: Watch) -> tuple[object, ...]:
        return show(training.start(new=True), "", replace(watch, choices=()))

    def ask_to_stop(run: str, watch: Watch) -> tuple[object, ...]:
        now = training.stop(run)
        notify(text.STOP_REQUESTED)
        return show(now, run, watch)

    def end_by_force(run: str, watch: Watch) -> tuple[object, ...]:
        now = training.kill(run)
        notify(text.KILLED)
        return show(now, run, watch)

    def foresee(run: str, progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008
        """Memory and time of a training; nothing while one is at work."""
        if not estimate_title(training.snapshot(run)):
            return ""
        try:
            found = outlooks.look(lambda share, words: progress(share, desc=words))
        except KakaobotError:
            # The card tells it already.
            return ""
        # It has taken its time, in which a training may have been started.
        return cards.estimate_card(estimate_title(training.snapshot(run)), found)

    on(parts.start.click, begin, watch, outputs, concurrency_limit=None)
    on(parts.new.click, begin_new, watch, outputs, concurrency_limit=None)
    on(parts.stop.click, ask_to_stop, [run, watch], outputs, concurrency_limit=None)
    on(parts.kill.click, end_by_force, [run, watch], outputs, concurrency_limit=None)
    on(run.input, look, [run, watch], outputs, concurrency_limit=None)
    on(events.load, look, [run, watch], outputs, concurrency_limit=None)
    opened = on(events.select, look, [run, watch], outputs, concurrency_limit=None)
    on(opened.success, foresee, run, parts.outlook, progress="full", concurrency_limit=None)
    on(events.beat, tick, [run, watch], outputs, concurrency_limit=None)
    on(parts.talk.click, lambda: gr.Tabs(selected="chat"), None, tabs)


def _layout() -> TrainingComponents:
    card = gr.HTML(elem_id="train-card")
    with gr.Row(elem_id="train-buttons"):
        start = gr.Button(
            text.START, variant="primary", scale=0, min_width=160, elem_id="train-start"
        )
        stop = gr.Button(text.STOP, visible=False, scale=0, min_width=110, elem_id="train-stop")
        kill = gr.Button(text.KILL, visible=False, scale=0, min_width=140, elem_id="train-kill")
        new = gr.Button(text.NEW_RUN, visible=False, scale=0, min_width=120, elem_id="train-new")
        talk = gr.Button(text.TO_CHAT, visible=False, scale=0, min_width=120, elem_id="train-next")
    outlook = gr.HTML(elem_id="train-outlook")
    chart = loss_chart("train-chart")
    voice = style_chart("train-voice")
    answers = gr.HTML(js_on_load=RUNS_SCRIPT, elem_id="train-answers")
    with gr.Accordion(text.LOG, open=False, elem_id="train-log-box"):
        log = gr.Textbox(
            show_label=False,
            lines=12,
            max_lines=12,
            interactive=False,
            placeholder=text.LOG_EMPTY,
            elem_id="train-log",
            elem_classes="kb-log",
        )
    with gr.Accordion(text.RUNS_TITLE, open=True, elem_id="train-runs-box"):
        run = gr.Dropdown(
            [(text.CURRENT_RUN, "")], value="", label=text.RUN_CHOICE, elem_id="train-run"
        )
        runs = gr.HTML(js_on_load=RUNS_SCRIPT, elem_id="train-runs")
    return TrainingComponents(
        card, start, stop, kill, new, talk, outlook, chart, voice, answers, log, runs, run
    )


def _shown(
    now: TrainingSnapshot,
    known: Estimate | None,
    chosen: str | None,
    watch: Watch,
    version: tuple[object, ...],
) -> tuple[object, ...]:
    """What `Parts`, the status line and the watch are to show, in that order."""
    stopping = now.stopping and now.status.state in LIVE
    asked = (watch.stop_asked or time.monotonic()) if stopping else None
    watch = replace(watch, stop_asked=asked)
    view = training_view(now, stopping_for=watch.stopping_for)
    choices = ((text.CURRENT_RUN, ""), *((run_label(run), run.name) for run in view.runs))
    same = choices == watch.choices
    runs = runs_card(view.runs)
    answers = eval_samples_card(view.answers, view.best_step)
    return (
        cards.training_card(view),
        *(_button(each) for each in (view.start, view.stop, view.kill, view.new, view.talk)),
        cards.estimate_card(estimate_title(now), known),
        view.chart,
        view.voice,
        gr.skip() if hash(answers) == watch.answers else answers,
        view.log,
        gr.skip() if hash(runs) == watch.runs else runs,
        gr.skip() if same else _run_list(choices, chosen),
        cards.status(view.status_line, view.tone),
        replace(
            watch,
            seen=(version, watch.stopping_for >= PATIENCE),
            choices=choices,
            runs=hash(runs),
            answers=hash(answers),
            trouble="",
        ),
    )


def _run_list(choices: Sequence[tuple[str, str]], chosen: str | None) -> gr.Dropdown:
    """A beat leaves the choice alone: it may have been asked before the user chose anew."""
    value: dict[str, Any] = {} if chosen is None else {"value": chosen}
    return gr.Dropdown(list(choices), **value)


def _button(view: ButtonView) -> gr.Button:
    return gr.Button(
        view.label,
        interactive=view.enabled,
        visible=view.visible,
        variant="primary" if view.primary else "secondary",
    )
