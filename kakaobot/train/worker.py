"""The process that trains one run: `python -m kakaobot.train.worker <run folder>`.

It is told everything by config.yaml and STOP, and says everything in the run folder.
"""

from __future__ import annotations

import errno
import logging
import math
import os
import sys
import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from torch.utils.data import Dataset
from transformers import Trainer, TrainingArguments, set_seed

from kakaobot import rows
from kakaobot.base.choice import located
from kakaobot.base.loading import Loaded, load_base
from kakaobot.config import parse
from kakaobot.errors import ConfigError, DatasetError, KakaobotError
from kakaobot.runs import Point, Run, Status
from kakaobot.settings import Settings, TrainingSettings
from kakaobot.train.batches import Row, encode, pad
from kakaobot.train.callback import RunCallback

BUSY = 3
"""Exit code where another worker holds the run."""
_BILLION = 1_000_000_000


def main(argv: list[str]) -> int:
    """Train the run until it ends, stops or fails. 0, 1 or `BUSY`."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    os.umask(0o077)
    run = Run(Path(argv[0]))
    try:
        # A worker that was just told to stop says so before it is gone.
        with FileLock(run.lock_file, timeout=30):
            return _guarded(run)
    except Timeout:
        print("another worker already trains this run", flush=True)
        return BUSY


def _guarded(run: Run) -> int:
    before = run.said()
    # A run that goes on keeps its best; all else is told anew.
    status = Status(
        state="starting",
        best_eval_loss=before.best_eval_loss,
        best_step=before.best_step,
        message="준비하는 중입니다.",
    )
    run.write_status(status)
    try:
        Work(run, status).run_to_the_end()
    except Stopped:
        said = replace(run.said(), state="stopped", message="준비하다가 멈췄습니다.")
        run.write_status(said)
    except Exception as error:  # noqa: BLE001 -- the outermost: every end is told to the user
        traceback.print_exc()
        sys.stdout.flush()
        # On a full disk this makes the room in which the reason can be written.
        run.clear_incomplete()
        said = run.said()
        run.write_status(replace(said, state="failed", eta_seconds=None, message=_sentence(error)))
        return 1
    return 0


class Stopped(Exception):
    """STOP was asked before the first step."""


def _sentence(error: Exception) -> str:
    """Why a run failed and what to do, in Korean."""
    if isinstance(error, KakaobotError):
        return str(error)
    # A CPU and Apple's GPU say it in a RuntimeError.
    said = str(error).lower()
    short = "out of memory" in said or "can't allocate memory" in said
    if short or isinstance(error, torch.OutOfMemoryError | MemoryError):
        return (
            "메모리가 모자라 학습을 멈췄습니다. training.batch 를 절반으로 줄이거나 "
            "training.max_seq_len 을 줄이고, 그래도 모자라면 더 작은 바탕 모델을 쓰세요."
        )
    # torch and safetensors wrap what the disk said in errors of their own.
    if (
        "os error 28" in said
        or "unexpected pos" in said
        or (isinstance(error, OSError) and error.errno == errno.ENOSPC)
    ):
        return "디스크가 가득 차 저장하지 못했습니다. 공간을 비운 뒤 다시 시작하면 이어집니다."
    return (
        f"예상하지 못한 오류로 학습이 끝났습니다 ({type(error).__name__}: {error}). "
        "자세한 내용은 학습 폴더의 worker.log 에 있습니다. "
        "다시 시작하면 마지막 저장본부터 이어집니다."
    )


@dataclass(frozen=True)
class Plan:
    """Numbers of a run that follow from the settings and the amount of data."""

    max_steps: int
    eval_steps: int
    save_steps: int
    warmup_steps: int

    @classmethod
    def of(cls, training: TrainingSettings, count: int) -> Plan:
        """Evaluate about twenty times a run, where the settings leave it open."""
        per_epoch = math.ceil(math.ceil(count / training.batch) / training.accumulation)
        steps = training.max_steps or max(1, math.ceil(per_epoch * training.epochs))
        every = training.eval_steps or min(200, max(1, steps // 20))
        return cls(
            max_steps=steps,
            eval_steps=every,
            save_steps=training.save_steps or every,
            warmup_steps=math.ceil(steps * training.warmup_ratio),
        )


class Rows(Dataset[Row]):
    """Encoded conversations as the trainer reads them."""

    def __init__(self, encoded: tuple[Row, ...]) -> None:
        self._rows = encoded

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Row:
        return self._rows[index]


class Collator:
    """Rows → tensors of shape (batch, longest), and a count of the tokens fed."""

    def __init__(self, pad_id: int) -> None:
        self._pad_id = pad_id
        self.tokens = 0

    def __call__(self, drawn: list[Row]) -> dict[str, torch.Tensor]:
        self.tokens += sum(len(row.ids) for row in drawn)
        batch = pad(drawn, self._pad_id)
        return {name: torch.tensor(value) for name, value in vars(batch).items()}


class Work:
    """One run's training from beginning to end."""

    def __init__(self, run: Run, status: Status) -> None:
        self.run = run
        self.status = status
        self.config = run.config()
        self.settings: Settings = parse(self.config["settings"])

    def run_to_the_end(self) -> None:
        set_seed(self.settings.project.seed)
        base = self._load()
        train, val = self._rows(base)
        model = self._with_lora(base)
        plan = Plan.of(self.settings.training, len(train))
        resume = self._resume_point()
        collator = Collator(_pad_id(base))
        callback = RunCallback(
            self.run,
            replace(self.status, max_steps=plan.max_steps),
            tokens_fed=lambda: collator.tokens,
            save_adapter=lambda folder: model.save_pretrained(folder),
            chat_template=base.renderer.shape.jinja,
            patience=self.settings.training.early_stopping_patience,
        )
        trainer = Trainer(
            model=model,
            args=self._arguments(plan, base, fresh=resume is None),
            train_dataset=train,
            eval_dataset=val,
            data_collator=collator,
            callbacks=[callback],
        )
        callback.listen()
        print(
            f"{len(train)} rows, {len(val)} for validation, {plan.max_steps} steps, "
            f"{sum(p.numel() for p in model.parameters() if p.requires_grad):,} parameters learnt",
            flush=True,
        )
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)
        self._say_how_it_ended(callback, trainer.state.global_step)

    def _say_how_it_ended(self, callback: RunCallback, step: int) -> None:
        best = callback.status.best_step
        kept = f" 가장 좋았던 {best}단계의 어댑터로 대화할 수 있습니다." if best else ""
        if callback.stopped:
            message = f"{step}단계에서 저장하고 멈췄습니다. 다시 시작하면 여기서 이어집니다." + kept
        elif callback.ended_early:
            message = f"검증 손실이 더 나아지지 않아 {step}단계에서 끝냈습니다." + kept
        else:
            message = f"{step}단계를 모두 마쳤습니다." + kept
        state: Any = "stopped" if callback.stopped else "finished"
        callback.finish(state=state, step=step, eta_seconds=None, message=message)

    def _say(self, message: str) -> None:
        if self.run.asked_to_stop:
            raise Stopped
        print(message, flush=True)
        self.status = replace(self.status, message=message)
        self.run.write_status(self.status)

    def _load(self) -> Loaded:
        wanted = self.settings.model
        self._say(f"바탕 모델({self.config['base']['label']})을 읽는 중입니다.")
        base = load_base(
            located(self.config["base"]["name"]),
            load_in_4bit=wanted.load_in_4bit,
            dtype=wanted.dtype,
            attn_implementation=wanted.attn_implementation,
            say=self._say,
        )
        self.status = replace(self.status, notes=base.notes)
        return base

    def _rows(self, base: Loaded) -> tuple[Rows, Rows]:
        self._say("대화를 토큰으로 바꾸는 중입니다.")
        length = min(self.settings.training.max_seq_len, base.context)
        folder = Path(self.config["data"]["folder"])
        parts, lost = [], 0
        for name in ("train.jsonl", "val.jsonl"):
            encoded = encode(rows.read(folder / name), base.renderer, length)
            parts.append(Rows(encoded.rows))
            lost += encoded.lost
        if lost:
            note = (
                f"{length}토큰에 들어가지 않는 대답 {lost}개를 뺐습니다. 데이터 준비를 다시 하세요."
            )
            self.status = replace(self.status, notes=(*self.status.notes, note))
        train, val = parts
        if not len(train) or not len(val):
            raise DatasetError(
                "배울 대화나 검증할 대화가 없습니다. "
                "더 긴 대화를 가져와 '데이터 준비'를 다시 하세요."
            )
        return train, val

    def _with_lora(self, base: Loaded) -> Any:
        wanted = self.settings.lora
        model = base.model
        checkpointing = self._checkpointing(base)
        if base.quantized:
            model = prepare_model_for_kbit_training(
                model,
                use_gradient_checkpointing=checkpointing,
                gradient_checkpointing_kwargs={"use_reentrant": False},
            )
        elif checkpointing:
            model.gradient_checkpointing_enable({"use_reentrant": False})
            model.enable_input_require_grads()
        model.config.use_cache = False
        modules = wanted.target_modules
        lora = LoraConfig(
            r=wanted.r,
            lora_alpha=wanted.alpha,
            lora_dropout=wanted.dropout,
            target_modules=modules if isinstance(modules, str) else list(modules),
            task_type="CAUSAL_LM",
        )
        try:
            # peft keeps the adapter in fp32 under a half-precision base, as training wants it.
            return get_peft_model(model, lora)
        except ValueError as error:
            raise ConfigError(
                f"바탕 모델에 lora.target_modules({modules}) 라는 층이 없습니다. "
                "all-linear 로 되돌리세요."
            ) from error

    def _checkpointing(self, base: Loaded) -> bool:
        wanted = self.settings.model.gradient_checkpointing
        if wanted != "auto":
            return bool(wanted)
        return base.device.type == "cuda" and base.model.num_parameters() > _BILLION

    def _resume_point(self) -> Path | None:
        broken = self.run.clear_incomplete()
        if broken:
            self._say(f"쓰다 만 저장본을 지웠습니다: {', '.join(broken)}")
        found = self.run.checkpoints()
        step, path = found[-1] if found else (0, None)
        # What was measured after this step will be measured again.
        self.run.append(Point(step, "resume", 0.0, time.time()))
        if path:
            self._say(f"{step}단계부터 이어서 학습합니다.")
        return path

    def _arguments(self, plan: Plan, base: Loaded, *, fresh: bool) -> TrainingArguments:
        training = self.settings.training
        # Logits over 150,000 words fill a graphics card: one conversation at a time there.
        at_once = 1 if base.device.type == "cuda" else training.batch
        return TrainingArguments(
            output_dir=str(self.run.path),
            max_steps=plan.max_steps,
            per_device_train_batch_size=at_once,
            per_device_eval_batch_size=at_once,
            gradient_accumulation_steps=training.accumulation * (training.batch // at_once),
            learning_rate=training.learning_rate,
            lr_scheduler_type=training.scheduler,
            warmup_steps=plan.warmup_steps,
            max_grad_norm=training.max_grad_norm,
            weight_decay=0.0,
            optim="adamw_torch",
            logging_steps=training.logging_steps,
            logging_nan_inf_filter=False,
            eval_strategy="steps",
            eval_steps=plan.eval_steps,
            eval_on_start=fresh,
            save_strategy="steps",
            save_steps=plan.save_steps,
            save_total_limit=training.save_total_limit,
            prediction_loss_only=True,
            bf16=base.dtype is torch.bfloat16,
            fp16=base.dtype is torch.float16 and base.device.type == "cuda",
            use_cpu=base.device.type == "cpu",
            seed=self.settings.project.seed,
            data_seed=self.settings.project.seed,
            remove_unused_columns=False,
            dataloader_pin_memory=base.device.type == "cuda",
            disable_tqdm=True,
            report_to=[],
        )


def _pad_id(base: Loaded) -> int:
    pad_id = base.tokenizer.pad_token_id
    return int(pad_id if pad_id is not None else base.renderer.end_id)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
