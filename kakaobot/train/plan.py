"""How many steps a run has, and when it evaluates and saves. Numbers only; knows no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from kakaobot.settings import TrainingSettings

_FOR_A_BILLION = 3e-4 * math.sqrt(0.3)
"""What `benchmarks/likeness.py` finds good for 6.8 million parameters (2e-3) lies on one line with
3e-4 for 0.3 billion, if the rate falls with the root of the size."""
_LEAST, _MOST = 2e-4, 2e-3
"""2e-4 is what QLoRA (Dettmers et al. 2023) takes for 7 and 13 billion."""

_SMALL_ROOM, _FEW, _MANY = 500, 2, 4
_TINY_ROOM, _OFTEN, _OFTEN_ENOUGH = 100, 8, 5


def learning_rate(training: TrainingSettings, parameters: int) -> float:
    """The peak of the schedule: as it is set, or by the number of the base's parameters.

    With `benchmarks/likeness.py` twice the rate says nine of ten replies to a small room word by
    word as they were said there, instead of half of them, and half the rate strays from the topic
    of a larger one. For larger bases the rate lies on a line, and was not measured here.
    """
    suits = _FOR_A_BILLION / math.sqrt(parameters / 1e9)
    return training.learning_rate or min(_MOST, max(_LEAST, suits))


def batch_of(training: TrainingSettings, rows: int) -> int:
    """Rows of a step: as it is set, or by the number of rows that are learnt.

    With `benchmarks/likeness.py` rooms of 65 and 185 rows are learnt better two at a time than four
    (validation loss 0.92 of it, 19 instead of 12 and 29 instead of 25 of 30 replies on topic); with
    555 rows there is no difference, and four should be quicker on a graphics card.
    """
    return training.batch or (_FEW if rows <= _SMALL_ROOM else _MANY)


def epochs_of(training: TrainingSettings, rows: int) -> float:
    """How often every row is learnt: as it is set, or by the number of rows that are learnt.

    With `benchmarks/likeness.py` a room of 65 rows is better learnt eight times than five
    (validation loss 0.96 of it, 19 instead of 16 of 30 replies on topic) and no worse than twelve
    times; with 185 rows five are enough (29 of 30 on topic), and the replies differ more.
    """
    return training.epochs or (_OFTEN if rows <= _TINY_ROOM else _OFTEN_ENOUGH)


@dataclass(frozen=True)
class Plan:
    """Numbers of a run that follow from the settings and the amount of data."""

    batch: int
    """Rows learnt together, on the average."""
    per_epoch: int
    """Batches in which each row comes once; `training.accumulation` of them are a step."""
    max_steps: int
    eval_steps: int
    save_steps: int
    warmup_steps: int

    @classmethod
    def of(cls, training: TrainingSettings, rows: int) -> Plan:
        """Evaluate about twenty times a run, where the settings leave it open."""
        batch = batch_of(training, rows)
        per_epoch = max(1, math.ceil(rows / batch))
        steps = training.max_steps or max(
            1, math.ceil(per_epoch * epochs_of(training, rows) / training.accumulation)
        )
        every = training.eval_steps or min(200, max(1, steps // 20))
        return cls(
            batch=batch,
            per_epoch=per_epoch,
            max_steps=steps,
            eval_steps=every,
            save_steps=training.save_steps or every,
            warmup_steps=math.ceil(steps * training.warmup_ratio),
        )
