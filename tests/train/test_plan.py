from __future__ import annotations

import pytest

from kakaobot.settings import TrainingSettings
from kakaobot.train.plan import Plan, batch_size, epoch_count, learning_rate


@pytest.mark.parametrize(
    ("parameters", "rate"),
    [(6_800_000, 2e-3), (1_000, 2e-3), (300_000_000, 3e-4), (8_000_000_000, 2e-4)],
)
def test_learning_rate_falls_with_the_size_of_the_base(parameters: int, rate: float) -> None:
    assert learning_rate(TrainingSettings(), parameters) == pytest.approx(rate, rel=0.01)


def test_learning_rate_setting_overrides_the_default() -> None:
    assert learning_rate(TrainingSettings(learning_rate=7e-5), 6_800_000) == 7e-5


@pytest.mark.parametrize(("rows", "batch"), [(1, 2), (500, 2), (501, 4), (100_000, 4)])
def test_small_rooms_have_smaller_batches(rows: int, batch: int) -> None:
    assert batch_size(TrainingSettings(), rows) == batch
    assert batch_size(TrainingSettings(batch=7), rows) == 7
    plan = Plan.of(TrainingSettings(epochs=1), rows)
    assert (plan.batch, plan.max_steps) == (batch, -(-rows // batch))


@pytest.mark.parametrize(("rows", "epochs"), [(1, 8), (100, 8), (101, 5), (100_000, 5)])
def test_tiny_rooms_have_more_epochs(rows: int, epochs: float) -> None:
    assert epoch_count(TrainingSettings(), rows) == epochs
    assert epoch_count(TrainingSettings(epochs=0.5), rows) == 0.5
    plan = Plan.of(TrainingSettings(batch=1), rows)
    assert plan.max_steps == epochs * rows


def test_plan_evaluates_about_twenty_times_and_saves_as_often() -> None:
    plan = Plan.of(TrainingSettings(batch=4, epochs=5), 400)
    assert (plan.per_epoch, plan.max_steps) == (100, 500)
    assert plan.eval_steps == plan.save_steps == 25
    assert plan.warmup_steps == 25
    assert Plan.of(TrainingSettings(batch=4, accumulation=2, epochs=5), 400).max_steps == 250
    assert Plan.of(TrainingSettings(), 1).max_steps == 8
    assert Plan.of(TrainingSettings(epochs=1000), 10_000).eval_steps == 200
