"""Summaries of runs, their comparison, and their cache."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kakaobot.runs.history import RunHistory, SettingChange, groups
from kakaobot.runs.metrics import Point
from kakaobot.runs.run import Run, Runs
from kakaobot.runs.status import Status
from kakaobot.settings import Settings


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "runs")


@pytest.fixture
def trained(runs: Runs) -> Callable[..., Run]:
    """Factory of finished runs, each newer than the previous one."""

    def make(
        name: str, losses: dict[int, float], *, data: str = "a1", base: str = "가", **training: Any
    ) -> Run:
        run = runs.get(name)
        settings = Settings.model_validate({"training": training}).model_dump(mode="json")
        run.create(
            {
                "created_at": "2026-03-01T12:30:00+09:00",
                "base": {"label": base},
                "data": {"fingerprint": data, "persona": "도담", "train_replies": 40},
                "settings": settings,
            }
        )
        at = len(runs.all()) * 10**9
        os.utime(run.path / "config.yaml", ns=(at, at))
        run.append(*(Point(step, "eval_loss", loss, 1.0) for step, loss in losses.items()))
        best = min((loss, step) for step, loss in losses.items() if step)
        run.write_status(
            Status("finished", max(losses), max(losses), best_eval_loss=best[0], best_step=best[1])
        )
        return run

    return make


def test_a_summary_has_losses_dataset_and_changed_settings(
    runs: Runs, trained: Callable[..., Run]
) -> None:
    trained("main", {0: 5.0, 10: 4.0, 20: 4.2}, batch=8)
    [summary] = RunHistory().summaries(runs)
    assert (summary.name, summary.state, summary.persona) == ("main", "finished", "도담")
    assert summary.losses == ((0, 5.0), (10, 4.0), (20, 4.2))
    assert (summary.best_step, summary.fingerprint, summary.replies) == (10, "a1", 40)
    assert summary.changed == (SettingChange("training.batch", 8, 0),)
    assert (summary.previous, summary.changed_since, summary.lowest) == ("", (), False)


def test_only_runs_of_one_dataset_and_base_are_compared(
    runs: Runs, trained: Callable[..., Run]
) -> None:
    trained("high", {10: 4.0})
    trained("other-data", {10: 1.0}, data="b2")
    trained("low", {10: 3.5})
    trained("other-base", {10: 2.0}, base="나")
    summaries = RunHistory().summaries(runs)
    assert [run.name for run in summaries] == ["other-base", "low", "other-data", "high"]
    assert [run.name for run in summaries if run.lowest] == ["low"]
    assert [[run.name for run in group.runs] for group in groups(summaries)] == [
        ["other-base", "low", "high"],
        ["other-data"],
    ]


def test_runs_of_unknown_datasets_are_not_compared(runs: Runs, trained: Callable[..., Run]) -> None:
    for name, loss in (("one", 4.0), ("two", 3.0)):
        trained(name, {10: loss}, data="")
    assert not any(run.lowest or run.previous for run in RunHistory().summaries(runs))


def test_a_run_is_compared_with_the_previous_one_on_its_dataset(
    runs: Runs, trained: Callable[..., Run]
) -> None:
    trained("first", {10: 4.0}, batch=8)
    trained("between", {10: 4.0}, data="b2", batch=1)
    trained("second", {10: 4.0}, batch=8, epochs=2)
    second = RunHistory().summaries(runs)[0]
    assert second.previous == "first"
    assert second.changed_since == (SettingChange("training.epochs", 2.0, 0),)


def test_a_run_with_a_damaged_config_has_a_summary(runs: Runs, trained: Callable[..., Run]) -> None:
    run = trained("main", {10: 4.0})
    (run.path / "config.yaml").write_text("settings: [\n", encoding="utf-8")
    [summary] = RunHistory().summaries(runs)
    assert (summary.best_eval_loss, summary.base, summary.changed) == (4.0, "", ())


def test_a_run_is_read_again_only_when_a_file_changes(
    runs: Runs, trained: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        trained(f"run-{number}", {10: 4.0})
    read: list[str] = []
    real = Path.read_text

    def recording(self: Path, *args: Any, **options: Any) -> str:
        read.append(f"{self.parent.name}/{self.name}")
        return real(self, *args, **options)

    history = RunHistory()
    before = history.version(runs)
    monkeypatch.setattr(Path, "read_text", recording)
    assert history.version(runs) == before
    assert len(history.summaries(runs)) == 5
    assert history.live(runs) is None
    assert read == []
    runs.get("run-3").append(Point(20, "eval_loss", 3.0, 1.0))
    assert history.version(runs) != before
    assert {name.split("/")[0] for name in read} == {"run-3"}
    read.clear()
    runs.get("run-1").write_status(Status("stopped", 7, 9))
    summaries = {run.name: run for run in history.summaries(runs)}
    assert (summaries["run-1"].state, summaries["run-3"].losses[-1]) == ("stopped", (20, 3.0))
    assert "run-1/metrics.jsonl" not in read


def test_a_dead_worker_is_noticed_though_no_file_changes(
    runs: Runs, trained: Callable[..., Run]
) -> None:
    run = trained("main", {10: 4.0})
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    run.worker.record_start(child.pid)
    run.write_status(Status("running", 3, 9))
    history = RunHistory()
    before = history.version(runs)
    live = history.live(runs)
    assert live is not None
    assert live.name == "main"
    child.kill()
    child.communicate()
    assert history.version(runs) != before
    assert history.live(runs) is None
    assert history.summaries(runs)[0].state == "failed"
