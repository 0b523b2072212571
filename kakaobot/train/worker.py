"""The process that trains one run: `python -m kakaobot.train.worker <run folder>`.

It is told everything by config.yaml and STOP, and says everything in the run folder.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from transformers import TrainingArguments, set_seed

from kakaobot.atomic_io import disk_is_full
from kakaobot.base import resolve
from kakaobot.base.download import download
from kakaobot.base.generation import Sampling
from kakaobot.base.loading import LoadedBase, device_facts, free_memory, load_base, parameters_of
from kakaobot.base.selection import located
from kakaobot.config import parse
from kakaobot.dataset import jsonl
from kakaobot.errors import DatasetError, KakaobotError
from kakaobot.runs.eval_samples import EvalSampleLog
from kakaobot.runs.exit_reason import (
    EXIT_FULL,
    FULL_DISK,
    OUT_OF_MEMORY,
    RESUMES,
    is_short_of_memory,
)
from kakaobot.runs.run import Point, Run, Status
from kakaobot.settings import Settings
from kakaobot.train.adapter import with_lora
from kakaobot.train.callback import RunCallback, SyncCallback
from kakaobot.train.collate import encode_rows
from kakaobot.train.cost_model import Machine, ModelDimensions, tokens_at_once
from kakaobot.train.distributed import (
    DESERTED,
    SHARING,
    ProcessGroup,
    end_with_launcher,
    is_deserted,
)
from kakaobot.train.eval_generation import EvalGenerator, StyleEvaluation
from kakaobot.train.eval_prompts import sampling_interval, select_eval_prompts, target_style
from kakaobot.train.fsdp import Following, held, leading, shard
from kakaobot.train.length_buckets import BatchSchedule
from kakaobot.train.oom_backoff import MemoryPlan, describe_backoff
from kakaobot.train.plan import Plan, learning_rate
from kakaobot.train.readonly_run import ReadOnlyRun
from kakaobot.train.trainer import LoraTrainer, RowDataset, dataset_size

_SAMPLED_TOKENS = 32
"""After so many an answer at an evaluation is cut off: style shows before."""
BUSY = 3
"""Exit code where another worker holds the run."""
_JUDGED = {
    "eval_loss": "검증 손실이",
    "voice": "말투가",
    "both": "검증 손실과 말투가",
}
_STOPPED = "stopped"
"""Last words of a process that goes because STOP was asked before the first step."""


def main(argv: list[str]) -> int:
    """Train the run until it ends, stops or fails. 0, 1, `BUSY` or `EXIT_FULL`."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    os.umask(0o077)
    run, ranks = Run(Path(argv[0])), ProcessGroup.of()
    # The model is spread here, by `shard`. With this the Trainer would do it as well.
    os.environ.pop(SHARING, None)
    end_with_launcher()
    if not ranks.main:
        # What all of them say would stand in the log once for each.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _guarded(ReadOnlyRun(run.path), ranks)
    try:
        # A worker that was just told to stop says so before it is gone.
        with FileLock(run.lock_file, timeout=30):
            return _guarded(run, ranks)
    except Timeout:
        print("another worker already trains this run", flush=True)
        return BUSY


def _guarded(run: Run, ranks: ProcessGroup) -> int:
    try:
        run.reserve()
        status = _opening(run.said())
        run.write_status(status)
        ranks.join()
        TrainingJob(run, status, ranks).run_to_the_end()
    except StoppedBeforeStart:
        ranks.leave(_STOPPED)
        # On a full disk this makes the room for the status.
        run.release()
        with contextlib.suppress(OSError):
            said = replace(run.said(), state="stopped", eta_seconds=None, slowdown=None)
            run.write_status(replace(said, message="준비하다가 멈췄습니다."))
        # The others still prepare; their launcher ends them as soon as one has failed.
        return 0 if ranks.alone else 1
    except Exception as error:  # noqa: BLE001 -- the outermost: every end is told to the user
        return _failed(run, ranks, error)
    finally:
        run.release()
    ranks.part()
    return 0


def _opening(before: Status) -> Status:
    """A run that goes on keeps its best; all else is told anew."""
    return Status(
        state="starting",
        best_eval_loss=before.best_eval_loss,
        best_step=before.best_step,
        best_voice=before.best_voice,
        best_standing=before.best_standing,
        best_metric=before.best_metric,
        start_pace=before.start_pace,
        paced_with=before.paced_with,
        message="준비하는 중입니다.",
    )


