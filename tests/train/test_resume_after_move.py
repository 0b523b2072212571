"""A run goes on after its home has been moved, renamed or copied to another drive, or archived."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kakaobot.app.base_models import BaseModels
from kakaobot.app.exports import Exports
from kakaobot.app.training import Training
from kakaobot.base.selection import choose
from kakaobot.config import Home, save
from kakaobot.errors import BaseModelError
from kakaobot.runs.run import Run, Runs
from kakaobot.runs.status import LIVE
from kakaobot.train.run_config import base_of, data_folder_of
from tests.base.damages import copy_base
from tests.patience import wait_for
from tests.train.rooms import SampleRoom

pytestmark = pytest.mark.slow

STEPS, STOPPED_AT = 6, 4
BASE = Path("models") / "작은 모델"


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A home with a run that stopped at step four on a base in the home; and where it was."""
    before = tmp_path_factory.mktemp("before") / "home"
    copy_base(before / BASE)
    changes = {
        "model.base_model": str(before / BASE),
        "training.max_steps": STOPPED_AT,
        "training.save_steps": 2,
        "training.scheduler": "constant",
    }
    room = SampleRoom(before, changes)
    run = room.begin("main", {})
    room.finish(run)
    run.write_status(replace(run.recorded_status(), state="stopped"))
    save(room.home.settings_file, {"training.max_steps": STEPS})
    now = tmp_path_factory.mktemp("after") / "이름 바꾼 폴더"
    shutil.move(before, now)
    return now, before


@pytest.fixture
def home(tmp_path: Path, stopped: tuple[Path, Path]) -> Home:
    """A copy of the moved home."""
    shutil.copytree(stopped[0], tmp_path / "home", dirs_exist_ok=True)
    return Home(tmp_path / "home")


def training_of(home: Home) -> Training:
    return Training(home, BaseModels(lambda name: choose(name, reachable=lambda: False)))


def run_of(home: Home) -> Run:
    return Runs(home.folder("checkpoints_lora")).find("main")


def rewrite(run: Run, change: Callable[[dict[str, Any]], None]) -> None:
    config = run.config()
    change(config)
    run.create(config)


def assert_resumes(home: Home) -> None:
    training, run = training_of(home), run_of(home)
    fingerprint = run.section("data")["fingerprint"]
    assert (training.snapshot().resume_step, training.snapshot().start_blocker) == (STOPPED_AT, "")
    training.start()
    wait_for(lambda: run.status().state not in LIVE, run)
    assert run.status().state == "finished", run.log.tail(80)
    wait_for(lambda: training.wait("main", 0.1), run)
    assert f"{STOPPED_AT}단계부터 이어서 학습합니다." in run.log.latest_section(200)
    assert {point.step for point in run.points() if point.kind == "loss"} == {*range(1, STEPS + 1)}
    assert run.section("data")["fingerprint"] == fingerprint
    assert data_folder_of(run) == home.folder("data/sft")


def test_a_moved_home_resumes(home: Home, stopped: tuple[Path, Path]) -> None:
    assert_resumes(home)
    assert Path(base_of(run_of(home)).name) == home.root / BASE
    # Neither the old nor the new place stands in the run; the log says what the worker printed.
    for file in run_of(home).path.rglob("*"):
        if file.is_file() and file.name != "worker.log":
            assert str(stopped[1]).encode() not in file.read_bytes(), file.name
            assert str(home.root).encode() not in file.read_bytes(), file.name


def test_a_run_of_an_older_version_resumes(home: Home, stopped: tuple[Path, Path]) -> None:
    def make_absolute(config: dict[str, Any]) -> None:
        config["data"]["folder"] = str(stopped[1] / "data" / "sft")
        config["base"]["name"] = str(stopped[1] / BASE)

    rewrite(run_of(home), make_absolute)
    assert_resumes(home)


def test_a_run_of_another_system_resumes(home: Home) -> None:
    def make_absolute(config: dict[str, Any]) -> None:
        config["data"]["folder"] = "D:\\kakaobot\\data\\sft"
        config["base"]["name"] = f"D:\\kakaobot\\models\\{BASE.name}"
        config["settings"]["model"]["base_model"] = f"D:\\kakaobot\\models\\{BASE.name}"

    rewrite(run_of(home), make_absolute)
    save(home.settings_file, {"model.base_model": f"./{BASE.as_posix()}"})
    assert_resumes(home)


def test_an_archived_run_resumes_once_it_is_back(home: Home) -> None:
    for source, target in Exports(home).archive():
        shutil.move(home.root / target, home.root / source)
    assert_resumes(home)


def test_a_base_outside_that_is_gone_is_one_sentence(home: Home) -> None:
    def move_away(config: dict[str, Any]) -> None:
        config["base"]["name"] = "/elsewhere/gone"
        config["settings"]["model"]["base_model"] = "/elsewhere/gone"

    rewrite(run_of(home), move_away)
    save(home.settings_file, {"model.base_model": "/elsewhere/gone"})
    training = training_of(home)
    assert "/elsewhere/gone" in training.snapshot().start_blocker
    with pytest.raises(BaseModelError, match="/elsewhere/gone"):
        training.start()
    assert run_of(home).checkpoints.complete()[-1][0] == STOPPED_AT


def test_another_base_is_still_refused(home: Home) -> None:
    save(home.settings_file, {"model.base_model": "starter"})
    assert "바탕 모델" in training_of(home).snapshot().start_blocker
