"""The trainers that benchmarks/training.py compares, each as it trains by itself."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

IGNORED = -100
ROWS = 4
"""Of a step, where speeds are compared: the same for all."""
_LOOKED_EVERY = 5
"""Steps between two looks at the validation loss."""


@dataclass
class Told:
    """What one process measured between its second step and its last."""

    tokens: int = 0
    target_tokens: int = 0
    replies: int = 0
    cells: int = 0
    steps: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    peak_mb: float | None = None
    eval_loss: float | None = None
    """At the end, where it was asked for."""

    def fed(self, inputs: Any, end: int) -> None:
        """Count one batch; `end` is the id that ends a reply."""
        labels = inputs["labels"]
        mask = inputs.get("attention_mask")
        self.tokens += int(mask.sum()) if mask is not None else labels.numel()
        self.cells += labels.numel()
        self.target_tokens += int((labels != IGNORED).sum())
        self.replies += int((labels == end).sum())


def clock(told: Told, seconds: float, reset: Callable[[], None]) -> Any:
    """A callback that times the steps behind the second.

    It stops when they have had all cores for `seconds`; on a machine with other work that is later.
    """
    from transformers import TrainerCallback

    class Clock(TrainerCallback):
        began = cpu_began = 0.0

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step == 2:
                self.began, self.cpu_began = time.perf_counter(), time.process_time()
                reset()
            elif state.global_step > 2:
                told.seconds = time.perf_counter() - self.began
                told.cpu_s = time.process_time() - self.cpu_began
                told.steps = state.global_step - 2
                control.should_training_stop = told.cpu_s > seconds * cores()

    return Clock()


def ours(folder: Path, seconds: float) -> Told:
    """The worker's own loop, on a run folder like that of the app."""
    return _ours(folder, seconds, worker_trainer(folder, batch=ROWS))


def full_logits(folder: Path, seconds: float) -> Told:
    """The same loop on the same batches, but the model makes the logits of every token at once."""
    from kakaobot.train.loss import MaskedLoss

    trainer = worker_trainer(folder, batch=ROWS)
    trainer.masked_loss = MaskedLoss(trainer.model, methods=())
    trainer.max_tokens = 10**9
    return _ours(folder, seconds, trainer)


def worker_trainer(folder: Path, *, batch: int = 0, max_steps: int = 0) -> Any:
    """The worker's own trainer on the base and rows of a folder; it neither evaluates nor saves."""
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
    # The others do not evaluate or save either.
    trainer.args.eval_strategy = trainer.args.save_strategy = IntervalStrategy.NO
    trainer.args.eval_on_start = False
    return trainer


def _ours(folder: Path, seconds: float, trainer: Any) -> Told:
    told, end = Told(), _end(folder)
    step = trainer.training_step

    def counted(model: Any, inputs: Any, *rest: Any) -> Any:
        told.fed(inputs, end)
        return step(model, inputs, *rest)

    def reset() -> None:
        _forget(told)
        trainer.counter.padded_tokens = 0

    trainer.training_step = counted
    trainer.add_callback(clock(told, seconds, reset))
    trainer.train()
    told.cells = trainer.counter.padded_tokens
    return told


def ours_to_loss(folder: Path, goal: float) -> Told:
    """The worker's own loop with every default, until the validation loss is `goal` or better."""
    from transformers import TrainerCallback

    trainer = worker_trainer(folder)
    told = Told()

    class Until(TrainerCallback):
        looking = 0.0

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            told.steps = state.global_step
            if state.global_step % _LOOKED_EVERY == 0:
                began = time.process_time()
                told.eval_loss = eval_loss(trainer.model, folder)
                self.looking += time.process_time() - began
                control.should_training_stop = told.eval_loss <= goal

    until = Until()
    trainer.add_callback(until)
    began = time.process_time()
    trainer.train()
    told.cpu_s = time.process_time() - began - until.looking
    return told


def common_to_loss(folder: Path, rate: float) -> Told:
    """The common recipe, each reply once, at a peak rate; how good it is in the end."""
    told = Told()
    trainer = _common(folder, told, {"learning_rate": rate, "num_train_epochs": 1, "max_steps": -1})
    began = time.process_time()
    trainer.train()
    told.cpu_s, told.steps = time.process_time() - began, trainer.state.global_step
    told.eval_loss = eval_loss(trainer.model, folder)
    return told