def _failed(run: Run, ranks: ProcessGroup, error: Exception) -> int:
    """Say why, in the log, in the status and by the exit code: a full disk may take only that."""
    # On a full disk these make the room in which the reason can be written.
    run.release()
    run.clear_incomplete()
    reason = ranks.leave(_sentence(error))
    if reason == _STOPPED:
        return 0
    try:
        traceback.print_exception(error)
        sys.stdout.flush()
    except OSError:
        # What the log does not take would else be tried again, and change the exit code.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.dup2(nowhere, sys.stderr.fileno())
    with contextlib.suppress(OSError):
        said = replace(run.said(), state="failed", message=reason)
        said = replace(said, eta_seconds=None, slowdown=None)
        run.write_status(said)
    return EXIT_FULL if disk_is_full(error) else 1


class StoppedBeforeStart(Exception):
    """STOP was asked before the first step."""


def _sentence(error: Exception) -> str:
    """Why a run failed and what to do, in Korean."""
    if isinstance(error, KakaobotError):
        return str(error)
    if is_short_of_memory(error):
        return OUT_OF_MEMORY
    if disk_is_full(error):
        return FULL_DISK
    if is_deserted(error):
        return DESERTED
    return (
        f"예상하지 못한 오류로 학습이 끝났습니다 ({type(error).__name__}: {error}). "
        f"자세한 내용은 학습 폴더의 worker.log 에 있습니다. {RESUMES}"
    )


