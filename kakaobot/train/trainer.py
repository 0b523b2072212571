"""The training loop: `transformers`' Trainer with our batches and our loss."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from transformers import Trainer, set_seed

from kakaobot.train.collate import IGNORED, Row, collate
from kakaobot.train.cost_model import DatasetSize
from kakaobot.train.distributed import ProcessGroup
from kakaobot.train.length_buckets import BatchSchedule, length_buckets, micro_batches
from kakaobot.train.loss import MaskedLoss
from kakaobot.train.rank_sampler import RankSampler

Tensors = dict[str, Tensor]


class RowDataset(Dataset[Row]):
    """Encoded conversations as the trainer reads them."""

    def __init__(self, encoded: Sequence[Row]) -> None:
        self._rows = encoded
        lengths, self.target_tokens = [], 0
        for row in encoded:
            lengths.append(len(row.ids))
            self.target_tokens += len(row.labels) - row.labels.count(IGNORED)
        self.lengths = tuple(lengths)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Row:
        return self._rows[index]


def dataset_size(train: RowDataset, val: RowDataset) -> DatasetSize:
    """What there is to learn, as an estimate takes it."""
    return DatasetSize(
        rows=len(train),
        tokens=sum(train.lengths),
        target_tokens=train.target_tokens,
        longest=max(train.lengths),
        val_tokens=sum(val.lengths),
        val_target_tokens=val.target_tokens,
    )


@dataclass
class TokenCounter:
    """What the model has been fed in training so far."""

    tokens: int = 0
    """Of conversations."""
    target_tokens: int = 0
    """Of these, the ones that are learnt."""
    cells: int = 0
    """With padding."""
    most: int = 0
    """The same, of the largest piece that was computed at once, also in an evaluation."""

    @property
    def padding(self) -> float:
        """Share of what was computed that is padding, 0 to 1."""
        return 1 - self.tokens / self.cells if self.cells else 0.0


class Collator:
    """Rows → tensors of shape (rows, longest), shortest row first; of no rows (0, 1)."""

    def __init__(self, pad_id: int) -> None:
        self._pad_id = pad_id

    def __call__(self, drawn: list[Row]) -> Tensors:
        if not drawn:
            names = ("input_ids", "labels", "attention_mask")
            return {name: torch.zeros((0, 1), dtype=torch.long) for name in names}
        batch = collate(sorted(drawn, key=lambda row: len(row.ids)), self._pad_id)
        return {name: torch.tensor(value) for name, value in vars(batch).items()}


class LoraTrainer(Trainer):
    """Feeds batches of rows of like length, in pieces that fit the memory.

    The loss of a step is the mean over all tokens learnt in it, however it is cut; that of an
    evaluation the mean over all tokens of the validation rows.

    Where several processes learn together, each takes its share of the rows of a batch, and the
    gradients are added up by hand: `DistributedDataParallel` would wait for as many ways back in
    every process, and takes means over processes where one over tokens is wanted.
    """

    def __init__(
        self,
        *,
        train: RowDataset,
        val: RowDataset,
        schedule: BatchSchedule,
        batch: int,
        most_tokens: int,
        pad_id: int,
        ranks: ProcessGroup | None = None,
        **options: Any,
    ) -> None:
        """Take what `Trainer` takes, and how the rows are fed.

        Args:
            train: what is learnt.
            val: what an evaluation is made on.
            schedule: the batches of the whole run.
            batch: rows of a validation batch, on the average.
            most_tokens: computed at once, as long as a row is not longer.
            pad_id: what is behind the end of a row; never looked at.
            ranks: who learns with this process; nobody where it is left out.
            options: for `Trainer`.
        """
        self._ranks = ranks or ProcessGroup()
        super().__init__(train_dataset=train, eval_dataset=val, **options)
        self._train, self._val = train, val
        self.fed = TokenCounter()
        self._own = self.fed if self._ranks.alone else TokenCounter()
        self.most_tokens = most_tokens
        self.longest = max(max(train.lengths), max(val.lengths))
        self._schedule = schedule
        self._batch = batch
        self._collator = Collator(pad_id)
        self.learnt_loss = MaskedLoss(self.model, agreed=self._ranks.told)
        # What `compute_loss` gives is divided by the learnt tokens of the whole step.
        self.model_accepts_loss_kwargs = True
        self._ranks.follow([each.data for each in self._learning()])
        if not self._ranks.main:
            # Else dropout would leave out the same places in the rows of each process.
            set_seed(self.args.seed + self._ranks.number)

    def get_train_dataloader(self) -> DataLoader[Row]:
        share = RankSampler(self._schedule, self._ranks.number, self._ranks.count)
        return DataLoader(self._train, batch_sampler=share, collate_fn=self._collator)

    def get_eval_dataloader(self, eval_dataset: Any = None) -> DataLoader[Row]:
        count = -(-len(self._val) // self._batch)
        batches = length_buckets(self._val.lengths, count, random.Random(0))
        batches = batches[self._ranks.number :: self._ranks.count]
        return DataLoader(self._val, batch_sampler=batches, collate_fn=self._collator)

    def training_step(self, model: Any, inputs: Tensors, num_items_in_batch: Any = None) -> Tensor:
        fed = list(self._pieces(inputs))
        # Asked before anything is computed: what is shared is put together in the same order.
        missing = 0 if self._ranks.alone else self._missing(len(fed))
        parts = [
            super(LoraTrainer, self).training_step(model, part, num_items_in_batch) for part in fed
        ]
        self._own.tokens += int(inputs["attention_mask"].sum())
        self._own.target_tokens += _learnt(inputs)
        if self._ranks.alone:
            return torch.stack(parts).sum()
        parts += [self._learn_nothing(model) for _ in range(missing)]
        loss = torch.stack(parts).sum()
        if self.accelerator.sync_gradients:
            self._add_up()
        # What is logged is the mean over the processes, and has to be their sum.
        return loss * self._ranks.count

    def compute_loss(
        self,
        model: Any,
        inputs: Tensors,
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        self._own.cells += inputs["input_ids"].numel()
        total = self.learnt_loss(inputs["input_ids"], inputs["labels"])
        return total / (_learnt(inputs) if num_items_in_batch is None else num_items_in_batch)

    def evaluate(
        self,
        eval_dataset: Any = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        model: Any = self.model
        model.eval()
        total, count = 0.0, 0
        parts: Iterable[Tensors] = (
            part for batch in self.get_eval_dataloader() for part in self._pieces(batch)
        )
        if self._ranks.sharing:
            parts = list(parts)
            for _ in range(self._missing(len(parts))):
                with torch.no_grad():
                    self.learnt_loss(*self._something())
        for part in parts:
            with torch.no_grad():
                part = self._prepare_inputs(part)
                total += float(self.learnt_loss(part["input_ids"], part["labels"]))
            count += _learnt(part)
            self.control = self.callback_handler.on_prediction_step(
                self.args, self.state, self.control
            )
        sums = torch.tensor([total, count], dtype=torch.float64)
        self._ranks.add_up(sums)
        total, count = sums.tolist()
        metrics = {f"{metric_key_prefix}_loss": total / count}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def create_accelerator_and_postprocess(self) -> None:
        super().create_accelerator_and_postprocess()
        if not self._ranks.alone:
            accelerator: Any = self.accelerator
            # So the model is not wrapped.
            accelerator.prepare_model = functools.partial(
                accelerator.prepare_model, evaluation_mode=True
            )

    def floating_point_ops(self, inputs: Any) -> int:
        """Not counted: nobody reads it, and counting goes through all parameters at each step."""
        return 0

    def _save_rng_state(self, output_dir: str) -> None:
        super()._save_rng_state(output_dir)
        # Each writes its own; the main process then notes down what the checkpoint is made of.
        self._ranks.wait()

    def _learning(self) -> list[torch.nn.Parameter]:
        model: Any = self.model
        return [each for each in model.parameters() if each.requires_grad]

    def _missing(self, pieces: int) -> int:
        """How often to compute for nothing.

        Where a model is shared, until every process has computed as many pieces; else once where
        there is none.
        """
        if self._ranks.sharing:
            return self._ranks.most(max(1, pieces)) - pieces
        return int(not pieces)

    def _learn_nothing(self, model: Any) -> Tensor:
        """The way back of a process that has no rows of a batch: gradients of zero."""
        if self._ranks.sharing:
            model.train()
            device = self.args.device
            # What dropout draws here is not missing anywhere else.
            with (
                torch.random.fork_rng([device] if device.type == "cuda" else []),
                self.compute_loss_context_manager(),
            ):
                loss = self.learnt_loss(*self._something()) * 0.0
        else:
            loss = torch.stack([each.sum() for each in self._learning()]).sum() * 0.0
        self.accelerator.backward(loss)
        return loss.detach()

    def _something(self) -> tuple[Tensor, Tensor]:
        """The smallest thing that can be learnt; nothing is learnt from it."""
        ids = torch.ones((1, 2), dtype=torch.long, device=self.args.device)
        return ids, ids

    def _add_up(self) -> None:
        """Let every process have the gradients of all, and know what all were fed."""
        for each in self._learning():
            if each.grad is None:
                each.grad = torch.zeros_like(each.data)
        own = [each.grad for each in self._learning() if each.grad is not None]
        flat = torch.cat([each.flatten() for each in own])
        self._ranks.add_up(flat)
        for gradient, part in zip(own, flat.split([each.numel() for each in own]), strict=True):
            gradient.copy_(part.view_as(gradient))
        counts = torch.tensor([self._own.tokens, self._own.target_tokens, self._own.cells])
        self._ranks.add_up(counts)
        self.fed.tokens, self.fed.target_tokens, self.fed.cells = counts.tolist()

    def _pieces(self, batch: Tensors) -> Iterator[Tensors]:
        lengths = batch["attention_mask"].sum(1).tolist()
        for start, end in micro_batches(lengths, self.most_tokens):
            width = max(lengths[start:end])
            self.fed.most = max(self.fed.most, width * (end - start))
            yield {name: batch[name][start:end, :width] for name in ("input_ids", "labels")}


def _learnt(inputs: Tensors) -> int:
    return int((inputs["labels"][:, 1:] != IGNORED).sum())
