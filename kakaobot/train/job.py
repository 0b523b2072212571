"""One training run from loading the base to the last status, with OOM backoff."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from transformers import set_seed

from kakaobot.base import resolve
from kakaobot.base.download import download
from kakaobot.base.loading import LoadedBase, device_facts, free_memory, load_base
from kakaobot.base.memory import release_memory
from kakaobot.base.selection import location_of
from kakaobot.chat_template import Renderer
from kakaobot.config import parse
from kakaobot.dataset import artifacts, jsonl
from kakaobot.errors import DatasetError
from kakaobot.language import tr
from kakaobot.runs.eval_samples import EvalSampleLog
from kakaobot.runs.exit_reason import is_short_of_memory
from kakaobot.runs.metrics import Point
from kakaobot.runs.run import Run
from kakaobot.runs.status import Status
from kakaobot.settings import Settings
from kakaobot.style.likeness import scales_from_json
from kakaobot.train.adapter import with_lora
from kakaobot.train.callback import RunCallback
from kakaobot.train.collate import encode_rows
from kakaobot.train.cost_model import Machine, ModelDimensions, micro_batch_tokens
from kakaobot.train.distributed import ProcessGroup
from kakaobot.train.eval_generation import EvalGenerator, StyleEvaluation, eval_sampling
from kakaobot.train.eval_prompts import sampling_interval, select_eval_prompts, target_style
from kakaobot.train.fsdp import Following, leading, shard, weight_bytes
from kakaobot.train.length_buckets import BatchSchedule
from kakaobot.train.oom_backoff import MemoryPlan, describe_backoff
from kakaobot.train.plan import Plan
from kakaobot.train.resume import ResumePoint, resume_point
from kakaobot.train.run_config import base_of, data_folder_of
from kakaobot.train.sync_callback import SyncCallback
from kakaobot.train.trainer import LoraTrainer, RowDataset, dataset_size, training_arguments


class StoppedBeforeStart(Exception):
    """STOP was requested before the first step."""


class TrainingJob:
    """Trains one run."""

    _trainer_type = LoraTrainer

    def __init__(self, run: Run, status: Status, ranks: ProcessGroup | None = None) -> None:
        self.run = run
        self.status = status
        self.ranks = ranks or ProcessGroup()
        self.settings: Settings = parse(run.section("settings"))
        self._base, self._data_folder = base_of(run), data_folder_of(run)
        self._unsharded_bytes = 0
        """Memory for the layers that FSDP has gathered."""
        self._memory_plan: MemoryPlan | None = None
        """None before the first attempt."""
        self._tokenizer: tuple[Any, Renderer] | None = None
        """None before the first attempt."""
        self._kept_notes: tuple[str, ...] = ()
        """Shown in every attempt."""

    def run_to_completion(self) -> None:
        """Train; when memory runs out, resume from the last checkpoint with a smaller plan."""
        while (smaller := self._attempt()) is not None:
            # Nothing references the failed attempt any more, not even its traceback.
            release_memory()
            self._back_off(smaller)

    def _attempt(self) -> MemoryPlan | None:
        """Train to the end. Returns the plan to retry with if memory ran out."""
        trainer, callback, checkpoint = self.prepare()
        callback.install_signal_handlers()
        try:
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        except (RuntimeError, MemoryError) as error:
            smaller = self._smaller_plan(trainer) if is_short_of_memory(error) else None
            if smaller is None:
                raise
            if callback.interrupted:
                # The next attempt has a new callback, which would not know of it.
                raise StoppedBeforeStart from error
            # "Warning" keeps `exit_reason` from taking it for the cause of a later exit.
            first_line = str(error).partition("\n")[0]
            print(f"Warning: {type(error).__name__}: {first_line}", flush=True)
            callback.remove_signal_handlers()
            return smaller
        counter = trainer.counter
        print(
            f"fed {counter.tokens:,} tokens, {counter.target_tokens:,} of them learnt, "
            f"{counter.padding:.1%} padding",
            flush=True,
        )
        callback.finish(trainer.state.global_step, self._conclude(trainer, callback))
        return None

    def _conclude(self, trainer: LoraTrainer, callback: RunCallback) -> str:
        """What else there is to say about a run that has ended, in Korean."""
        return ""

    def _smaller_plan(self, trainer: LoraTrainer) -> MemoryPlan | None:
        # A single rank of several cannot go back to a checkpoint.
        if self._memory_plan is None or self.ranks.is_distributed:
            return None
        return self._memory_plan.smaller(trainer.counter.largest, trainer.longest)

    def _back_off(self, smaller: MemoryPlan) -> None:
        """Adopt a smaller plan and add a note about it to the status."""
        self.run.checkpoints.remove_incomplete()
        checkpoints = self.run.checkpoints.complete()
        assert self._memory_plan is not None
        note = describe_backoff(
            self._memory_plan, smaller, checkpoints[-1][0] if checkpoints else 0
        )
        self._memory_plan, self._kept_notes = smaller, (*self._kept_notes, note)
        status = self.run.recorded_status()
        self.status = replace(status.restarted(), notes=(*status.notes, note))
        self._report(note)

    def prepare(self) -> tuple[LoraTrainer, RunCallback, Path | None]:
        """Everything before the first step: trainer, callback and the checkpoint to resume from.

        Raises:
            KakaobotError: the base or the data cannot be used.
            StoppedBeforeStart: STOP was requested.
        """
        set_seed(self.settings.project.seed)
        base = self._load_base()
        train, val = self._encode_rows(base)
        if self._memory_plan is None:
            checkpointing = self._default_checkpointing(base)
        else:
            checkpointing = self._memory_plan.checkpointing
        model = self._add_adapter(base, checkpointing=checkpointing)
        plan = self._plan(train)
        checkpoint = self._resume_checkpoint()
        max_tokens = (
            self._memory_plan.max_tokens
            if self._memory_plan
            else self._max_tokens(base, train, val)
        )
        self._memory_plan = MemoryPlan(max_tokens, checkpointing)
        trainer = self._trainer_type(
            model=model,
            args=training_arguments(
                self.run.path, self.settings, plan, base, fresh=checkpoint is None
            ),
            train=train,
            val=val,
            schedule=self._schedule(train, plan),
            batch=plan.batch,
            max_tokens=max_tokens,
            pad_id=base.pad_id,
            ranks=self.ranks,
        )
        callback = self._add_callbacks(trainer, base, plan, train)
        print(
            f"{len(train)} rows, {len(val)} for validation, {plan.max_steps} steps, "
            f"{sum(p.numel() for p in trainer.trainable_parameters()):,} parameters learnt, "
            f"{base.dtype}, {trainer.masked_loss.method} loss",
            flush=True,
        )
        return trainer, callback, checkpoint

    def _plan(self, train: RowDataset) -> Plan:
        return Plan.of(self.settings.training, len(train))

    def _schedule(self, train: RowDataset, plan: Plan) -> BatchSchedule:
        return BatchSchedule(
            train.lengths,
            per_epoch=plan.per_epoch,
            total=plan.max_steps * self.settings.training.accumulation,
            seed=self.settings.project.seed,
        )

    def _load_base(self) -> LoadedBase:
        requested = self.settings.model
        self._report(tr("바탕 모델({label})을 읽는 중입니다.").format(label=tr(self._base.label)))
        name = location_of(self._base.name)
        if self.ranks.is_distributed:
            # One rank per machine downloads; the others find it in the cache.
            if self.ranks.local_rank == 0:
                download(name, self._report)
            self.ranks.barrier()
        base = load_base(
            name,
            load_in_4bit=requested.load_in_4bit,
            dtype=requested.dtype,
            attn_implementation=requested.attn_implementation,
            fsdp_ranks=self.ranks.local_world_size if self.ranks.fsdp else 0,
            tokenizer=self._tokenizer,
            report=self._report,
        )
        self._tokenizer = base.tokenizer, base.renderer
        self.status = replace(self.status, notes=(*base.notes, *self._kept_notes))
        return base

    def _encode_rows(self, base: LoadedBase) -> tuple[RowDataset, RowDataset]:
        """The training and the validation rows."""
        self._report(tr("대화를 토큰으로 바꾸는 중입니다."))
        length = resolve.max_seq_len(self.settings.training.max_seq_len, base.context)
        train, val = (
            encode_rows(jsonl.iter_rows(self._data_folder / name), base.renderer, length)
            for name in (artifacts.TRAIN, artifacts.VAL)
        )
        if dropped := train.dropped_replies + val.dropped_replies:
            note = tr(
                "{length}토큰에 들어가지 않는 대답 {dropped}개를 뺐습니다. 데이터 준비를 다시 "
                "하세요."
            ).format(length=length, dropped=dropped)
            self.status = replace(self.status, notes=(*self.status.notes, note))
        if not train.rows or not val.rows:
            raise DatasetError(
                tr(
                    "배울 대화나 검증할 대화가 없습니다. "
                    "더 긴 대화를 가져와 '데이터 준비'를 다시 하세요."
                )
            )
        return RowDataset(train.rows), RowDataset(val.rows)

    def _default_checkpointing(self, base: LoadedBase) -> bool:
        return resolve.gradient_checkpointing(
            self.settings.model.gradient_checkpointing,
            device_facts(base.device),
            base.model.num_parameters(),
        )

    def _add_adapter(self, base: LoadedBase, *, checkpointing: bool) -> Any:
        """The PEFT model, sharded if the ranks share one."""
        model = with_lora(base, self.settings.lora, checkpointing=checkpointing)
        if self.ranks.fsdp:
            self._unsharded_bytes = shard(model, base.device, self.ranks)
            local, total = weight_bytes(model)
            print(f"{local:,} of {total:,} bytes of weights are kept in each process", flush=True)
        return model

    def _resume_checkpoint(self) -> Path | None:
        """The newest checkpoint that can be loaded, the same one on every rank."""
        # Only the main rank may delete damaged ones.
        point = resume_point(self.run.checkpoints) if self.ranks.is_main else ResumePoint()
        if point.unfinished:
            self._report(
                tr("쓰다 만 저장본을 지웠습니다: {unfinished}").format(
                    unfinished=", ".join(point.unfinished)
                )
            )
        for note in point.notes:
            self._report(note)
        self._kept_notes += point.notes
        self.status = replace(self.status, notes=(*self.status.notes, *point.notes))
        # Invalidates metrics of later steps, which will be measured again.
        self.run.append(Point(point.step, "resume", 0.0, time.time()))
        if point.path:
            self._report(tr("{step}단계부터 이어서 학습합니다.").format(step=point.step))
        name = self.ranks.broadcast(point.path.name if point.path else None)
        return self.run.path / name if name else None

    def _max_tokens(self, base: LoadedBase, train: RowDataset, val: RowDataset) -> int:
        """Padded tokens of a micro-batch that fit the free memory."""
        machine = Machine(
            base.device.type,
            half=base.dtype.itemsize == 2,
            load_in_4bit=base.quantized,
            checkpointing=self._default_checkpointing(base),
        )
        ranks_per_device = self.ranks.local_world_size if base.device.type == "cpu" else 1
        return micro_batch_tokens(
            ModelDimensions.from_config(base.model.config.to_dict()),
            machine,
            self.settings.lora,
            self.settings.training,
            dataset_size(train, val),
            max(0, free_memory(base.device) // ranks_per_device - self._unsharded_bytes),
        )

    def _add_callbacks(
        self, trainer: LoraTrainer, base: LoadedBase, plan: Plan, train: RowDataset
    ) -> RunCallback:
        training = self.settings.training
        model: Any = trainer.model
        self._reset_pace_if_changed(
            f"{base.device} {base.dtype} {self.ranks.world_size} {self._memory_plan}"
        )
        batches_per_eval = plan.eval_steps * training.accumulation
        callback = RunCallback(
            self.run,
            replace(self.status, max_steps=plan.max_steps),
            trained_tokens=lambda: trainer.counter.tokens,
            save_adapter=lambda folder: model.save_pretrained(folder),
            chat_template=base.renderer.chat_format.jinja,
            patience=training.early_stopping_patience,
            steps_per_epoch=plan.per_epoch / training.accumulation,
            style_evaluation=self._style_evaluation(base, model),
            metric=training.best_metric,
            sampling_interval=sampling_interval(
                training.sample_replies, batches_per_eval * sum(train.lengths) / plan.per_epoch
            ),
        )
        trainer.add_callback(callback)
        if self.ranks.is_distributed:
            trainer.add_callback(SyncCallback(self.ranks))
        return callback

    def _reset_pace_if_changed(self, setup: str) -> None:
        """Forget the pace at the start of the run if it was measured with another setup."""
        if self.status.pace_setup != setup:
            self.status = replace(self.status, pace_setup=setup, start_pace=None)

    def _style_evaluation(self, base: LoadedBase, model: Any) -> StyleEvaluation | Following | None:
        """Samples replies to prompts of the validation split; None without prompts."""
        prompts = select_eval_prompts(
            jsonl.read_rows(self._data_folder / artifacts.VAL),
            self.settings.training.sample_replies,
        )
        if not prompts:
            return None
        if not self.ranks.is_main:
            return Following(model, base.device, self.ranks) if self.ranks.fsdp else None
        generator = EvalGenerator(
            base,
            model,
            prompts,
            eval_sampling(self.settings.generation),
            seed=self.settings.project.seed,
            sync=lambda: leading(model, self.ranks),
        )
        target = target_style(jsonl.iter_rows(self._data_folder / artifacts.TRAIN))
        return StyleEvaluation(
            EvalSampleLog(self.run.path),
            generator,
            prompts,
            target,
            scales_from_json(self.run.likeness_scales()),
            str(self.run.section("data").get("persona", "")),
        )

    def _report(self, message: str) -> None:
        """Show progress in the log and the status.

        Raises:
            StoppedBeforeStart: STOP was requested.
        """
        if self.run.stop_requested:
            raise StoppedBeforeStart
        print(message, flush=True)
        self.status = replace(self.status, message=message)
        self.run.write_status(self.status)