def free_all() -> None:
    """Give back what nothing uses any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()


class TrainingJob:
    """One run's training from beginning to end."""

    def __init__(self, run: Run, status: Status, ranks: ProcessGroup | None = None) -> None:
        self.run = run
        self.status = status
        self.ranks = ranks or ProcessGroup()
        self.config = run.config()
        self.settings: Settings = parse(self.config["settings"])
        self._gathered = 0
        """Bytes that layers of a shared model take which are put together."""
        self._thrift: MemoryPlan | None = None
        self._reliefs: tuple[str, ...] = ()

    def run_to_the_end(self) -> None:
        """Train. Where memory runs out, go on from the last checkpoint with less at once."""
        while (smaller := self._attempt()) is not None:
            # Here nothing holds the failed attempt any more, not even its traceback.
            free_all()
            self._go_on_with(smaller)

    def _attempt(self) -> MemoryPlan | None:
        """Train to the end; the next smaller setting where there was not memory enough."""
        trainer, callback, resume = self.prepare()
        callback.listen()
        try:
            trainer.train(resume_from_checkpoint=str(resume) if resume else None)
        except (RuntimeError, MemoryError) as error:
            smaller = self._smaller(trainer) if is_short_of_memory(error) else None
            if smaller is None:
                raise
            if callback.heard_a_signal:
                # Else it would be forgotten with who heard it.
                raise StoppedBeforeStart from error
            # "Warning" keeps it from being taken for the reason of a later end.
            first = str(error).partition("\n")[0]
            print(f"Warning: {type(error).__name__}: {first}", flush=True)
            callback.listen_no_more()
            return smaller
        print(
            f"fed {trainer.fed.tokens:,} tokens, {trainer.fed.target_tokens:,} of them learnt, "
            f"{trainer.fed.padding:.1%} padding",
            flush=True,
        )
        self._say_how_it_ended(callback, trainer.state.global_step)
        return None

    def _smaller(self, trainer: LoraTrainer) -> MemoryPlan | None:
        # One of several processes cannot go back alone.
        if self._thrift is None or not self.ranks.alone:
            return None
        return self._thrift.smaller(trainer.fed.most, trainer.longest)

    def _go_on_with(self, smaller: MemoryPlan) -> None:
        """Say it, so that it stays among the notes, and let the next attempt begin."""
        self.run.clear_incomplete()
        found = self.run.checkpoints()
        assert self._thrift is not None
        note = describe_backoff(self._thrift, smaller, found[-1][0] if found else 0)
        self._thrift, self._reliefs = smaller, (*self._reliefs, note)
        said = self.run.said()
        self.status = replace(_opening(said), notes=(*said.notes, note))
        self._say(note)

    def prepare(self) -> tuple[LoraTrainer, RunCallback, Path | None]:
        """All that comes before the first step; the checkpoint to go on from comes last.

        Raises:
            KakaobotError: the base or the data cannot be used.
            Stopped: STOP was asked.
        """
        set_seed(self.settings.project.seed)
        base = self._load()
        train, val = self._rows(base)
        saving = self._checkpointing(base)
        if self._thrift is not None:
            saving = self._thrift.checkpointing
        model = with_lora(base, self.settings.lora, checkpointing=saving)
        if self.ranks.sharing:
            self._gathered = shard(model, base.device, self.ranks)
            here, whole = held(model)
            print(f"{here:,} of {whole:,} bytes of weights are kept in each process", flush=True)
        plan = Plan.of(self.settings.training, len(train))
        found = self._resume_point()
        name = self.ranks.told(found.name if found else None)
        resume = self.run.path / name if name else None
        trainer = self._trainer(base, model, plan, (train, val), fresh=resume is None)
        if self._thrift is not None:
            trainer.most_tokens = self._thrift.at_once
        self._thrift = MemoryPlan(trainer.most_tokens, saving)
        self._keep_pace_of(f"{base.device} {base.dtype} {self.ranks.count} {self._thrift}")
        callback = RunCallback(
            self.run,
            replace(self.status, max_steps=plan.max_steps),
            tokens_fed=lambda: trainer.fed.tokens,
            save_adapter=lambda folder: model.save_pretrained(folder),
            chat_template=base.renderer.shape.jinja,
            patience=self.settings.training.early_stopping_patience,
            steps_per_epoch=plan.per_epoch / self.settings.training.accumulation,
            rehearse=self._rehearsal(base, model),
            metric=self.settings.training.best_metric,
            answered_every=sampling_interval(
                self.settings.training.sample_replies,
                plan.eval_steps
                * self.settings.training.accumulation
                * sum(train.lengths)
                / plan.per_epoch,
            ),
        )
        trainer.add_callback(callback)
        if not self.ranks.alone:
            trainer.add_callback(SyncCallback(self.ranks))
        print(
            f"{len(train)} rows, {len(val)} for validation, {plan.max_steps} steps, "
            f"{sum(p.numel() for p in model.parameters() if p.requires_grad):,} parameters learnt, "
            f"{base.dtype}, {trainer.learnt_loss.way} loss",
            flush=True,
        )
        return trainer, callback, resume

    def _checkpointing(self, base: LoadedBase) -> bool:
        return resolve.gradient_checkpointing(
            self.settings.model.gradient_checkpointing,
            device_facts(base.device),
            base.model.num_parameters(),
        )

    def _keep_pace_of(self, setup: str) -> None:
        """The speed at the start of a run says nothing of one that goes on in another way."""
        if self.status.paced_with != setup:
            self.status = replace(self.status, paced_with=setup, start_pace=None)

    def _rehearsal(self, base: LoadedBase, model: Any) -> StyleEvaluation | Following | None:
        """The prompts that are answered at evaluations, from the validation part."""
        folder = Path(self.config["data"]["folder"])
        asked = select_eval_prompts(
            jsonl.read_rows(folder / "val.jsonl"), self.settings.training.sample_replies
        )
        if not asked or not self.ranks.main:
            sharing = asked and self.ranks.sharing
            return Following(model, base.device, self.ranks) if sharing else None
        wanted = self.settings.generation
        sampling = Sampling(
            min(wanted.max_new_tokens, _SAMPLED_TOKENS),
            temperature=wanted.temperature,
            top_p=wanted.top_p,
            top_k=wanted.top_k,
            repetition_penalty=wanted.repetition_penalty,
        )
        answering = EvalGenerator(
            base,
            model,
            asked,
            sampling,
            seed=self.settings.project.seed,
            sync=lambda: leading(model, self.ranks),
        )
        own = target_style(jsonl.iter_rows(folder / "train.jsonl"))
        return StyleEvaluation(EvalSampleLog(self.run.path), answering, asked, own)

    def _trainer(
        self,
        base: LoadedBase,
        model: Any,
        plan: Plan,
        data: tuple[RowDataset, RowDataset],
        *,
        fresh: bool,
    ) -> LoraTrainer:
        training, (train, val) = self.settings.training, data
        return LoraTrainer(
            model=model,
            args=self._arguments(plan, base, fresh=fresh),
            train=train,
            val=val,
            schedule=BatchSchedule(
                train.lengths,
                per_epoch=plan.per_epoch,
                total=plan.max_steps * training.accumulation,
                seed=self.settings.project.seed,
            ),
            batch=plan.batch,
            most_tokens=self._at_once(base, train, val),
            pad_id=base.pad_id,
            ranks=self.ranks,
        )

    def _at_once(self, base: LoadedBase, train: RowDataset, val: RowDataset) -> int:
        machine = Machine(
            base.device.type,
            half=base.dtype.itemsize == 2,
            four_bits=base.quantized,
            checkpointing=self._checkpointing(base),
        )
        sharers = self.ranks.here if base.device.type == "cpu" else 1
        return tokens_at_once(
            ModelDimensions.of(base.model.config.to_dict()),
            machine,
            self.settings.lora,
            self.settings.training,
            dataset_size(train, val),
            max(0, free_memory(base.device) // sharers - self._gathered),
        )

    def _say_how_it_ended(self, callback: RunCallback, step: int) -> None:
        best = callback.status.best_step
        kept = f" 가장 좋았던 {best}단계의 어댑터로 대화할 수 있습니다." if best else ""
        if callback.stopped:
            message = f"{step}단계에서 저장하고 멈췄습니다. 다시 시작하면 여기서 이어집니다." + kept
        elif callback.ended_early:
            by = _JUDGED[self.settings.training.best_metric]
            message = f"{by} 더 나아지지 않아 {step}단계에서 끝냈습니다." + kept
        else:
            message = f"{step}단계를 모두 마쳤습니다." + kept
        state: Any = "stopped" if callback.stopped else "finished"
        callback.finish(state=state, step=step, eta_seconds=None, message=message)

    def _say(self, message: str) -> None:
        if self.run.asked_to_stop:
            raise StoppedBeforeStart
        print(message, flush=True)
        self.status = replace(self.status, message=message)
        self.run.write_status(self.status)

    def _load(self) -> LoadedBase:
        wanted = self.settings.model
        self._say(f"바탕 모델({self.config['base']['label']})을 읽는 중입니다.")
        name = located(self.config["base"]["name"])
        if not self.ranks.alone:
            # One on each machine downloads; the others then find it there.
            if self.ranks.place == 0:
                download(name, self._say)
            self.ranks.wait()
        base = load_base(
            name,
            load_in_4bit=wanted.load_in_4bit,
            dtype=wanted.dtype,
            attn_implementation=wanted.attn_implementation,
            shared=self.ranks.here if self.ranks.sharing else 0,
            say=self._say,
        )
        self.status = replace(self.status, notes=(*base.notes, *self._reliefs))
        return base

    def _rows(self, base: LoadedBase) -> tuple[RowDataset, RowDataset]:
        self._say("대화를 토큰으로 바꾸는 중입니다.")
        length = resolve.max_seq_len(self.settings.training.max_seq_len, base.context)
        folder = Path(self.config["data"]["folder"])
        parts, lost = [], 0
        for name in ("train.jsonl", "val.jsonl"):
            encoded = encode_rows(jsonl.iter_rows(folder / name), base.renderer, length)
            parts.append(RowDataset(encoded.rows))
            lost += encoded.dropped_replies
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

    def _arguments(self, plan: Plan, base: LoadedBase, *, fresh: bool) -> TrainingArguments:
        training = self.settings.training
        return TrainingArguments(
            output_dir=str(self.run.path),
            max_steps=plan.max_steps,
            per_device_train_batch_size=plan.batch,
            gradient_accumulation_steps=training.accumulation,
            learning_rate=learning_rate(training, parameters_of(base.model.config)),
            lr_scheduler_type=training.scheduler,
            warmup_steps=plan.warmup_steps,
            max_grad_norm=training.max_grad_norm,
            weight_decay=0.0,
            optim="adamw_torch_fused",
            logging_steps=training.logging_steps,
            logging_nan_inf_filter=False,
            eval_strategy="steps",
            eval_steps=plan.eval_steps,
            eval_on_start=fresh,
            save_strategy="steps",
            save_steps=plan.save_steps,
            save_total_limit=training.save_total_limit,
            bf16=base.dtype is torch.bfloat16,
            fp16=base.dtype is torch.float16 and base.device.type == "cuda",
            use_cpu=base.device.type == "cpu",
            seed=self.settings.project.seed,
            data_seed=self.settings.project.seed,
            remove_unused_columns=False,
            disable_tqdm=True,
            report_to=[],
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
