"""The trainer of a refine: wanted and ordinary replies are learned, rejected ones unlearned."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from kakaobot.train.collate import IGNORED, Row
from kakaobot.train.trainer import Collator, LoraTrainer, RowDataset, Tensors

_SHARPNESS = 0.1
"""A rejected reply is pushed away until it is about e^(1 / this) times less likely."""


@dataclass(frozen=True)
class ReferenceRow(Row):
    """A row that may hold a rejected reply."""

    reference: float = math.nan
    """Nats of the rejected reply before the refine; NaN for a reply to learn."""


class RefineRows(RowDataset):
    """Ordinary replies, then wanted ones, then rejected ones."""

    def __init__(
        self, ordinary: Sequence[Row], wanted: Sequence[Row], rejected: Sequence[Row]
    ) -> None:
        self.ordinary, self.wanted, self.rejected = len(ordinary), len(wanted), tuple(rejected)
        super().__init__([*ordinary, *wanted, *rejected])
        self.references: tuple[float, ...] = (math.nan,) * len(rejected)
        """Set once the model has been asked."""

    def __getitem__(self, index: int) -> Row:
        row, rejected = super().__getitem__(index), index - self.ordinary - self.wanted
        reference = self.references[rejected] if rejected >= 0 else math.nan
        return ReferenceRow(row.ids, row.labels, reference)


class RefineTrainer(LoraTrainer):
    """Also unlearns: by negative preference optimization, which fades as a reply gets unlikely.

    Its loss of a rejected reply y is 2/b * log(1 + (p(y) / p0(y))^b), where p0 is before the refine
    (Zhang et al. 2024). Plain gradient ascent would go on until the model writes nonsense.
    """

    def __init__(self, *, train: RefineRows, pad_id: int, **options: Any) -> None:
        super().__init__(train=train, pad_id=pad_id, **options)
        self._collator = _ReferenceCollator(pad_id)
        self._rows = train
        self._measured: Sequence[Row] = ()
        self.correction_loss = 0.0
        """Nats per token of the corrections at the last evaluation."""

    def begin(self, measured: Sequence[Row]) -> None:
        """Ask the model before it learns.

        Args:
            measured: corrections whose loss is part of every evaluation.
        """
        self._measured = measured
        self._rows.references = tuple(loss for loss, _ in self.row_losses(self._rows.rejected))

    def row_losses(self, rows: Sequence[Row]) -> list[tuple[float, int]]:
        """Summed loss in nats and number of targets of each row."""
        model: Any = self.model
        was_training = model.training
        model.eval()
        losses = []
        with torch.no_grad():
            for row in rows:
                ids, labels = (
                    torch.tensor([values], device=self.args.device)
                    for values in (row.ids, row.labels)
                )
                targets = sum(label != IGNORED for label in row.labels[1:])
                losses.append((float(self.masked_loss(ids, labels)), targets))
        model.train(was_training)
        return losses

    def compute_loss(
        self,
        model: Any,
        inputs: Tensors,
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        if "reference" not in inputs:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        self._local_counter.padded_tokens += inputs["input_ids"].numel()
        # Positive once the reply is less likely than before.
        rise = self.masked_loss(inputs["input_ids"], inputs["labels"]) - inputs["reference"]
        loss = 2 / _SHARPNESS * nn.functional.softplus(-_SHARPNESS * rise)
        count = int((inputs["labels"] != IGNORED).sum())
        return loss / (count if num_items_in_batch is None else num_items_in_batch)

    def evaluate(
        self,
        eval_dataset: Any = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        losses = self.row_losses(self._measured)
        self.correction_loss = per_token(losses)
        return super().evaluate(eval_dataset, ignore_keys, metric_key_prefix)

    def _micro_batches(self, batch: Tensors) -> Iterator[Tensors]:
        """Rejected replies one by one, as each has a loss of its own."""
        learned = batch["reference"].isnan()
        if learned.any():
            yield from super()._micro_batches({name: batch[name][learned] for name in batch})
        for index in (~learned).nonzero()[:, 0].tolist():
            width = int(batch["attention_mask"][index].sum())
            row = {name: batch[name][index : index + 1, :width] for name in ("input_ids", "labels")}
            yield {**row, "reference": batch["reference"][index]}


class _ReferenceCollator(Collator):
    def __call__(self, rows: list[Row]) -> Tensors:
        rows = sorted(rows, key=lambda row: len(row.ids))
        references = [row.reference if isinstance(row, ReferenceRow) else math.nan for row in rows]
        return {**super().__call__(rows), "reference": torch.tensor(references)}


def per_token(losses: Sequence[tuple[float, int]]) -> float:
    """Mean loss per target token; 0 without rows."""
    tokens = sum(count for _, count in losses)
    return sum(loss for loss, _ in losses) / tokens if tokens else 0.0
