"""The losses of a refine: wanted replies get likely, rejected ones rare, ordinary ones stay."""

from __future__ import annotations

import math
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainingArguments

from kakaobot.train.collate import IGNORED, Row
from kakaobot.train.refine_plan import RefineSchedule
from kakaobot.train.refine_trainer import RefineRows, RefineTrainer, per_token
from tests.train.test_trainer import model_with_lora, random_rows


def replies(count: int, seed: int) -> list[Row]:
    """Replies of four tokens after a context of its own."""
    rng = random.Random(seed)
    rows = []
    for _ in range(count):
        ids = tuple(rng.randrange(1, 300) for _ in range(rng.randint(6, 12)))
        labels = (*[IGNORED] * (len(ids) - 4), *ids[-4:])
        rows.append(Row(ids, labels))
    return rows


def trainer_for(
    folder: Path,
    *,
    ordinary: int = 12,
    wanted: int = 3,
    rejected: int = 3,
    steps: int = 60,
    rate: float = 0.01,
    optimizer: str = "adamw_torch",
    max_tokens: int = 10_000,
) -> RefineTrainer:
    rows = RefineRows(replies(ordinary, 1), replies(wanted, 2), replies(rejected, 3))
    schedule = RefineSchedule(
        rows.lengths,
        per_epoch=3,
        total=steps,
        seed=0,
        first_correction=rows.ordinary,
        replayed=ordinary // 2,
    )
    trainer = RefineTrainer(
        model=model_with_lora(),
        args=TrainingArguments(
            output_dir=str(folder), max_steps=steps, learning_rate=rate,
            lr_scheduler_type="constant", max_grad_norm=1.0, optim=optimizer, use_cpu=True,
            report_to=[], disable_tqdm=True, save_strategy="no",
        ),
        train=rows,
        val=random_rows(7, 2),
        schedule=schedule,
        batch=3,
        max_tokens=max_tokens,
        pad_id=0,
    )  # fmt: skip
    trainer.begin(replies(wanted, 2))
    return trainer


def test_each_kind_of_reply_goes_its_way(tmp_path: Path) -> None:
    trainer = trainer_for(tmp_path)
    kinds = [replies(12, 1), replies(3, 2), replies(3, 3)]
    before = [per_token(trainer.row_losses(rows)) for rows in kinds]
    trainer.train()
    ordinary, wanted, rejected = (
        per_token(trainer.row_losses(rows)) - old for rows, old in zip(kinds, before, strict=True)
    )
    assert wanted < -3
    assert rejected * 4 > math.log(10)
    assert abs(ordinary) < 0.5
    trainer.evaluate()
    assert trainer.correction_loss == pytest.approx(before[1] + wanted)


def test_ordinary_replies_alone_change_nothing(tmp_path: Path) -> None:
    trainer = trainer_for(tmp_path, wanted=0, rejected=0, steps=3, rate=1.0, optimizer="sgd")
    before = [parameter.detach().clone() for parameter in trainer.trainable_parameters()]
    trainer.train()
    for old, new in zip(before, trainer.trainable_parameters(), strict=True):
        torch.testing.assert_close(new.detach(), old, rtol=0, atol=1e-4)


def test_unlearning_fades(tmp_path: Path) -> None:
    trainer = trainer_for(tmp_path, ordinary=2, wanted=0, rejected=1, steps=1)
    (row,) = replies(1, 3)
    ids, labels = torch.tensor([row.ids]), torch.tensor([row.labels])
    first = trainer.rows.first_rejected
    batch = {"input_ids": ids, "labels": labels, "numbers": torch.tensor([first])}
    model: Any = trainer.model
    model.eval()
    loss = trainer.compute_loss(model, batch).item()
    assert loss * 4 == pytest.approx(20 * math.log(2), rel=1e-4)
    trainer.references[first] -= 100
    assert trainer.compute_loss(model, batch).item() < 0.01


def test_small_micro_batches_change_no_step(tmp_path: Path) -> None:
    weights = []
    for max_tokens in (10_000, 16):
        trainer = trainer_for(tmp_path, steps=3, max_tokens=max_tokens)
        trainer.train()
        weights.append([p.detach().clone() for p in trainer.trainable_parameters()])
    for one, other in zip(*weights, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_every_epoch_has_all_corrections_and_other_ordinary_replies() -> None:
    lengths = [5 + n % 4 for n in range(20)]
    schedule = RefineSchedule(
        lengths, per_epoch=4, total=10, seed=7, first_correction=14, replayed=5
    )
    batches = list(schedule)
    assert len(batches) == 10
    epochs = [[row for batch in batches[i : i + 4] for row in batch] for i in (0, 4)]
    for rows in epochs:
        assert Counter(row for row in rows if row >= 14) == Counter(range(14, 20))
        assert len([row for row in rows if row < 14]) == 5
    assert not {row for row in epochs[0] if row < 14} & {row for row in epochs[1] if row < 14}
    assert batches == list(schedule)
