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


def learning_rate(training: TrainingSettings, parameters: int) -> float:
    """The peak of the schedule: as it is set, or by the number of the base's parameters."""
    suits = _FOR_A_BILLION / math.sqrt(parameters / 1e9)
    return training.learning_rate or min(_MOST, max(_LEAST, suits))


@dataclass(frozen=True)
class Plan:
    """Numbers of a run that follow from the settings and the amount of data."""

    per_epoch: int
    """Batches in which each row comes once; `training.accumulation` of them are a step."""
    max_steps: int
    eval_steps: int
    save_steps: int
    warmup_steps: int

    @classmethod
    def of(cls, training: TrainingSettings, rows: int) -> Plan:
        """Evaluate about twenty times a run, where the settings leave it open."""
        per_epoch = max(1, math.ceil(rows / training.batch))
        steps = training.max_steps or max(
            1, math.ceil(per_epoch * training.epochs / training.accumulation)
        )
        every = training.eval_steps or min(200, max(1, steps // 20))
        return cls(
            per_epoch=per_epoch,
            max_steps=steps,
            eval_steps=every,
            save_steps=training.save_steps or every,
            warmup_steps=math.ceil(steps * training.warmup_ratio),
        )
