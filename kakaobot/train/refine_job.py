"""Trains a refine: from another run's adapter, on corrections mixed with ordinary replies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from kakaobot.base import resolve
from kakaobot.base.loading import LoadedBase
from kakaobot.dataset import artifacts, jsonl
from kakaobot.dataset.corrections import Correction, read_corrections, remove_rows
from kakaobot.errors import DatasetError
from kakaobot.language import tr
from kakaobot.runs.checkpoints import AnyAdapter
from kakaobot.runs.refinement import write_verdict
from kakaobot.schema import Conversation
from kakaobot.train.adapter import load_weights
from kakaobot.train.callback import RunCallback
from kakaobot.train.collate import Row, encode_rows
from kakaobot.train.eval_generation import EvalGenerator, eval_sampling
from kakaobot.train.eval_prompts import select_eval_prompts, target_style
from kakaobot.train.job import StoppedBeforeStart, TrainingJob
from kakaobot.train.length_buckets import BatchSchedule
from kakaobot.train.plan import Plan
from kakaobot.train.refine_plan import RefineRecipe, RefineSchedule, noise_of, refine_plan
from kakaobot.train.refine_trainer import RefineRows, RefineTrainer
from kakaobot.train.refine_verdict import AdapterMeasures, CorrectionLoss, RowLoss, judge
from kakaobot.train.trainer import LoraTrainer, RowDataset

_VERDICT_PROMPTS = 48
"""Replies that the styles before and after are compared by."""
_JUDGING = tr("고친 말을 따르는지, 다른 말은 그대로인지 재는 중입니다.")


class RefineJob(TrainingJob):
    """Trains one refine and judges it."""

    _trainer_type: type[LoraTrainer] = RefineTrainer

    def run_to_completion(self) -> None:
        super().run_to_completion()
        if self.run.recorded_status().state == "finished":
            remove_rows(self._data_folder)

    def prepare(self) -> tuple[LoraTrainer, RunCallback, Path | None]:
        """As for any run; then the model is asked what it would say before it learns."""
        trainer, callback, checkpoint = super().prepare()
        assert isinstance(trainer, RefineTrainer)
        trainer.args.learning_rate *= self._recipe.rate
        held_out = [item for item in self._corrections if item.held_out and item.wanted]
        trainer.begin(self._encode(item.wanted for item in held_out or self._corrections))
        callback.added_score = lambda: trainer.correction_loss
        return trainer, callback, checkpoint

    def _encode_rows(self, base: LoadedBase) -> tuple[RowDataset, RowDataset]:
        """Ordinary, wanted and rejected replies; validation rows."""
        self._report(tr("고친 말을 토큰으로 바꾸는 중입니다."))
        self._loaded, self._recipe = base, RefineRecipe.of(self.run)
        self._corrections = read_corrections(self._data_folder)
        learned = [item for item in self._corrections if not item.held_out]
        rows = RefineRows(
            self._encode(jsonl.iter_rows(self._data_folder / artifacts.TRAIN)),
            self._encode(item.wanted for item in learned),
            # What was corrected was in the person's style: unlearning it would unlearn the style.
            self._encode(item.rejected for item in learned if not item.wanted),
        )
        val = self._encode(jsonl.iter_rows(self._data_folder / artifacts.VAL))
        if not rows.wanted + rows.rejected or not val:
            raise DatasetError(
                tr(
                    "배울 고친 말이나 검증할 대화가 없습니다. 고친 말을 더 모으거나 "
                    "'데이터 준비'(preprocess)를 다시 하세요."
                )
            )
        return rows, RowDataset(val)

    def _encode(self, rows: Iterable[Conversation | None]) -> Sequence[Row]:
        """Rows whose target fits; the others are None or dropped."""
        base = self._loaded
        length = resolve.max_seq_len(self.settings.training.max_seq_len, base.context)
        present = (row for row in rows if row is not None)
        return encode_rows(present, base.renderer, length).rows

    def _add_adapter(self, base: LoadedBase, *, checkpointing: bool) -> Any:
        model = super()._add_adapter(base, checkpointing=checkpointing)
        load_weights(model, self.run.checkpoints.adapter_folder("start"))
        return model

    def _plan(self, train: RowDataset) -> Plan:
        assert isinstance(train, RefineRows)
        return refine_plan(self.settings, self._replayed(train) + len(train) - train.ordinary)

    def _schedule(self, train: RowDataset, plan: Plan) -> BatchSchedule:
        assert isinstance(train, RefineRows)
        return RefineSchedule(
            train.lengths,
            per_epoch=plan.per_epoch,
            total=plan.max_steps,
            seed=self.settings.project.seed,
            first_correction=train.ordinary,
            replayed=self._replayed(train),
        )

    def _replayed(self, train: RefineRows) -> int:
        corrections = sum(not item.held_out for item in self._corrections)
        return self._recipe.replayed(corrections, train.ordinary)

    def _conclude(self, trainer: LoraTrainer, callback: RunCallback) -> str:
        """Judge the best adapter against the one it began with."""
        if callback.stopped:
            return ""
        assert isinstance(trainer, RefineTrainer)
        prompts = select_eval_prompts(
            jsonl.read_rows(self._data_folder / artifacts.VAL), _VERDICT_PROMPTS
        )
        generator = EvalGenerator(
            self._loaded,
            trainer.model,
            prompts,
            eval_sampling(self.settings.generation),
            seed=self.settings.project.seed,
        )
        before, after = (
            self._measure(kind, trainer, callback, generator) for kind in ("start", "best")
        )
        target = target_style(jsonl.iter_rows(self._data_folder / artifacts.TRAIN))
        verdict = judge(before, after, target, noise_of(self.run))
        write_verdict(self.run, verdict)
        return verdict.reason

    def _measure(
        self,
        kind: AnyAdapter,
        trainer: RefineTrainer,
        callback: RunCallback,
        generator: EvalGenerator,
    ) -> AdapterMeasures:
        """Raises `StoppedBeforeStart` on a STOP; the next worker measures again."""

        def losses(rows: Iterable[Conversation | None]) -> list[RowLoss | None]:
            measured: list[RowLoss | None] = []
            for row in rows:
                if callback.keep_alive(_JUDGING):
                    raise StoppedBeforeStart
                encoded = self._encode([row])
                measured.append(trainer.row_losses(encoded)[0] if encoded else None)
            return measured

        load_weights(trainer.model, self.run.checkpoints.adapter_folder(kind))
        items: Sequence[Correction] = self._corrections
        corrections = tuple(
            CorrectionLoss(wanted, rejected, item.held_out)
            for item, wanted, rejected in zip(
                items,
                losses(item.wanted for item in items),
                losses(item.rejected for item in items),
                strict=True,
            )
        )
        ordinary = losses(jsonl.iter_rows(self._data_folder / artifacts.VAL))
        replies = generator.replies(lambda: callback.keep_alive(_JUDGING))
        if replies is None:
            raise StoppedBeforeStart
        return AdapterMeasures(
            corrections, tuple(row for row in ordinary if row is not None), tuple(replies)
        )
