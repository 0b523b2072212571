"""The trainer of a refine: wanted replies are learned, rejected ones unlearned, the rest kept."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from kakaobot.train.collate import IGNORED, Row
from kakaobot.train.length_buckets import micro_batches
from kakaobot.train.trainer import Collator, LoraTrainer, RowDataset, Tensors

_SHARPNESS = 0.1
"""A rejected reply is pushed away until it is about e^(1 / this) times less likely."""
_REMEMBERED = 64
"""Likeliest tokens of a position whose probabilities are kept; the others are one class."""
_LEAST = 1e-6
"""Smallest probability of that class, whose logarithm is taken."""
_NO_ROW = -1


@dataclass(frozen=True)
class NumberedRow(Row):
    """A row that knows its place in the dataset."""

    number: int = _NO_ROW


class RefineRows(RowDataset):
    """Ordinary replies, then wanted ones, then rejected ones."""

    def __init__(
        self, ordinary: Sequence[Row], wanted: Sequence[Row], rejected: Sequence[Row]
    ) -> None:
        self.ordinary, self.wanted, self.rejected = len(ordinary), len(wanted), len(rejected)
        super().__init__([*ordinary, *wanted, *rejected])

    @property
    def first_rejected(self) -> int:
        return self.ordinary + self.wanted

    def __getitem__(self, index: int) -> Row:
        row = super().__getitem__(index)
        return NumberedRow(row.ids, row.labels, index)


class RefineTrainer(LoraTrainer):
    """Three losses, measured against the model before the refine, p0.

    Wanted replies have the cross-entropy of every training. Ordinary replies have that to p0
    instead of to their words: it keeps the model as it is, and its gradient is zero at the start,
    where learning the words once more would overfit. A rejected reply y has negative preference
    optimization, 2/b * log(1 + (p(y) / p0(y))^b) (Zhang et al. 2024), which fades as y gets
    unlikely; plain gradient ascent would go on until the model writes nonsense.
    """

    def __init__(self, *, train: RefineRows, pad_id: int, **options: Any) -> None:
        super().__init__(train=train, pad_id=pad_id, **options)
        self._collator = _NumberedCollator(pad_id)
        self.rows = train
        self._measured: Sequence[Row] = ()
        self.references: dict[int, float] = {}
        """Number of a rejected row → its loss under p0."""
        self._memory: dict[int, tuple[Tensor, Tensor]] = {}
        """Number of an ordinary row → likeliest tokens under p0 and their probabilities."""
        self.correction_loss = 0.0
        """Nats per token of the corrections at the last evaluation."""

    def begin(self, measured: Sequence[Row]) -> None:
        """Ask the model, which still has the weights of p0.

        Args:
            measured: corrections whose loss is part of every evaluation.
        """
        self._measured = measured
        rows = self.rows
        rejected = range(rows.first_rejected, len(rows))
        losses = self.row_losses([rows[number] for number in rejected])
        self.references = {number: loss for number, (loss, _) in zip(rejected, losses, strict=True)}
        visited = {number for batch in self._schedule for number in batch}
        with self._asking():
            for number in sorted(number for number in visited if number < rows.ordinary):
                logits = self.masked_loss.logits(*self._tensors(rows[number]))
                count = min(_REMEMBERED, logits.shape[-1])
                likeliest = logits.softmax(-1).topk(count)
                self._memory[number] = likeliest.indices, likeliest.values

    def row_losses(self, rows: Sequence[Row]) -> list[tuple[float, int]]:
        """Summed loss in nats and number of targets of each row."""
        with self._asking():
            return [
                (
                    float(self.masked_loss(*self._tensors(row))),
                    sum(label != IGNORED for label in row.labels[1:]),
                )
                for row in rows
            ]

    def compute_loss(
        self,
        model: Any,
        inputs: Tensors,
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        if "numbers" not in inputs:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        ids, labels, numbers = inputs["input_ids"], inputs["labels"], inputs["numbers"].tolist()
        self._local_counter.padded_tokens += ids.numel()
        if numbers[0] >= self.rows.first_rejected:
            loss = self._unlearning_loss(ids, labels, numbers[0])
        else:
            loss = self._keeping_loss(ids, labels, numbers)
        count = int((labels[:, 1:] != IGNORED).sum())
        return loss / (count if num_items_in_batch is None else num_items_in_batch)

    def evaluate(
        self,
        eval_dataset: Any = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        self.correction_loss = per_token(self.row_losses(self._measured))
        return super().evaluate(eval_dataset, ignore_keys, metric_key_prefix)

    def _unlearning_loss(self, ids: Tensor, labels: Tensor, number: int) -> Tensor:
        # Positive once the reply is less likely than before.
        rise = self.masked_loss(ids, labels) - self.references[number]
        return 2 / _SHARPNESS * nn.functional.softplus(-_SHARPNESS * rise)

    def _keeping_loss(self, ids: Tensor, labels: Tensor, numbers: Sequence[int]) -> Tensor:
        """Cross-entropy to p0 over its likeliest tokens and the class of all others."""
        tokens, before = (
            torch.cat([self._memory[number][part] for number in numbers]) for part in (0, 1)
        )
        logs = self.masked_loss.logits(ids, labels).log_softmax(-1).gather(1, tokens)
        others_before = 1 - before.sum(-1)
        others = (1 - logs.exp().sum(-1)).clamp_min(_LEAST)
        return -(before * logs).sum() - (others_before * others.log()).sum()

    def _micro_batches(self, batch: Tensors) -> Iterator[Tensors]:
        """Wanted and validation rows; ordinary ones; rejected ones one by one."""
        numbers = batch["numbers"]
        ordinary = (numbers != _NO_ROW) & (numbers < self.rows.ordinary)
        rejected = numbers >= self.rows.first_rejected
        wanted = ~ordinary & ~rejected
        if wanted.any():
            yield from super()._micro_batches({name: batch[name][wanted] for name in batch})
        kept = {name: batch[name][ordinary] for name in batch}
        lengths = kept["attention_mask"].sum(1).tolist()
        for start, end in micro_batches(lengths, self.max_tokens) if lengths else ():
            yield _numbered(kept, start, end)
        for index in rejected.nonzero()[:, 0].tolist():
            yield _numbered(batch, index, index + 1)

    def _tensors(self, row: Row) -> tuple[Tensor, Tensor]:
        """Ids and labels of a single row."""
        device = self.args.device
        return torch.tensor([row.ids], device=device), torch.tensor([row.labels], device=device)

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        """Without dropout or gradients."""
        model: Any = self.model
        was_training = model.training
        model.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            model.train(was_training)


class _NumberedCollator(Collator):
    def __call__(self, rows: list[Row]) -> Tensors:
        rows = sorted(rows, key=lambda row: len(row.ids))
        numbers = [row.number if isinstance(row, NumberedRow) else _NO_ROW for row in rows]
        return {**super().__call__(rows), "numbers": torch.tensor(numbers)}


def _numbered(batch: Tensors, start: int, end: int) -> Tensors:
    """Some rows of a batch, cut to the longest of them."""
    width = int(batch["attention_mask"][start:end].sum(1).max())
    rows = {name: batch[name][start:end, :width] for name in ("input_ids", "labels")}
    return {**rows, "numbers": batch["numbers"][start:end]}


def per_token(losses: Sequence[tuple[float, int]]) -> float:
    """Mean loss per target token; 0 without rows."""
    tokens = sum(count for _, count in losses)
    return sum(loss for loss, _ in losses) / tokens if tokens else 0.0
