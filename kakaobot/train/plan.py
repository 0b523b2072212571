"""Numbers of a run that follow from the settings and the amount of data. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from kakaobot.settings import TrainingSettings

_RATE_AT_A_BILLION = 3e-4 * math.sqrt(0.3)
"""Falling with the square root of the size, the rate fits both 2e-3 at 6.8 million parameters,
measured with `benchmarks/likeness.py`, and 3e-4 at 0.3 billion."""
_MIN_RATE, _MAX_RATE = 2e-4, 2e-3
"""QLoRA (Dettmers et al. 2023) uses 2e-4 at 7 and 13 billion."""

_SMALL_ROOM, _SMALL_BATCH, _LARGE_BATCH = 500, 2, 4
_TINY_ROOM, _MANY_EPOCHS, _FEW_EPOCHS = 100, 8, 5
_MAX_EVAL_STEPS = 200


def learning_rate(training: TrainingSettings, parameters: int) -> float:
    """Peak learning rate: the setting, else by the parameters of the base.

    In `benchmarks/likeness.py` twice the rate repeats nine of ten replies of a small room verbatim
    instead of half of them, and half the rate is less on topic in a larger room. Rates for larger
    bases are extrapolated, not measured.
    """
    rate = _RATE_AT_A_BILLION / math.sqrt(parameters / 1e9)
    return training.learning_rate or min(_MAX_RATE, max(_MIN_RATE, rate))


def batch_size(training: TrainingSettings, rows: int) -> int:
    """Rows per batch: the setting, else by the number of training rows.

    In `benchmarks/likeness.py` a batch of two beats four in rooms of 65 and 185 rows (validation
    loss times 0.92; 19 instead of 12 and 29 instead of 25 of 30 replies on topic). With 555 rows
    there is no difference, and four should be faster on a GPU.
    """
    return training.batch or (_SMALL_BATCH if rows <= _SMALL_ROOM else _LARGE_BATCH)


def epoch_count(training: TrainingSettings, rows: int) -> float:
    """Epochs: the setting, else by the number of training rows.

    In `benchmarks/likeness.py` eight epochs beat five in a room of 65 rows (validation loss times
    0.96; 19 instead of 16 of 30 replies on topic) and match twelve. With 185 rows five are enough
    (29 of 30 on topic), and the replies vary more.
    """
    return training.epochs or (_MANY_EPOCHS if rows <= _TINY_ROOM else _FEW_EPOCHS)


@dataclass(frozen=True)
class Plan:
    """Batches and steps of a run."""

    batch: int
    """Mean rows per batch."""
    per_epoch: int
    """Batches per epoch; `training.accumulation` of them make a step."""
    max_steps: int
    eval_steps: int
    save_steps: int
    warmup_steps: int

    @classmethod
    def of(cls, training: TrainingSettings, rows: int) -> Plan:
        """The plan for a number of training rows; about twenty evaluations unless set."""
        batch = batch_size(training, rows)
        per_epoch = max(1, math.ceil(rows / batch))
        steps = training.max_steps or max(
            1, math.ceil(per_epoch * epoch_count(training, rows) / training.accumulation)
        )
        eval_steps = training.eval_steps or min(_MAX_EVAL_STEPS, max(1, steps // 20))
        return cls(
            batch=batch,
            per_epoch=per_epoch,
            max_steps=steps,
            eval_steps=eval_steps,
            save_steps=training.save_steps or eval_steps,
            warmup_steps=math.ceil(steps * training.warmup_ratio),
        )
