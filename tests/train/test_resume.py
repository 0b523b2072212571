"""A stopped, killed and resumed run ends with the same weights as an uninterrupted one."""

from __future__ import annotations

import functools
import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kakaobot.runs.run import Run
from kakaobot.runs.status import LIVE
from tests.patience import wait_for
from tests.train.rooms import SampleRoom, recorded_metrics

pytestmark = pytest.mark.slow

STEPS = 40
KILLS = int(os.environ.get("KAKAOBOT_KILLS", "3"))
"""At random moments. Releases are tested with 30, which takes some minutes."""


class ResumeRoom(SampleRoom):
    def start(self, name: str) -> Run:
        return self.begin(name, {})

    def kill(self, run: Run) -> None:
        process = run.worker.process()
        if process is not None:
            process.kill()
            self.wait_for_exit(run)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> ResumeRoom:
    changes = {"training.max_steps": STEPS, "training.eval_steps": 10, "training.save_steps": 4}
    return ResumeRoom(tmp_path_factory.mktemp("resume"), changes)


@pytest.fixture(scope="module")
def whole(room: ResumeRoom) -> Run:
    """Forty steps without an interruption."""
    run = room.start("whole")
    room.finish(run)
    return run


def reached(run: Run, step: int = 0) -> bool:
    """Whether the run trains and has reached a step, or has ended."""
    status = run.recorded_status()
    return (status.state == "running" and status.step >= step) or run.status().state not in LIVE


def assert_same(run: Run, whole: Run) -> None:
    assert recorded_metrics(run) == recorded_metrics(whole)
    kinds = Counter(kind for kind, _ in recorded_metrics(run))
    # With so few tokens between evaluations, only every second one samples replies.
    assert kinds == {"loss": STEPS, "eval_loss": 1 + STEPS // 10, "voice": 3}
    assert run.recorded_status().best_step == whole.recorded_status().best_step
    assert run.recorded_status().best_eval_loss == whole.recorded_status().best_eval_loss
    for adapter in ("adapter_latest", "adapter_best"):
        file = f"{adapter}/adapter_model.safetensors"
        assert (run.path / file).read_bytes() == (whole.path / file).read_bytes(), adapter


def test_a_stop_and_a_kill_change_neither_losses_nor_weights(room: ResumeRoom, whole: Run) -> None:
    run = room.start("stopped")
    wait_for(lambda: run.recorded_status().step >= 13, run)
    stop_step = run.recorded_status().step
    room.training.stop(run.name)
    wait_for(lambda: run.status().state == "stopped", run)
    # The current step is finished, and one more may have started before STOP was seen.
    assert run.recorded_status().step <= stop_step + 2
    assert run.checkpoints.complete()[-1][0] == run.recorded_status().step
    room.wait_for_exit(run)
    room.start("stopped")
    wait_for(
        lambda: run.recorded_status().state == "running" and run.recorded_status().step >= 22, run
    )
    room.kill(run)
    assert run.status().state == "failed"
    room.start("stopped")
    room.finish(run)
    assert_same(run, whole)


def test_kills_at_random_moments_lose_nothing(room: ResumeRoom, whole: Run) -> None:
    rng, kills, name = random.Random(9), 0, "killed"
    run = room.start(name)
    while kills < KILLS:
        wait_for(functools.partial(reached, run), run)
        # Sometimes before the first checkpoint, else up to three steps after one.
        goal = run.recorded_status().step + rng.randint(0, 3)
        wait_for(functools.partial(reached, run, goal), run)
        time.sleep(rng.random() * 0.5)
        if run.status().state == "finished":
            room.wait_for_exit(run)
            assert_same(run, whole)
            name = f"killed{kills}"
            run = room.start(name)
            continue
        before = [step for step, _ in run.checkpoints.complete()]
        room.kill(run)
        kills += 1
        after = [step for step, _ in run.checkpoints.complete()]
        assert set(before) <= {*after, *range(max(after, default=0))}
        adapter = run.checkpoints.adapter()
        assert adapter is None or (adapter[1] / "adapter_model.safetensors").exists()
        room.start(name)
    room.finish(run)
    assert_same(run, whole)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "truncated": lambda path: (path / "optimizer.pt").write_bytes(b"x" * 100),
    "missing": lambda path: (path / "adapter_model.safetensors").unlink(),
    "wrong JSON": lambda path: (path / "trainer_state.json").write_text("{", encoding="utf-8"),
    "unfinished": lambda path: (path / "complete.json").unlink(),
}


def copy_of(room: ResumeRoom, whole: Run) -> Run:
    """The whole run under another name, marked as stopped."""
    run = room.runs.get("damaged")
    shutil.rmtree(run.path, ignore_errors=True)
    shutil.copytree(whole.path, run.path)
    run.write_status(replace(run.recorded_status(), state="stopped"))
    return run


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_checkpoint_is_ignored(
    room: ResumeRoom, whole: Run, damage: Callable[[Path], object]
) -> None:
    run = copy_of(room, whole)
    (step, _), (_, newest) = run.checkpoints.complete()[-2:]
    damage(newest)
    assert [complete for complete, _ in run.checkpoints.complete()] == [step]


def test_resume_falls_back_to_the_checkpoint_before_a_damaged_one(
    room: ResumeRoom, whole: Run
) -> None:
    run = copy_of(room, whole)
    (step, _), (_, newest) = run.checkpoints.complete()[-2:]
    DAMAGES["truncated"](newest)
    room.start("damaged")
    room.finish(run)
    assert f"{step}단계부터 이어서" in run.log.tail(400)
    assert newest.name in run.log.tail(400)
    assert_same(run, whole)
