"""What changes at every step of a training: pages take it over from the answer to their pulse.

An event of gradio, which costs server and page tens of milliseconds, follows only when something
else has changed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import gradio as gr

from kakaobot.app.training_snapshot import TrainingSnapshot
from kakaobot.runs.status import LIVE
from ui.presenters import KILL_AFTER, TrainingView, estimate_title, training_view
from ui.render import cards
from ui.series import LossCurve
from ui.services import TrainingProtocol

_SCRIPT = (Path(__file__).parent / "static" / "live.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class LiveView:
    """The current run at one moment."""

    number: int
    """Differs between any two views."""
    event: int
    """Differs if something has changed that an event brings."""
    run: str
    status: str
    """The status line, HTML."""
    card: str
    """HTML."""
    chart: dict[str, object]

    def parts(self, names: Collection[str]) -> dict[str, object]:
        """What a page shows of it, and the run that it is about."""
        values = {"status": self.status, "card": self.card, "chart": self.chart}
        return {"run": self.run, **{name: values[name] for name in values if name in names}}


class LiveTraining:
    """The view of the current run, made anew only when something has changed. Thread-safe."""

    def __init__(self, training: TrainingProtocol) -> None:
        self._training = training
        self._curve = LossCurve()
        self._known: tuple[object, object, LiveView] | None = None
        """The version that was looked at, what events bring, and the view."""
        # Many pages ask for the same.
        self._lock = threading.Lock()

    def view(self) -> LiveView:
        """The view now.

        Raises:
            KakaobotError: it cannot be read.
        """
        with self._lock:
            version = self._training.version()
            if self._known is None or self._known[0] != version:
                self._known = (version, *self._next(self._training.snapshot()))
            return self._known[-1]

    def last(self) -> LiveView | None:
        """The view that was made last; None if there was none yet."""
        return self._known[-1] if self._known else None

    def _next(self, snapshot: TrainingSnapshot) -> tuple[object, LiveView]:
        view = training_view(snapshot, curve=self._curve.value)
        brought = _brought_by_events(snapshot, view)
        number = event = 0
        if self._known is not None:
            _, before, known = self._known
            number, event = known.number + 1, known.event + (brought != before)
        return brought, LiveView(
            *(number, event, snapshot.run),
            status=cards.status(view.status_line, view.status_tone),
            card=cards.training_card(view),
            chart=view.loss_chart,
        )


def live_html(part: str, elem_id: str, value: str = "") -> gr.HTML:
    """A component that shows a part of a live view, which is not about a run or has `data-run`."""
    return gr.HTML(value, js_on_load=f'const PART = "{part}";\n{_SCRIPT}', elem_id=elem_id)


def _brought_by_events(snapshot: TrainingSnapshot, view: TrainingView) -> object:
    """All that a page shows of a run besides the parts of `LiveView`."""
    runs = tuple(
        replace(run, step=0, message="") if run.state in LIVE else run for run in view.runs
    )
    # The button by which a stop is enforced appears after a while.
    waits = int(time.monotonic() / KILL_AFTER * 3) if snapshot.stopping else 0
    return (
        *(view.run, view.log, view.best_step, estimate_title(snapshot), runs, waits),
        *(view.start, view.stop, view.kill, view.new, view.to_chat, view.back),
        *(view.likeness_chart, view.eval_samples),
    )
