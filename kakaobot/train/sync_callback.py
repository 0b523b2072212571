"""Control flags of the first rank → all ranks, so that none goes on alone."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from kakaobot.train.distributed import ProcessGroup


class SyncCallback(TrainerCallback):
    """Broadcasts the control flags of rank 0; added after the callbacks that set them.

    Only rank 0 sees a STOP or runs out of patience. A rank that went on alone would wait forever.
    """

    def __init__(self, ranks: ProcessGroup) -> None:
        self._ranks = ranks

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._sync(control)

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._sync(control)

    def _sync(self, control: TrainerControl) -> None:
        for name, value in self._ranks.broadcast(dict(vars(control))).items():
            setattr(control, name, value)
