"""The status a worker reports, and its JSON form in `status.json` and `status --json`."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_type_hints

from kakaobot.language import tr

State = Literal["new", "starting", "running", "stopped", "finished", "failed"]
LIVE: frozenset[State] = frozenset(("starting", "running"))

JSON_KEYS = {
    "style_distance": "voice",
    "best_style_distance": "best_voice",
    "best_score": "best_standing",
    "pace_setup": "paced_with",
}
"""Attributes whose key in JSON differs from their name."""


@dataclass(frozen=True)
class Status:
    """One report of a worker."""

    state: State = "new"
    step: int = 0
    max_steps: int = 0
    epoch: float = 0.0
    loss: float | None = None
    """Mean cross-entropy of the last logged step, nats per token."""
    eval_loss: float | None = None
    best_eval_loss: float | None = None
    best_step: int | None = None
    style_distance: float | None = None
    """Style distance of the last eval samples to the room, 0 to 1."""
    best_style_distance: float | None = None
    """The same at the best step."""
    best_score: float | None = None
    """Selection score of the best step; lower is better."""
    best_metric: str = "eval_loss"
    """Metric behind `best_score`: `eval_loss`, `voice` or `both`."""
    learning_rate: float | None = None
    tokens_per_second: float | None = None
    eta_seconds: float | None = None
    start_pace: float | None = None
    """Seconds per token in the first steps of the run."""
    pace_setup: str = ""
    """Device, dtype, world size and batch limits that `start_pace` was measured with."""
    slowdown: float | None = None
    """Current seconds per token over `start_pace`, set while other programs slow training down."""
    heartbeat: float = 0.0
    """Unix time of the report."""
    message: str = ""
    """Korean: current activity, or why the run ended."""
    notes: tuple[str, ...] = ()
    """Korean notices about the run, such as a failed 4-bit load."""
    resumed_from: int = 0
    """Step this worker resumed from."""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Status:
        """Ignores unknown keys and values of a wrong type.

        Returns a new run's status if the state or the heartbeat is invalid.
        """
        names = _names()
        values = {names[key]: value for key, value in raw.items() if key in names}
        notes = values.pop("notes", None)
        values = {name: value for name, value in values.items() if _fits(name, value)}
        if values.get("state") not in get_args(State) or "heartbeat" not in values:
            return cls()
        return cls(**values, notes=tuple(map(str, notes)) if isinstance(notes, list) else ())

    def restarted(self) -> Status:
        """Status of a starting worker: of a resumed run only the best checkpoint and pace stay."""
        return Status(
            state="starting",
            best_eval_loss=self.best_eval_loss,
            best_step=self.best_step,
            best_style_distance=self.best_style_distance,
            best_score=self.best_score,
            best_metric=self.best_metric,
            start_pace=self.start_pace,
            pace_setup=self.pace_setup,
            message=tr("준비하는 중입니다."),
        )

    def to_json(self) -> dict[str, Any]:
        """Values by their JSON keys."""
        names = (field.name for field in fields(self))
        return {JSON_KEYS.get(name, name): getattr(self, name) for name in names}


@functools.cache
def _names() -> dict[str, str]:
    """Attribute of each JSON key."""
    return {JSON_KEYS.get(field.name, field.name): field.name for field in fields(Status)}


@functools.cache
def _kinds() -> dict[str, tuple[type, ...]]:
    """Types of the values of each field in JSON, where a whole number may stand for a float."""
    hints = get_type_hints(Status)
    kinds = {name: get_args(hint) or (hint,) for name, hint in hints.items()}
    return {
        **{name: (*kind, int) if float in kind else kind for name, kind in kinds.items()},
        "state": (str,),
    }


def _fits(name: str, value: object) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return isinstance(value, _kinds()[name]) and not isinstance(value, bool)
