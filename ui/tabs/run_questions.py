"""What the training tab asks: before a new run, and before a worker is killed."""

from __future__ import annotations

from kakaobot.app.training_snapshot import TrainingSnapshot
from kakaobot.display_name import display_name
from ui import training_text
from ui.services import TrainingProtocol


def about_new_run(training: TrainingProtocol) -> tuple[str, ...]:
    """What becomes of the last run."""
    now = training.snapshot()
    kept = training_text.KEPT if now.can_chat else training_text.KEPT_UNFINISHED
    sentences = [training_text.NEW_TITLE, kept.format(run=display_name(now.run))]
    if now.resume_step:
        sentences.append(training_text.NOT_RESUMED.format(step=now.resume_step))
    return tuple(sentences)


def about_kill(training: TrainingProtocol) -> tuple[str, ...]:
    """What is lost, and that waiting saves it."""
    return training_text.KILL_TITLE, _lost(training.snapshot()), training_text.KILL_WAITS


def _lost(now: TrainingSnapshot) -> str:
    if now.saved_step:
        return training_text.KILL_SAVED.format(step=now.saved_step)
    return training_text.KILL_UNSAVED
