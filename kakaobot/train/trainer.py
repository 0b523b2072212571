"""The training loop: `transformers`' Trainer with our batches and our loss."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from transformers import Trainer

from kakaobot.train.batches import IGNORED, Row, Schedule, alike, pad, pieces
from kakaobot.train.estimate import Amount
from kakaobot.train.loss import LearntLoss

Tensors = dict[str, Tensor]


class Rows(Dataset[Row]):
    """Encoded conversations as the trainer reads them."""

    def __init__(self, encoded: tuple[Row, ...]) -> None:
        self._rows = encoded
        self.lengths = tuple(len(row.ids) for row in encoded)
        self.learnt = sum(label != IGNORED for row in encoded for label in row.labels)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Row:
        return self._rows[index]


def amount_of(train: Rows, val: Rows) -> Amount:
    """What there is to learn, as an estimate takes it."""
    return Amount(
        rows=len(train),
        tokens=sum(train.lengths),
        learnt=train.learnt,
        longest=max(train.lengths),
        val_tokens=sum(val.lengths),
        val_learnt=val.learnt,
    )


@dataclass
class Fed:
    """What the model has been fed in training so far."""

    tokens: int = 0
    """Of conversations."""
    learnt: int = 0
    """Of these, the ones that are learnt."""
    cells: int = 0
    """With padding."""

    @property
    def padding(self) -> float:
        """Share of what was computed that is padding, 0 to 1."""
        return 1 - self.tokens / self.cells if self.cells else 0.0


class Collator:
    """Rows → tensors of shape (rows, longest), shortest row first."""

    def __init__(self, pad_id: int) -> None:
        self._pad_id = pad_id

    def __call__(self, drawn: list[Row]) -> Tensors:
        batch = pad(sorted(drawn, key=lambda row: len(row.ids)), self._pad_id)
        return {name: torch.tensor(value) for name, value in vars(batch).items()}


class LearntTrainer(Trainer):
    """Feeds batches of rows of like length, in pieces that fit the memory.

    The loss of a step is the mean over all tokens learnt in it, however it is cut; that of an
    evaluation the mean over all tokens of the validation rows.
    """

    def __init__(
        self,
        *,
        train: Rows,
        val: Rows,
        schedule: Schedule,
        batch: int,
        most_tokens: int,
        pad_id: int,
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
            options: for `Trainer`.
        """
        super().__init__(train_dataset=train, eval_dataset=val, **options)
        self._train, self._val = train, val
        self.fed = Fed()
        self.most_tokens = most_tokens
        self._schedule = schedule
        self._batch = batch
        self._collator = Collator(pad_id)
        self.learnt_loss = LearntLoss(self.model)
        # What `compute_loss` gives is divided by the learnt tokens of the whole step.
        self.model_accepts_loss_kwargs = True

    def get_train_dataloader(self) -> DataLoader[Row]:
        return DataLoader(self._train, batch_sampler=self._schedule, collate_fn=self._collator)

    def get_eval_dataloader(self, eval_dataset: Any = None) -> DataLoader[Row]:
        count = -(-len(self._val) // self._batch)
        batches = alike(self._val.lengths, count, random.Random(0))
        return DataLoader(self._val, batch_sampler=batches, collate_fn=self._collator)

    def training_step(self, model: Any, inputs: Tensors, num_items_in_batch: Any = None) -> Tensor:
        parts = [
            super(LearntTrainer, self).training_step(model, part, num_items_in_batch)
            for part in self._pieces(inputs)
        ]
        self.fed.tokens += int(inputs["attention_mask"].sum())
        self.fed.learnt += _learnt(inputs)
        return torch.stack(parts).sum()

    def compute_loss(
        self,
        model: Any,
        inputs: Tensors,
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        self.fed.cells += inputs["input_ids"].numel()
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
        for batch in self.get_eval_dataloader():
            for part in self._pieces(batch):
                with torch.no_grad():
                    part = self._prepare_inputs(part)
                    total += float(self.learnt_loss(part["input_ids"], part["labels"]))
                count += _learnt(part)
                self.control = self.callback_handler.on_prediction_step(
                    self.args, self.state, self.control
                )
        metrics = {f"{metric_key_prefix}_loss": total / count}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def floating_point_ops(self, inputs: Any) -> int:
        """Not counted: nobody reads it, and counting goes through all parameters at each step."""
        return 0

    def _pieces(self, batch: Tensors) -> Iterator[Tensors]:
        lengths = batch["attention_mask"].sum(1).tolist()
        for start, end in pieces(lengths, self.most_tokens):
            width = max(lengths[start:end])
            yield {name: batch[name][start:end, :width] for name in ("input_ids", "labels")}


def _learnt(inputs: Tensors) -> int:
    return int((inputs["labels"][:, 1:] != IGNORED).sum())
