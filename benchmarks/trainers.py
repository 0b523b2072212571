"""The trainers that benchmarks/training.py compares, each with its own defaults."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kakaobot.train.collate import IGNORED

ROWS = 4
"""Rows per step when speeds are compared."""
_EVAL_STEPS = 5
"""Steps from one validation loss to the next."""


@dataclass
class Measurement:
    """Counts and times from the third step to the last."""

    tokens: int = 0
    target_tokens: int = 0
    replies: int = 0
    cells: int = 0
    """Tokens with padding."""
    steps: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    peak_mb: float | None = None
    eval_loss: float | None = None
    """Final validation loss, in the runs to an equal loss."""

    def count(self, inputs: Any, end_id: int) -> None:
        """Count one batch; `end_id` ends a reply."""
        labels = inputs["labels"]
        mask = inputs.get("attention_mask")
        self.tokens += int(mask.sum()) if mask is not None else labels.numel()
        self.cells += labels.numel()
        self.target_tokens += int((labels != IGNORED).sum())
        self.replies += int((labels == end_id).sum())


def timer(measurement: Measurement, seconds: float, reset: Callable[[], None]) -> Any:
    """A callback that times the steps after the second.

    Stops after as much CPU time as all cores provide in `seconds`.
    """
    from transformers import TrainerCallback

    class Timer(TrainerCallback):
        start = cpu_start = 0.0

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step == 2:
                self.start, self.cpu_start = time.perf_counter(), time.process_time()
                reset()
            elif state.global_step > 2:
                measurement.seconds = time.perf_counter() - self.start
                measurement.cpu_s = time.process_time() - self.cpu_start
                measurement.steps = state.global_step - 2
                control.should_training_stop = measurement.cpu_s > seconds * cores()

    return Timer()


def ours(folder: Path, seconds: float) -> Measurement:
    """The worker's training loop on a run folder of the app."""
    return _ours(folder, seconds, worker_trainer(folder, batch=ROWS))


def full_logits(folder: Path, seconds: float) -> Measurement:
    """The same loop on the same batches, but with the logits of all tokens at once."""
    from kakaobot.train.loss import MaskedLoss

    trainer = worker_trainer(folder, batch=ROWS)
    trainer.masked_loss = MaskedLoss(trainer.model, methods=())
    trainer.max_tokens = 10**9
    return _ours(folder, seconds, trainer)


def worker_trainer(folder: Path, *, batch: int = 0, max_steps: int = 0) -> Any:
    """The worker's trainer on the base and rows of a folder, without evaluations and saves."""
    from transformers import IntervalStrategy

    from kakaobot.runs.run import Run
    from kakaobot.runs.status import Status
    from kakaobot.settings import Settings
    from kakaobot.train.job import TrainingJob

    settings = Settings().model_dump(mode="json")
    settings["training"] |= {"max_seq_len": 512, "batch": batch, "max_steps": max_steps}
    run = Run(Path(tempfile.mkdtemp(dir=folder)) / "main")
    data = {"folder": str(folder / "data" / "sft")}
    base = {"name": str(folder / "base"), "label": "base", "reason": "", "practice": False}
    run.create({"settings": settings, "data": data, "base": base})
    trainer: Any = TrainingJob(run, Status()).prepare()[0]
    # As in the other trainers.
    trainer.args.eval_strategy = trainer.args.save_strategy = IntervalStrategy.NO
    trainer.args.eval_on_start = False
    return trainer


def _ours(folder: Path, seconds: float, trainer: Any) -> Measurement:
    measurement, end_id = Measurement(), _end_id(folder)
    step = trainer.training_step

    def counted(model: Any, inputs: Any, *rest: Any) -> Any:
        measurement.count(inputs, end_id)
        return step(model, inputs, *rest)

    def reset() -> None:
        _reset_counts(measurement)
        trainer.counter.padded_tokens = 0

    trainer.training_step = counted
    trainer.add_callback(timer(measurement, seconds, reset))
    trainer.train()
    measurement.cells = trainer.counter.padded_tokens
    return measurement


def ours_to_loss(folder: Path, goal: float) -> Measurement:
    """The worker's loop with all defaults, until the validation loss is at most `goal`."""
    from transformers import TrainerCallback

    trainer = worker_trainer(folder)
    measurement = Measurement()

    class StopAtGoal(TrainerCallback):
        eval_seconds = 0.0

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            measurement.steps = state.global_step
            if state.global_step % _EVAL_STEPS == 0:
                start = time.process_time()
                measurement.eval_loss = eval_loss(trainer.model, folder)
                self.eval_seconds += time.process_time() - start
                control.should_training_stop = measurement.eval_loss <= goal

    stop_at_goal = StopAtGoal()
    trainer.add_callback(stop_at_goal)
    start = time.process_time()
    trainer.train()
    measurement.cpu_s = time.process_time() - start - stop_at_goal.eval_seconds
    return measurement


