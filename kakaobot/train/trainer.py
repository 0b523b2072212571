"""`transformers`' Trainer with our batches, our loss and gradient sums over ranks."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from transformers import Trainer, TrainingArguments, set_seed

from kakaobot.base.loading import LoadedBase, parameters_of
from kakaobot.settings import Settings
from kakaobot.train.collate import IGNORED, Row, collate
from kakaobot.train.cost_model import DatasetSize
from kakaobot.train.distributed import ProcessGroup
from kakaobot.train.length_buckets import BatchSchedule, length_buckets, micro_batches
from kakaobot.train.loss import MaskedLoss
from kakaobot.train.plan import Plan, learning_rate
from kakaobot.train.rank_sampler import RankSampler

Tensors = dict[str, Tensor]


class RowDataset(Dataset[Row]):
    """Encoded rows as a torch dataset."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        lengths, self.target_tokens = [], 0
        for row in rows:
            lengths.append(len(row.ids))
            self.target_tokens += len(row.labels) - row.labels.count(IGNORED)
        self.lengths = tuple(lengths)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Row:
        return self._rows[index]


def dataset_size(train: RowDataset, val: RowDataset) -> DatasetSize:
    """Input of the cost model."""
    return DatasetSize(
        rows=len(train),
        tokens=sum(train.lengths),
        target_tokens=train.target_tokens,
        longest=max(train.lengths),
        val_tokens=sum(val.lengths),
        val_target_tokens=val.target_tokens,
    )


def training_arguments(
    folder: Path, settings: Settings, plan: Plan, base: LoadedBase, *, fresh: bool
) -> TrainingArguments:
    """Arguments of a run; a `fresh` one starts with an evaluation of the bare base."""
    training = settings.training
    return TrainingArguments(
        output_dir=str(folder),
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
        seed=settings.project.seed,
        data_seed=settings.project.seed,
        remove_unused_columns=False,
        disable_tqdm=True,
        report_to=[],
    )


@dataclass
class TokenCounter:
    """Tokens the model has been trained on."""

    tokens: int = 0
    """Without padding."""
    target_tokens: int = 0
    padded_tokens: int = 0
    largest: int = 0
    """Padded tokens of the largest micro-batch, also in an evaluation."""

    @property
    def padding(self) -> float:
        """Share of padding, 0 to 1."""
        return 1 - self.tokens / self.padded_tokens if self.padded_tokens else 0.0


class Collator:
    """Rows → tensors of shape (rows, longest), shortest row first; (0, 1) without rows."""

    def __init__(self, pad_id: int) -> None:
        self._pad_id = pad_id

    def __call__(self, rows: list[Row]) -> Tensors:
        if not rows:
            names = ("input_ids", "labels", "attention_mask")
            return {name: torch.zeros((0, 1), dtype=torch.long) for name in names}
        batch = collate(sorted(rows, key=lambda row: len(row.ids)), self._pad_id)
        return {name: torch.tensor(value) for name, value in vars(batch).items()}


