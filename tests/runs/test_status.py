"""The JSON form of a status keeps its keys, so that runs of earlier versions still load."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from kakaobot.runs.history import RunHistory, RunSummary
from kakaobot.runs.run import Run, Runs
from kakaobot.runs.status import Status

# A run folder as written before the attributes of `Status` were renamed.
STATUS = {
    "state": "stopped",
    "step": 12,
    "max_steps": 40,
    "epoch": 1.5,
    "loss": 3.5,
    "eval_loss": 3.6,
    "best_eval_loss": 3.4,
    "best_step": 10,
    "voice": 0.31,
    "best_voice": 0.25,
    "best_standing": 0.29,
    "best_metric": "both",
    "learning_rate": 0.001,
    "tokens_per_second": 900.0,
    "eta_seconds": None,
    "start_pace": 0.001,
    "paced_with": "cpu torch.float32 1",
    "slowdown": None,
    "heartbeat": 1.0,
    "message": "멈췄습니다.",
    "notes": ["4비트 없음"],
    "resumed_from": 4,
}
WORKER = {"pid": 2**30, "born": 0.5, "launched": 0.5, "exit": 0}
CONFIG = "created_at: '2026-03-01T12:30:00+09:00'\nbase: {name: starter, label: 연습용}\n"
METRICS = '{"step": 10, "kind": "voice", "value": 0.25, "at": 1.0}\n'


def old_run(folder: Path) -> Run:
    folder.mkdir()
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    (folder / "status.json").write_text(json.dumps(STATUS), encoding="utf-8")
    (folder / "worker.json").write_text(json.dumps(WORKER), encoding="utf-8")
    (folder / "metrics.jsonl").write_text(METRICS, encoding="utf-8")
    (folder / "adapter_best").mkdir()
    (folder / "adapter_best" / "adapter_config.json").write_text("{}", encoding="utf-8")
    return Run(folder)


@pytest.mark.parametrize("wrong", ["3", [3], {"a": 3}, True, float("nan"), float("inf")])
def test_a_value_of_a_wrong_type_is_ignored(wrong: object) -> None:
    kept = {"state": "finished", "heartbeat": 3, "message": "글", "notes": ["알림"], "step": 7}
    numbers = [key for key, value in STATUS.items() if isinstance(value, float | None)]
    status = Status.from_json({**dict.fromkeys(numbers, wrong), **kept})
    assert status == Status("finished", 7, heartbeat=3, message="글", notes=("알림",))
    assert Status.from_json({**kept, "step": "<b>", "notes": "글", "message": 3}).step == 0
    assert Status.from_json({**kept, "heartbeat": wrong}) == Status()
    assert Status.from_json({**kept, "state": ["finished"]}) == Status()


def test_an_old_run_loads(tmp_path: Path) -> None:
    run = old_run(tmp_path / "main")
    status = run.status()
    assert (status.style_distance, status.best_style_distance) == (0.31, 0.25)
    assert (status.best_score, status.pace_setup) == (0.29, "cpu torch.float32 1")
    assert (status.state, status.step, status.notes) == ("stopped", 12, ("4비트 없음",))
    assert [(point.kind, point.value) for point in run.points()] == [("voice", 0.25)]
    assert run.checkpoints.adapter() == ("best", run.path / "adapter_best")
    [summary] = RunHistory().summaries(Runs(tmp_path))
    assert (summary.base, summary.best_style_distance) == ("연습용", 0.25)


def test_a_status_is_written_with_its_old_keys(tmp_path: Path) -> None:
    run = old_run(tmp_path / "main")
    run.write_status(run.recorded_status())
    written = json.loads((run.path / "status.json").read_text(encoding="utf-8"))
    assert list(written) == list(STATUS)
    assert {**written, "heartbeat": 1.0} == STATUS


def test_every_attribute_has_a_key_of_its_own() -> None:
    assert len(Status().to_json()) == len(fields(Status))


def test_a_summary_keeps_its_old_keys(tmp_path: Path) -> None:
    old_run(tmp_path / "main")
    [summary] = RunHistory().summaries(Runs(tmp_path))
    shown = summary.to_json()
    assert len(shown) == len(fields(RunSummary))
    assert {"since", "before", "best_voice", "lowest", "changed"} <= shown.keys()
