"""What a run notes at evaluations and saves: the best by each metric, the latest, when to end."""

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
VOICES = (0.9, 0.5, 0.6, 0.2, 0.3, 0.4)


class Trained:
    """A run of which the evaluations are told by hand; its adapter is the step it was saved at."""

    def __init__(self, folder: Path, *, patience: int = 0, metric: Metric = "eval_loss") -> None:
        self.run = Run(folder / "main")
        self.run.path.mkdir()
        self.asked: list[int] = []
        self.control = TrainerControl()
        self.state = TrainerState(global_step=0, max_steps=1000)
        self.callback = RunCallback(
            self.run,
            Status("running"),
            trained_tokens=lambda: 1,
            save_adapter=self._save,
            chat_template="",
            patience=patience,
            steps_per_epoch=10,
            style_evaluation=self._rehearse,
            metric=metric,
            sampling_interval=2,
        )
        self.args = TrainingArguments(output_dir=str(folder), eval_steps=10)

    def _save(self, folder: Path) -> None:
        for name in ("adapter_config.json", "adapter_model.safetensors"):
            (folder / name).write_text(str(self.state.global_step), encoding="utf-8")

    def _rehearse(self, step: int, enough: Callable[[], bool]) -> float:
        assert not enough()
        self.asked.append(step)
        return VOICES[step // 10]

    def evaluate(self, losses: Sequence[float] = LOSSES) -> int:
        """The step at which it was ended, or the last."""
        for number, loss in enumerate(losses):
            self.state.global_step = 10 * number
            told: dict[str, Any] = {"eval_loss": loss}
            self.callback.on_evaluate(self.args, self.state, self.control, told)
            if self.control.should_training_stop:
                break
        return self.state.global_step

    def kept(self, kind: str) -> str:
        file = self.run.path / f"adapter_{kind}" / "adapter_model.safetensors"
        return file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("metric", "best", "asked"),
    [
        ("eval_loss", 20, [0, 20, 40]),
        ("voice", 30, [0, 10, 20, 30, 40, 50]),
        # 2.1 × 1.2 is less than 2.0 × 1.6.
        ("both", 30, [0, 10, 20, 30, 40, 50]),
    ],
)
def test_the_best_is_what_the_metric_says(
    tmp_path: Path, metric: Metric, best: int, asked: list[int]
) -> None:
    trained = Trained(tmp_path, metric=metric)
    assert trained.evaluate() == 50
    said = trained.run.recorded_status()
    assert (said.best_step, said.best_eval_loss) == (best, LOSSES[best // 10])
    assert trained.kept("best") == str(best)
    # Where the voice decides nothing, it is asked for less often.
    assert trained.asked == asked
    assert [point.step for point in trained.run.points() if point.kind == "voice"] == asked


def test_it_ends_after_so_many_evaluations_without_a_better_one(tmp_path: Path) -> None:
    trained = Trained(tmp_path, patience=2)
    assert trained.evaluate() == 40
    assert trained.callback.ended_early
    assert trained.control.should_save


def test_without_patience_it_goes_on_to_the_end(tmp_path: Path) -> None:
    trained = Trained(tmp_path)
    assert trained.evaluate() == 50
    assert not trained.callback.ended_early
    trained = Trained(_folder(tmp_path / "other"), patience=4)
    assert trained.evaluate() == 50
    assert not trained.callback.ended_early


def test_the_bare_base_is_never_the_best(tmp_path: Path) -> None:
    trained = Trained(tmp_path)
    trained.evaluate((1.0, 3.0))
    assert trained.run.recorded_status().best_step == 10


def test_the_latest_is_the_checkpoint_that_was_saved_last(tmp_path: Path) -> None:
    trained = Trained(tmp_path)
    for step in (10, 20, 30):
        trained.state.global_step = step
        checkpoint = _folder(trained.run.path / f"checkpoint-{step}")
        trained._save(checkpoint)
        trained.callback.on_save(trained.args, trained.state, trained.control)
        assert trained.kept("latest") == str(step)
    assert not (trained.run.path / "adapter_best").exists()


def _folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path
