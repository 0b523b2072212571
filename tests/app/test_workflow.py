"""The stages from an export to a chat: what is done, what is older than what, what comes next."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.training import Training
from kakaobot.app.workflow import Workflow
from kakaobot.config import Home, save
from kakaobot.runs.run import Run, Runs
from kakaobot.runs.status import State, Status
from tests.conftest import SAMPLE

BASE: dict[str, Any] = {"name": "a", "label": "a", "reason": "", "practice": True}


@pytest.fixture
def datasets(home: Home, bases: BaseModels) -> Datasets:
    return Datasets(home, bases)


@pytest.fixture
def workflow(home: Home, bases: BaseModels, datasets: Datasets) -> Workflow:
    return Workflow(home, datasets, Training(home, bases))


def add_run(home: Home, fingerprint: str, state: State, name: str = "main") -> Run:
    """A run with an adapter that has made 40 of 80 steps, or all."""
    run = Runs(home.folder("checkpoints_lora")).get(name)
    run.create({"base": BASE, "data": {"fingerprint": fingerprint}})
    run.write_status(Status(state, 80 if state == "finished" else 40, 80))

    def write(folder: Path) -> None:
        (folder / "adapter_config.json").write_text("{}")
        (folder / "adapter_model.safetensors").write_bytes(b"")

    run.checkpoints.replace_adapter("best", write)
    return run


def states(workflow: Workflow) -> str:
    return " ".join(stage.state for stage in workflow.state().stages)


def test_each_stage_follows_the_one_before(
    home: Home, datasets: Datasets, workflow: Workflow
) -> None:
    assert (states(workflow), workflow.state().next) == ("todo todo todo todo todo", "exports")
    Exports(home).import_files([SAMPLE])
    assert (states(workflow), workflow.state().next) == ("done todo todo todo todo", "people")
    assert workflow.state().stage("exports").fact == "파일 1개"
    save(home.settings_file, {"data.persona": "도담"})
    assert (states(workflow), workflow.state().next) == ("done done todo todo todo", "dataset")
    assert workflow.state().stage("people").fact == "가져온 모든 방 · 도담"
    report = datasets.build()
    assert (states(workflow), workflow.state().next) == ("done done done todo todo", "training")
    assert (
        workflow.state().stage("dataset").fact
        == f"대답 {report.train_replies + report.val_replies:,}개"
    )
    add_run(home, report.fingerprint, "stopped")
    assert (states(workflow), workflow.state().next) == ("done done done stopped done", "training")
    assert workflow.state().stage("training").fact == "40단계에서 멈춤"
    add_run(home, report.fingerprint, "finished")
    assert (states(workflow), workflow.state().next) == ("done done done done done", "chat")


def test_what_is_older_than_what_it_was_made_from_comes_next(
    home: Home, datasets: Datasets, workflow: Workflow
) -> None:
    Exports(home).import_files([SAMPLE])
    add_run(home, datasets.build().fingerprint, "finished")
    save(home.settings_file, {"data.persona": "도담"})
    state = workflow.state()
    assert (states(workflow), state.next) == ("done done outdated done done", "dataset")
    assert state.advice.endswith("'배울 대화 만들기'를 다시 누르세요.")
    assert "지금 고른 것은 '가져온 모든 방 · 도담'" in state.advice
    fingerprint = datasets.build().fingerprint
    state = workflow.state()
    assert (states(workflow), state.next) == ("done done done outdated outdated", "training")
    assert "배운 것이 아닙니다. '새로 학습 시작'" in state.advice
    add_run(home, fingerprint, "finished", "main-2")
    assert (states(workflow), workflow.state().next) == ("done done done done done", "chat")


def test_a_removed_file_makes_the_dataset_outdated(
    home: Home, datasets: Datasets, workflow: Workflow
) -> None:
    exports = Exports(home)
    exports.import_files([SAMPLE])
    datasets.build()
    version = workflow.version()
    exports.remove(exports.files()[0].hash)
    assert workflow.version() != version
    assert states(workflow) == "todo done outdated todo todo"
    assert workflow.state().next == "exports"


def test_a_state_is_asked_for_anew_at_each_percent_and_not_at_each_step(
    home: Home, workflow: Workflow
) -> None:
    run = add_run(home, "", "running")
    worker = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    run.worker.record_start(worker.pid)

    def version(step: int) -> object:
        run.write_status(Status("running", step, 1000))
        return workflow.version()

    versions = [version(step) for step in (500, 501, 509, 510)]
    assert versions[0] == versions[1] == versions[2] != versions[3]
    assert workflow.state().stage("training").fact == "51%"
    worker.kill()
    worker.communicate()
    assert workflow.version() != versions[-1]