def common_to_loss(folder: Path, rate: float) -> Measurement:
    """One epoch of the common recipe at a peak learning rate, and its final validation loss."""
    measurement = Measurement()
    trainer = _common(
        folder, measurement, {"learning_rate": rate, "num_train_epochs": 1, "max_steps": -1}
    )
    start = time.process_time()
    trainer.train()
    measurement.cpu_s, measurement.steps = time.process_time() - start, trainer.state.global_step
    measurement.eval_loss = eval_loss(trainer.model, folder)
    return measurement


def eval_loss(model: Any, folder: Path) -> float:
    """Mean cross-entropy (nats) of the validation targets, from full logits."""
    import torch

    rows = json.loads((folder / "val.json").read_text(encoding="utf-8"))
    was_training, total, count = model.training, 0.0, 0
    model.eval()
    with torch.no_grad():
        for row in rows:
            ids, labels = (torch.tensor([row[name]]) for name in ("ids", "labels"))
            logits = model(input_ids=ids).logits[:, :-1].float()
            targets = labels[:, 1:]
            total += float(
                torch.nn.functional.cross_entropy(
                    logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="sum"
                )
            )
            count += int((targets != IGNORED).sum())
    model.train(was_training)
    return total / count


def _end_id(folder: Path) -> int:
    from kakaobot.base.tokenizer import read_tokenizer_info

    return read_tokenizer_info(str(folder / "base")).renderer.end_id


def _lora() -> Any:
    from peft import LoraConfig

    from kakaobot.settings import LoraSettings

    lora = LoraSettings()
    return LoraConfig(
        r=lora.r, lora_alpha=lora.alpha, lora_dropout=lora.dropout,
        target_modules="all-linear", task_type="CAUSAL_LM",
    )  # fmt: skip


def _arguments() -> dict[str, Any]:
    return {
        "output_dir": tempfile.mkdtemp(), "max_steps": 10**4, "learning_rate": 3e-4,
        "per_device_train_batch_size": ROWS, "report_to": [], "disable_tqdm": True,
        "save_strategy": "no", "use_cpu": True, "logging_steps": 1, "seed": 42,
    }  # fmt: skip


def common(folder: Path, seconds: float) -> Measurement:
    """As in tutorials: fp32, one example per reply with its context, full logits."""
    measurement = Measurement()
    trainer = _common(folder, measurement, {})
    trainer.add_callback(timer(measurement, seconds, lambda: _reset_counts(measurement)))
    trainer.train()
    return measurement


def _common(folder: Path, measurement: Measurement, overrides: dict[str, Any]) -> Any:
    import torch
    from peft import get_peft_model
    from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

    from kakaobot.train.collate import Row, collate

    windows = json.loads((folder / "windows.json").read_text(encoding="utf-8"))
    model = AutoModelForCausalLM.from_pretrained(
        folder / "base", dtype=torch.float32, trust_remote_code=False
    )
    model.config.use_cache = False
    end_id = _end_id(folder)

    def collator(rows: list[Any]) -> dict[str, Any]:
        batch = collate([Row(tuple(row["ids"]), tuple(row["labels"])) for row in rows], 0)
        inputs = {name: torch.tensor(value) for name, value in vars(batch).items()}
        measurement.count(inputs, end_id)
        return inputs

    return Trainer(
        model=get_peft_model(model, _lora()),
        args=TrainingArguments(**{**_arguments(), **overrides}, remove_unused_columns=False),
        train_dataset=windows,
        data_collator=collator,
    )


def _reset_counts(measurement: Measurement) -> None:
    measurement.tokens = measurement.target_tokens = 0
    measurement.replies = measurement.cells = 0


def trl(folder: Path, seconds: float) -> Measurement:
    """TRL's SFTTrainer with its best settings."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    datasets: Any = __import__("datasets")
    library: Any = __import__("trl")
    rows = json.loads((folder / "rows.json").read_text(encoding="utf-8"))
    data = datasets.Dataset.from_list(
        [{"input_ids": row["ids"], "labels": row["labels"]} for row in rows]
    )
    measurement, end_id = Measurement(), _end_id(folder)
    trainer = library.SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(
            folder / "base", dtype=torch.bfloat16, trust_remote_code=False
        ),
        args=library.SFTConfig(
            **_arguments(),
            bf16=True,
            max_length=512,
            train_sampling_strategy="group_by_length",
            gradient_checkpointing=False,
            dataset_kwargs={"skip_prepare_dataset": True},
        ),
        train_dataset=data,
        processing_class=AutoTokenizer.from_pretrained(folder / "base", trust_remote_code=False),
        peft_config=_lora(),
    )
    collate = trainer.data_collator

    def counted(rows: list[Any]) -> Any:
        inputs = collate(rows)
        measurement.count(inputs, end_id)
        return inputs

    trainer.data_collator = counted
    trainer.add_callback(timer(measurement, seconds, lambda: _reset_counts(measurement)))
    trainer.train()
    return measurement


def cores() -> int:
    return os.cpu_count() or 1


WORKS: dict[str, Callable[[Path, float], Measurement]] = {
    "kakaobot": ours,
    "full logits": full_logits,
    "trl": trl,
    "common recipe": common,
}
TO_LOSS: dict[str, Callable[[Path, float], Measurement]] = {
    "common recipe to its end": common_to_loss,
    "kakaobot to that loss": ours_to_loss,
}
