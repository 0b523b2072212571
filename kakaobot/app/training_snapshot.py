"""`TrainingSnapshot`: the state of training, as the window and the command line show it."""

from __future__ import annotations

from dataclasses import dataclass

from kakaobot.likeness import Likeness
from kakaobot.runs.eval_samples import EvalTranscript
from kakaobot.runs.history import RunSummary
from kakaobot.runs.metrics import Point
from kakaobot.runs.status import Status


@dataclass(frozen=True)
class TrainingSnapshot:
    """The state of training at one moment, for the window and the command line."""

    run: str
    """Empty if there is no run."""
    status: Status
    stopping: bool
    """Whether a stop was requested and the worker is still alive."""
    points: tuple[Point, ...]
    log: str
    base: str
    """Label of the base model."""
    base_reason: str
    practice: bool
    """Whether the base model is for practice only."""
    runs: tuple[RunSummary, ...]
    can_start: bool
    can_stop: bool
    resume_step: int
    """The step a start resumes from; 0 for a new run."""
    start_blocker: str
    """Why training cannot start now, in Korean; empty if it can."""
    can_chat: bool
    can_start_new: bool = False
    """Whether only a new run can start, as the latest one is finished or does not fit any more."""
    is_outdated: bool = False
    """Whether the run has not learned the dataset as it is now."""
    dataset: str = ""
    """Korean: room, persona and replies of the dataset; empty if there is none."""
    last_lines: str = ""
    """Last lines of the log of a failed run."""
    silent_seconds: float = 0.0
    """Seconds since the last heartbeat of a running worker."""
    saved_step: int = 0
    """Step that a worker which is asked to stop has saved already; 0 if none."""
    eval_samples: EvalTranscript = EvalTranscript()

    @property
    def likeness(self) -> Likeness | None:
        """As `runs.history.likeness_of`."""
        return next((run.likeness for run in self.runs if run.name == self.run), None)