def eval_loss(model: Any, folder: Path) -> float:
    """Mean cross-entropy (nats) of the learnt validation tokens, by plain full logits."""
    import torch

    rows = json.loads((folder / "val.json").read_text(encoding="utf-8"))
    was, total, count = model.training, 0.0, 0
    model.eval()
    with torch.no_grad():
        for row in rows:
            ids, labels = (torch.tensor([row[name]]) for name in ("ids", "labels"))
            logits = model(input_ids=ids).logits[:, :-1].float()
            told = labels[:, 1:]
            total += float(
                torch.nn.functional.cross_entropy(
                    logits.flatten(0, 1), told.flatten(), ignore_index=IGNORED, reduction="sum"
                )
            )
            count += int((told != IGNORED).sum())
    model.train(was)
    return total / count


def _end(folder: Path) -> int:
    from kakaobot.base.tokenizer import read_tokenizer_info

    return read_tokenizer_info(str(folder / "base")).renderer.end_id


def _lora() -> Any:
    from peft import LoraConfig

    from kakaobot.settings import LoraSettings

    wanted = LoraSettings()
    return LoraConfig(
        r=wanted.r, lora_alpha=wanted.alpha, lora_dropout=wanted.dropout,
        target_modules="all-linear", task_type="CAUSAL_LM",
    )  # fmt: skip


def _arguments() -> dict[str, Any]:
    return {
        "output_dir": tempfile.mkdtemp(), "max_steps": 10**4, "learning_rate": 3e-4,
        "per_device_train_batch_size": ROWS, "report_to": [], "disable_tqdm": True,
        "save_strategy": "no", "use_cpu": True, "logging_steps": 1, "seed": 42,
    }  # fmt: skip


def common(folder: Path, seconds: float) -> Told:
    """What a tutorial has: fp32, every reply with its context, logits of every token."""
    told = Told()
    trainer = _common(folder, told, {})
    trainer.add_callback(clock(told, seconds, lambda: _forget(told)))
    trainer.train()
    return told


def _common(folder: Path, told: Told, changed: dict[str, Any]) -> Any:
    import torch
    from peft import get_peft_model
    from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

    from kakaobot.train.collate import Row, collate

    rows = json.loads((folder / "windows.json").read_text(encoding="utf-8"))
    model = AutoModelForCausalLM.from_pretrained(folder / "base", dtype=torch.float32)
    model.config.use_cache = False
    end = _end(folder)

    def collator(drawn: list[Any]) -> dict[str, Any]:
        batch = collate([Row(tuple(each["ids"]), tuple(each["labels"])) for each in drawn], 0)
        inputs = {name: torch.tensor(value) for name, value in vars(batch).items()}
        told.fed(inputs, end)
        return inputs

    return Trainer(
        model=get_peft_model(model, _lora()),
        args=TrainingArguments(**{**_arguments(), **changed}, remove_unused_columns=False),
        train_dataset=rows,
        data_collator=collator,
    )


def _forget(told: Told) -> None:
    told.tokens = told.target_tokens = told.replies = told.cells = 0


def trl(folder: Path, seconds: float) -> Told:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    datasets: Any = __import__("datasets")
    library: Any = __import__("trl")
    rows = json.loads((folder / "rows.json").read_text(encoding="utf-8"))
    data = datasets.Dataset.from_list(
        [{"input_ids": each["ids"], "labels": each["labels"]} for each in rows]
    )
    told, end = Told(), _end(folder)
    trainer = library.SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(folder / "base", dtype=torch.bfloat16),
        args=library.SFTConfig(
            **_arguments(),
            bf16=True,
            max_length=512,
            train_sampling_strategy="group_by_length",
            gradient_checkpointing=False,
            dataset_kwargs={"skip_prepare_dataset": True},
        ),
        train_dataset=data,
        processing_class=AutoTokenizer.from_pretrained(folder / "base"),
        peft_config=_lora(),
    )
    collate = trainer.data_collator

    def counted(drawn: list[Any]) -> Any:
        inputs = collate(drawn)
        told.fed(inputs, end)
        return inputs

    trainer.data_collator = counted
    trainer.add_callback(clock(told, seconds, lambda: _forget(told)))
    trainer.train()
    return told


def cores() -> int:
    return os.cpu_count() or 1


WORKS: dict[str, Callable[[Path, float], Told]] = {
    "kakaobot": ours,
    "full logits": full_logits,
    "trl": trl,
    "common recipe": common,
}
TO_LOSS: dict[str, Callable[[Path, float], Told]] = {
    "common recipe to its end": common_to_loss,
    "kakaobot to that loss": ours_to_loss,
}