class LoraTrainer(Trainer):
    """Trains on length-bucketed batches, cut into micro-batches that fit the memory.

    A step's loss is the mean over all its target tokens, however it is cut; an evaluation's is the
    mean over all target tokens of the validation split.

    With several ranks each takes its share of a batch, and gradients are summed by hand:
    `DistributedDataParallel` needs equally many backward passes on every rank, and averages over
    ranks instead of tokens.
    """

    def __init__(
        self,
        *,
        train: RowDataset,
        val: RowDataset,
        schedule: BatchSchedule,
        batch: int,
        max_tokens: int,
        pad_id: int,
        ranks: ProcessGroup | None = None,
        **options: Any,
    ) -> None:
        """Create a trainer.

        Args:
            train: training rows.
            val: validation rows.
            schedule: batches of the whole run.
            batch: mean number of rows in a validation batch.
            max_tokens: padded tokens of a micro-batch, unless a single row is longer.
            pad_id: id behind the end of a row; never attended to.
            ranks: the process group; None for a single process.
            options: passed on to `Trainer`.
        """
        self._ranks = ranks or ProcessGroup()
        super().__init__(train_dataset=train, eval_dataset=val, **options)
        self._train, self._val = train, val
        self.counter = TokenCounter()
        """Over all ranks."""
        self._local_counter = TokenCounter() if self._ranks.is_distributed else self.counter
        self.max_tokens = max_tokens
        self.longest = max(max(train.lengths), max(val.lengths))
        self._schedule = schedule
        self._batch = batch
        self._collator = Collator(pad_id)
        self.masked_loss = MaskedLoss(self.model, agreed=self._ranks.broadcast)
        # `compute_loss` divides by the target tokens of the whole step.
        self.model_accepts_loss_kwargs = True
        self._ranks.broadcast_tensors([parameter.data for parameter in self.trainable_parameters()])
        if not self._ranks.is_main:
            # Otherwise dropout masks would be the same on every rank.
            set_seed(self.args.seed + self._ranks.rank)

    def trainable_parameters(self) -> list[torch.nn.Parameter]:
        """The parameters of the adapter."""
        model: Any = self.model
        return [parameter for parameter in model.parameters() if parameter.requires_grad]

    def get_train_dataloader(self) -> DataLoader[Row]:
        sampler = RankSampler(self._schedule, self._ranks.rank, self._ranks.world_size)
        return DataLoader(self._train, batch_sampler=sampler, collate_fn=self._collator)

    def get_eval_dataloader(self, eval_dataset: Any = None) -> DataLoader[Row]:
        count = -(-len(self._val) // self._batch)
        batches = length_buckets(self._val.lengths, count, random.Random(0))
        batches = batches[self._ranks.rank :: self._ranks.world_size]
        return DataLoader(self._val, batch_sampler=batches, collate_fn=self._collator)

    def training_step(self, model: Any, inputs: Tensors, num_items_in_batch: Any = None) -> Tensor:
        micros = list(self._micro_batches(inputs))
        # A collective, so it comes before the forward passes, which are collectives with FSDP.
        missing = self._missing_passes(len(micros)) if self._ranks.is_distributed else 0
        losses = [
            super(LoraTrainer, self).training_step(model, micro, num_items_in_batch)
            for micro in micros
        ]
        self._local_counter.tokens += int(inputs["attention_mask"].sum())
        self._local_counter.target_tokens += _count_targets(inputs)
        if not self._ranks.is_distributed:
            return torch.stack(losses).sum()
        losses += [self._dummy_step(model) for _ in range(missing)]
        loss = torch.stack(losses).sum()
        if self.accelerator.sync_gradients:
            self._sum_over_ranks()
        # The Trainer logs the mean over ranks, but the loss is their sum.
        return loss * self._ranks.world_size

    def compute_loss(
        self,
        model: Any,
        inputs: Tensors,
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        self._local_counter.padded_tokens += inputs["input_ids"].numel()
        total = self.masked_loss(inputs["input_ids"], inputs["labels"])
        return total / (
            _count_targets(inputs) if num_items_in_batch is None else num_items_in_batch
        )

    def evaluate(
        self,
        eval_dataset: Any = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        model: Any = self.model
        model.eval()
        total, count = 0.0, 0
        micros: Iterable[Tensors] = (
            micro for batch in self.get_eval_dataloader() for micro in self._micro_batches(batch)
        )
        if self._ranks.fsdp:
            micros = list(micros)
            for _ in range(self._missing_passes(len(micros))):
                with torch.no_grad():
                    self.masked_loss(*self._dummy_batch())
        for micro in micros:
            with torch.no_grad():
                micro = self._prepare_inputs(micro)
                total += float(self.masked_loss(micro["input_ids"], micro["labels"]))
            count += _count_targets(micro)
            self.control = self.callback_handler.on_prediction_step(
                self.args, self.state, self.control
            )
        sums = torch.tensor([total, count], dtype=torch.float64)
        total, count = self._ranks.all_reduce_sum(sums).tolist()
        metrics = {f"{metric_key_prefix}_loss": total / count}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def create_accelerator_and_postprocess(self) -> None:
        super().create_accelerator_and_postprocess()
        if self._ranks.is_distributed:
            accelerator: Any = self.accelerator
            # Keeps accelerate from wrapping the model.
            accelerator.prepare_model = functools.partial(
                accelerator.prepare_model, evaluation_mode=True
            )

    def floating_point_ops(self, inputs: Any) -> int:
        """Not counted: unused, and counting visits all parameters at each step."""
        return 0

    def _save_rng_state(self, output_dir: str) -> None:
        super()._save_rng_state(output_dir)
        # Every rank writes its own file, before rank 0 lists the files of the checkpoint.
        self._ranks.barrier()

    def _missing_passes(self, passes: int) -> int:
        """Dummy passes this rank has to add to its own.

        With FSDP, until every rank has as many; otherwise one if it has none.
        """
        if self._ranks.fsdp:
            return self._ranks.all_reduce_max(max(1, passes)) - passes
        return int(not passes)

    def _dummy_step(self, model: Any) -> Tensor:
        """A backward pass with gradients of zero."""
        if self._ranks.fsdp:
            model.train()
            device = self.args.device
            # Dropout draws here without advancing the RNG of real steps.
            with (
                torch.random.fork_rng([device] if device.type == "cuda" else []),
                self.compute_loss_context_manager(),
            ):
                loss = self.masked_loss(*self._dummy_batch()) * 0.0
        else:
            sums = [parameter.sum() for parameter in self.trainable_parameters()]
            loss = torch.stack(sums).sum() * 0.0
        self.accelerator.backward(loss)
        return loss.detach()

    def _dummy_batch(self) -> tuple[Tensor, Tensor]:
        """Ids and labels of the smallest batch, to keep FSDP ranks in step."""
        ids = torch.ones((1, 2), dtype=torch.long, device=self.args.device)
        return ids, ids

    def _sum_over_ranks(self) -> None:
        """Sum gradients and token counts over all ranks."""
        for parameter in self.trainable_parameters():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter.data)
        gradients = [p.grad for p in self.trainable_parameters() if p.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        flat = self._ranks.all_reduce_sum(flat)
        sizes = [gradient.numel() for gradient in gradients]
        for gradient, summed in zip(gradients, flat.split(sizes), strict=True):
            gradient.copy_(summed.view_as(gradient))
        local = self._local_counter
        counts = torch.tensor([local.tokens, local.target_tokens, local.padded_tokens])
        self.counter.tokens, self.counter.target_tokens, self.counter.padded_tokens = (
            self._ranks.all_reduce_sum(counts).tolist()
        )

    def _micro_batches(self, batch: Tensors) -> Iterator[Tensors]:
        """Cut a batch, and each piece to its longest row."""
        lengths = batch["attention_mask"].sum(1).tolist()
        for start, end in micro_batches(lengths, self.max_tokens):
            width = max(lengths[start:end])
            self.counter.largest = max(self.counter.largest, width * (end - start))
            yield {name: batch[name][start:end, :width] for name in ("input_ids", "labels")}


def _count_targets(inputs: Tensors) -> int:
    return int((inputs["labels"][:, 1:] != IGNORED).sum())
