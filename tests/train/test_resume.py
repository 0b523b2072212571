"""A run that is stopped and killed on the way ends with the very weights of one that is not."""

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
"""At random moments. A release is tried with 30, which takes some minutes."""


class Killed(SampleRoom):
    def start(self, name: str) -> Run:
        return self.begin(name, {})

    def kill(self, run: Run) -> None:
        process = run.worker.process()
        if process is not None:
            process.kill()
            self.wait_for_exit(run)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    changes = {"training.max_steps": STEPS, "training.eval_steps": 10, "training.save_steps": 4}
    return Killed(tmp_path_factory.mktemp("resume"), changes)


@pytest.fixture(scope="module")
def whole(room: Killed) -> Run:
    """Forty steps in one go."""
    run = room.start("whole")
    room.finish(run)
    return run


def begun(run: Run, step: int = 0) -> bool:
    """Whether it trains and has come that far, or has ended."""
    said = run.recorded_status()
    return (said.state == "running" and said.step >= step) or run.status().state not in LIVE


def assert_same(run: Run, whole: Run) -> None:
    assert recorded_metrics(run) == recorded_metrics(whole)
    kinds = Counter(kind for kind, _ in recorded_metrics(run))
    # So few tokens are learnt between two evaluations that only every second one is answered.
    assert kinds == {"loss": STEPS, "eval_loss": 1 + STEPS // 10, "voice": 3}
    assert run.recorded_status().best_step == whole.recorded_status().best_step
    assert run.recorded_status().best_eval_loss == whole.recorded_status().best_eval_loss
    for adapter in ("adapter_latest", "adapter_best"):
        one, other = (each.path / adapter / "adapter_model.safetensors" for each in (run, whole))
        assert one.read_bytes() == other.read_bytes(), adapter


def test_a_stop_and_a_kill_change_no_loss_and_no_weight(room: Killed, whole: Run) -> None:
    run = room.start("stopped")
    wait_for(lambda: run.recorded_status().step >= 13, run)
    asked = run.recorded_status().step
    room.training.stop(run.name)
    wait_for(lambda: run.status().state == "stopped", run)
    # The step that was under way is ended, and one more may have begun before STOP was seen.
    assert run.recorded_status().step <= asked + 2
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


def test_killed_at_random_moments_it_loses_nothing(room: Killed, whole: Run) -> None:
    dice, kills, name = random.Random(9), 0, "killed"
    run = room.start(name)
    while kills < KILLS:
        wait_for(functools.partial(begun, run), run)
        # Some kills before anything is saved, the others up to three steps behind a checkpoint.
        goal = run.recorded_status().step + dice.randint(0, 3)
        wait_for(functools.partial(begun, run, goal), run)
        time.sleep(dice.random() * 0.5)
        if run.status().state == "finished":
            room.wait_for_exit(run)
            assert_same(run, whole)
            name = f"killed{kills}"
            run = room.start(name)
            continue
        before = [step for step, _ in run.checkpoints.complete()]
        room.kill(run)
        kills += 1
        kept = [step for step, _ in run.checkpoints.complete()]
        assert set(before) <= {*kept, *range(max(kept, default=0))}
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


def copied(room: Killed, whole: Run) -> Run:
    """The whole run under another name, as if it had been stopped at its end."""
    run = room.runs.get("damaged")
    shutil.rmtree(run.path, ignore_errors=True)
    shutil.copytree(whole.path, run.path)
    run.write_status(replace(run.recorded_status(), state="stopped"))
    return run


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_newest_checkpoint_does_not_count(
    room: Killed, whole: Run, damage: Callable[[Path], object]
) -> None:
    run = copied(room, whole)
    (step, _), (_, newest) = run.checkpoints.complete()[-2:]
    damage(newest)
    assert [found for found, _ in run.checkpoints.complete()] == [step]


def test_the_one_before_a_damaged_checkpoint_goes_on_and_this_is_told(
    room: Killed, whole: Run
) -> None:
    run = copied(room, whole)
    (step, _), (_, newest) = run.checkpoints.complete()[-2:]
    DAMAGES["truncated"](newest)
    room.start("damaged")
    room.finish(run)
    assert f"{step}단계부터 이어서" in run.log.tail(400)
    assert newest.name in run.log.tail(400)
    assert_same(run, whole)
