"""Several processes that learn one run: how they are started, and that they learn the same."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
import yaml
from safetensors.torch import load_file

from kakaobot.config import ROOT
from kakaobot.errors import RunError
from kakaobot.runs.metrics import Point
from kakaobot.runs.run import Run
from kakaobot.runs.status import LIVE, Status
from kakaobot.train.distributed import ProcessGroup
from kakaobot.train.readonly_run import ReadOnlyRun
from tests.patience import wait_for
from tests.train.rooms import SampleRoom, recorded_metrics
from tests.train.test_launch_command import DOCUMENTED

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="several processes learn on Linux")
STEPS = 8


@pytest.mark.slow
def test_a_rank_without_its_launcher_goes_before_it_does_anything() -> None:
    program = "from kakaobot.train import distributed; distributed.end_with_launcher(); print('on')"
    environ = {**os.environ, "ACCELERATE_MIXED_PRECISION": "no"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environ, capture_output=True, text=True,
        check=False, executable=sys.executable,
    )  # fmt: skip
    # What started it is this test, which is no launcher.
    assert (done.returncode, done.stdout) == (1, "")


def test_a_worker_that_was_started_by_hand_refuses_it_too() -> None:
    with pytest.raises(RunError, match="DEEPSPEED 는 아직"):
        ProcessGroup().join({"ACCELERATE_USE_DEEPSPEED": "true"})
    with pytest.raises(RunError, match="fsdp_offload_params 는 쓸 수 없습니다"):
        ProcessGroup(count=2, sharing=True).join({"FSDP_OFFLOAD_PARAMS": "true"})


def test_who_is_who_is_read_from_what_accelerate_tells() -> None:
    told = {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "2", "LOCAL_RANK": "1"}
    ranks = ProcessGroup.of(told)
    assert (ranks.number, ranks.count, ranks.here, ranks.place) == (3, 4, 2, 1)
    assert not ranks.main
    assert ProcessGroup.of({}).alone
    assert not ranks.sharing
    assert ProcessGroup.of({**told, "ACCELERATE_USE_FSDP": "true"}).sharing
    # One alone has nobody to share with.
    assert not ProcessGroup.of({"ACCELERATE_USE_FSDP": "true"}).sharing


def test_an_onlooker_writes_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path / "main")
    (run.path / "checkpoint-3").mkdir(parents=True)
    run.request_stop()
    before = sorted(run.path.rglob("*"))
    onlooker = ReadOnlyRun(run.path)
    onlooker.worker.reserve_space()
    onlooker.write_status(Status("running"))
    onlooker.append(Point(0, "loss", 1.0, 0.0))
    onlooker.checkpoints.replace_adapter("best", lambda folder: pytest.fail("it was called"))
    onlooker.checkpoints.mark_complete(run.path / "checkpoint-3")
    assert onlooker.checkpoints.remove_incomplete() == []
    onlooker.worker.release_space()
    assert sorted(run.path.rglob("*")) == before
    assert not onlooker.stop_requested


# --- that they learn the same


class Several(SampleRoom):
    def fsdp(self) -> str:
        """The name of the documented file."""
        file = self.home.root / "fsdp.yaml"
        file.write_text(yaml.safe_dump(DOCUMENTED[2]), encoding="utf-8")
        return file.name

    def start(
        self, name: str, processes: int = 2, steps: int = STEPS, file: str = "", **changes: object
    ) -> Run:
        return self.begin(
            name,
            {
                "lora.dropout": 0.0,
                "model.gradient_checkpointing": False,
                **changes,
                "training.accelerate_config": file,
                "training.num_processes": processes,
                "training.max_steps": steps,
            },
        )


def ranks_of(run: Run) -> dict[str, psutil.Process]:
    """The processes that learn, by their rank."""
    launcher = run.worker.process()
    children = launcher.children(recursive=True) if launcher else []
    return {each.environ()["RANK"]: each for each in children if "RANK" in each.environ()}


def assert_same(run: Run, whole: Run) -> None:
    assert recorded_metrics(run).items() <= recorded_metrics(whole).items()
    # An evaluation that was due when it was stopped is left out.
    left_out = recorded_metrics(whole).keys() - recorded_metrics(run).keys()
    assert {step for _, step in left_out} <= {run.recorded_status().resumed_from}
    assert "loss" not in {kind for kind, _ in left_out}
    assert all(torch.equal(adapter(run)[name], each) for name, each in adapter(whole).items())


def adapter(run: Run) -> dict[str, torch.Tensor]:
    return load_file(run.path / "adapter_latest" / "adapter_model.safetensors")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Several]:
    with pytest.MonkeyPatch.context() as patch:
        # Threads that wait for each other take many times as long where a core is busy.
        patch.setenv("OMP_NUM_THREADS", "1")
        changes = {"training.eval_steps": 4, "training.save_steps": 2, "training.accumulation": 2}
        yield Several(tmp_path_factory.mktemp("processes"), changes)


@pytest.fixture(scope="module")
def together(room: Several) -> Run:
    run = room.start("together")
    room.finish(run)
    return run


@LINUX
@pytest.mark.slow
def test_two_processes_learn_what_one_learns(room: Several, together: Run) -> None:
    alone = room.start("alone", processes=1)
    room.finish(alone)
    assert recorded_metrics(together).keys() == recorded_metrics(alone).keys()
    assert sum(kind == "loss" for kind, _ in recorded_metrics(alone)) == STEPS
    for key, value in recorded_metrics(alone).items():
        assert recorded_metrics(together)[key] == pytest.approx(value, rel=1e-4), key
    assert together.recorded_status().best_step == alone.recorded_status().best_step
    one, two = adapter(alone), adapter(together)
    assert one.keys() == two.keys()
    for name, weights in one.items():
        # Not weight by weight: Adam takes a step of full length where a gradient is all but zero.
        assert float((two[name] - weights).norm()) < 1e-4 * float(weights.norm()), name
    fed = [line for run in (alone, together) for line in lines_of(run.log.file, "fed ")]
    assert len(fed) == 2
    assert len({line.split(" learnt")[0] for line in fed}) == 1
    # One process writes, and each point once; the first one says where the run begins.
    written = [lines_of(run.path / "metrics.jsonl", "{") for run in (alone, together)]
    assert [len(lines) for lines in written] == [1 + len(recorded_metrics(alone))] * 2


@LINUX
@pytest.mark.slow
def test_a_model_that_is_shared_learns_what_a_whole_one_learns(
    room: Several, together: Run
) -> None:
    run = room.start("shared", file=room.fsdp())
    wait_for(lambda: run.recorded_status().step >= 3, run)
    room.training.stop(run.name)
    wait_for(lambda: run.status().state not in LIVE, run)
    assert run.status().state == "stopped", run.log.tail(80)
    room.wait_for_exit(run)
    [kept] = re.findall(r"([\d,]+) of ([\d,]+) bytes of weights", run.log.file.read_text("utf-8"))
    here, whole = (int(each.replace(",", "")) for each in kept)
    assert 0.5 * whole < here < 0.75 * whole
    # It goes on as one that is whole in both.
    room.start("shared")
    room.finish(run)
    assert run.recorded_status().resumed_from >= 3
    assert_same(run, together)


@LINUX
@pytest.mark.slow
def test_a_shared_model_draws_and_saves_memory_as_a_whole_one_does(room: Several) -> None:
    wanted: dict[str, Any] = {"lora.dropout": 0.05, "model.gradient_checkpointing": True}
    whole = room.start("whole-drawing", **wanted)
    room.finish(whole)
    run = room.start("shared-drawing", file=room.fsdp(), **wanted)
    wait_for(lambda: run.recorded_status().step >= 2, run)
    room.training.stop(run.name)
    wait_for(lambda: run.status().state not in LIVE, run)
    room.wait_for_exit(run)
    room.start("shared-drawing", file=room.fsdp(), **wanted)
    room.finish(run)
    assert run.recorded_status().resumed_from >= 2
    assert_same(run, whole)


def lines_of(file: Path, start: str) -> list[str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith(start)]


@LINUX
@pytest.mark.slow
def test_a_stop_ends_all_at_one_step_and_a_resume_changes_nothing(
    room: Several, together: Run
) -> None:
    run = room.start("stopped")
    wait_for(lambda: run.recorded_status().step >= 2, run)
    processes = ranks_of(run)
    assert set(processes) == {"0", "1"}
    room.training.stop(run.name)
    asked = run.recorded_status().step
    wait_for(lambda: run.status().state not in LIVE, run)
    assert run.status().state == "stopped", run.log.tail(80)
    # The step that was under way is ended, and one more may have begun before STOP was seen.
    assert run.recorded_status().step <= asked + 2
    assert run.checkpoints.complete()[-1][0] == run.recorded_status().step < STEPS
    room.wait_for_exit(run)
    assert not any(each.is_running() for each in processes.values())
    room.start("stopped")
    room.finish(run)
    assert run.recorded_status().resumed_from >= asked
    assert_same(run, together)


@LINUX
@pytest.mark.slow
def test_one_that_is_killed_ends_the_run_within_seconds(room: Several) -> None:
    run = room.start("killed", steps=500)
    wait_for(lambda: run.recorded_status().step >= 1, run)
    processes = ranks_of(run)
    processes["1"].kill()
    wait_for(lambda: run.status().state not in LIVE, silence=15)
    assert run.status().state == "failed"
    assert run.status().message.startswith("함께 배우던 프로세스 하나가 갑자기 끝나")
    room.wait_for_exit(run)
    assert not any(each.is_running() for each in processes.values())


ORPHAN = """
# What a rank looks for in the command line of what started it: accelerate launch.
import subprocess, sys
child = "import time\\nfrom kakaobot.train.distributed import end_with_launcher\\n"
child += "end_with_launcher({'ACCELERATE_MIXED_PRECISION': 'no'})\\nprint('here', flush=True)\\n"
subprocess.run([sys.executable, "-c", child + "time.sleep(600)"])
"""


@pytest.mark.slow
def test_nobody_goes_on_learning_when_the_launcher_was_killed() -> None:
    launcher = subprocess.Popen(
        [sys.executable, "-c", ORPHAN], cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8"
    )
    assert launcher.stdout is not None
    assert launcher.stdout.readline() == "here\n"
    (child,) = psutil.Process(launcher.pid).children()
    launcher.kill()
    launcher.wait()
    wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, silence=10)
    launcher.stdout.close()
