"""How many steps a run has, and when it evaluates and saves. Numbers only; knows no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from kakaobot.settings import TrainingSettings


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
