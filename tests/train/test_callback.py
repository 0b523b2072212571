"""What a run records at evaluations and saves: best adapter, latest adapter, early stopping."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from transformers import TrainerControl, TrainerState, TrainingArguments

from kakaobot.runs.run import Run
from kakaobot.runs.status import Status
from kakaobot.train.callback import RunCallback
from kakaobot.train.eval_prompts import Metric

LOSSES = (5.0, 3.0, 2.0, 2.1, 2.2, 2.3)
"""At steps 0, 10, 20 … 50."""
DISTANCES = (0.9, 0.5, 0.6, 0.2, 0.3, 0.4)


class FakeTraining:
    """A run whose evaluations are called by hand; its adapter is the number of the step."""

    def __init__(self, folder: Path, *, patience: int = 0, metric: Metric = "eval_loss") -> None:
        self.run = Run(folder / "main")
        self.run.path.mkdir()
        self.style_evaluations: list[int] = []
        self.control = TrainerControl()
        self.state = TrainerState(global_step=0, max_steps=1000)
        self.callback = RunCallback(
            self.run,
            Status("running"),
            trained_tokens=lambda: 1,
            save_adapter=self.save,
            chat_template="",
            patience=patience,
            steps_per_epoch=10,
            style_evaluation=self._evaluate_style,
            metric=metric,
            sampling_interval=2,
        )
        self.args = TrainingArguments(output_dir=str(folder), eval_steps=10)

    def save(self, folder: Path) -> None:
        for name in ("adapter_config.json", "adapter_model.safetensors"):
            (folder / name).write_text(str(self.state.global_step), encoding="utf-8")

    def _evaluate_style(self, step: int, should_stop: Callable[[], bool]) -> float:
        assert not should_stop()
        self.style_evaluations.append(step)
        return DISTANCES[step // 10]

    def evaluate(self, losses: Sequence[float] = LOSSES) -> int:
        """Evaluate every ten steps; returns the step at which training ends."""
        for number, loss in enumerate(losses):
            self.state.global_step = 10 * number
            metrics: dict[str, Any] = {"eval_loss": loss}
            self.callback.on_evaluate(self.args, self.state, self.control, metrics)
            if self.control.should_training_stop:
                break
        return self.state.global_step

    def adapter(self, kind: str) -> str:
        file = self.run.path / f"adapter_{kind}" / "adapter_model.safetensors"
        return file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("metric", "best", "style_evaluations"),
    [
        # The style decides nothing, so it is measured less often.
        ("eval_loss", 20, [0, 20, 40]),
        ("voice", 30, [0, 10, 20, 30, 40, 50]),
        # 2.1 × 1.2 is less than 2.0 × 1.6.
        ("both", 30, [0, 10, 20, 30, 40, 50]),
    ],
)
def test_best_adapter_is_chosen_by_the_metric(
    tmp_path: Path, metric: Metric, best: int, style_evaluations: list[int]
) -> None:
    training = FakeTraining(tmp_path, metric=metric)
    assert training.evaluate() == 50
    status = training.run.recorded_status()
    assert (status.best_step, status.best_eval_loss) == (best, LOSSES[best // 10])
    assert training.adapter("best") == str(best)
    assert training.style_evaluations == style_evaluations
    points = training.run.points()
    assert [point.step for point in points if point.kind == "voice"] == style_evaluations


def test_training_ends_when_patience_runs_out(tmp_path: Path) -> None:
    training = FakeTraining(tmp_path, patience=2)
    assert training.evaluate() == 40
    assert training.callback.ended_early
    assert training.control.should_save


def test_training_goes_on_within_patience_or_without_any(tmp_path: Path) -> None:
    training = FakeTraining(tmp_path)
    assert training.evaluate() == 50
    assert not training.callback.ended_early
    training = FakeTraining(_folder(tmp_path / "other"), patience=4)
    assert training.evaluate() == 50
    assert not training.callback.ended_early


def test_the_bare_base_is_never_the_best(tmp_path: Path) -> None:
    training = FakeTraining(tmp_path)
    training.evaluate((1.0, 3.0))
    assert training.run.recorded_status().best_step == 10


def test_latest_adapter_is_that_of_the_last_checkpoint(tmp_path: Path) -> None:
    training = FakeTraining(tmp_path)
    for step in (10, 20, 30):
        training.state.global_step = step
        checkpoint = _folder(training.run.path / f"checkpoint-{step}")
        training.save(checkpoint)
        training.callback.on_save(training.args, training.state, training.control)
        assert training.adapter("latest") == str(step)
    assert not (training.run.path / "adapter_best").exists()


def _folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path
