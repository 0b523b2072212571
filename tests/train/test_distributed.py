"""Training on several ranks, with and without FSDP, gives the results of a single process."""

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

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="several ranks need Linux")
STEPS = 8


@pytest.mark.slow
def test_a_rank_without_its_launcher_exits_at_once() -> None:
    program = (
        "from kakaobot.train import distributed; distributed.exit_with_launcher(); print('on')"
    )
    environ = {**os.environ, "ACCELERATE_MIXED_PRECISION": "no"}
    completed = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environ, capture_output=True, text=True,
        check=False, executable=sys.executable,
    )  # fmt: skip
    # Its parent is this test, not a launcher.
    assert (completed.returncode, completed.stdout) == (1, "")


def test_joining_refuses_unsupported_model_parallelism() -> None:
    with pytest.raises(RunError, match="DEEPSPEED 는 아직"):
        ProcessGroup().join({"ACCELERATE_USE_DEEPSPEED": "true"})
    with pytest.raises(RunError, match="fsdp_offload_params 는 쓸 수 없습니다"):
        ProcessGroup(world_size=2, fsdp=True).join({"FSDP_OFFLOAD_PARAMS": "true"})


def test_the_process_group_is_read_from_the_environment() -> None:
    environ = {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "2", "LOCAL_RANK": "1"}
    ranks = ProcessGroup.from_environ(environ)
    assert (ranks.rank, ranks.world_size, ranks.local_world_size, ranks.local_rank) == (3, 4, 2, 1)
    assert not ranks.is_main
    assert not ProcessGroup.from_environ({}).is_distributed
    assert not ranks.fsdp
    assert ProcessGroup.from_environ({**environ, "ACCELERATE_USE_FSDP": "true"}).fsdp
    # A single process has nothing to shard.
    assert not ProcessGroup.from_environ({"ACCELERATE_USE_FSDP": "true"}).fsdp


def test_a_read_only_run_writes_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path / "main")
    (run.path / "checkpoint-3").mkdir(parents=True)
    run.request_stop()
    before = sorted(run.path.rglob("*"))
    run_of_rank_1 = ReadOnlyRun(run.path)
    run_of_rank_1.worker.reserve_space()
    run_of_rank_1.write_status(Status("running"))
    run_of_rank_1.append(Point(0, "loss", 1.0, 0.0))
    run_of_rank_1.checkpoints.replace_adapter("best", lambda folder: pytest.fail("it was called"))
    run_of_rank_1.checkpoints.mark_complete(run.path / "checkpoint-3")
    assert run_of_rank_1.checkpoints.remove_incomplete() == []
    run_of_rank_1.worker.release_space()
    assert sorted(run.path.rglob("*")) == before
    assert not run_of_rank_1.stop_requested


# --- trainings on two ranks


class DistributedRoom(SampleRoom):
    def fsdp(self) -> str:
        """Name of the documented accelerate file for FSDP."""
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
    """Processes of the ranks, by rank."""
    launcher = run.worker.process()
    children = launcher.children(recursive=True) if launcher else []
    return {child.environ()["RANK"]: child for child in children if "RANK" in child.environ()}


def assert_same(run: Run, whole: Run) -> None:
    assert recorded_metrics(run).items() <= recorded_metrics(whole).items()
    # An evaluation due at the stop is left out.
    left_out = recorded_metrics(whole).keys() - recorded_metrics(run).keys()
    assert {step for _, step in left_out} <= {run.recorded_status().resumed_from}
    assert "loss" not in {kind for kind, _ in left_out}
    weights = adapter(run)
    assert all(torch.equal(weights[name], tensor) for name, tensor in adapter(whole).items())


def adapter(run: Run) -> dict[str, torch.Tensor]:
    return load_file(run.path / "adapter_latest" / "adapter_model.safetensors")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DistributedRoom]:
    with pytest.MonkeyPatch.context() as patch:
        # Threads that wait for each other are many times slower on a busy core.
        patch.setenv("OMP_NUM_THREADS", "1")
        changes = {"training.eval_steps": 4, "training.save_steps": 2, "training.accumulation": 2}
        yield DistributedRoom(tmp_path_factory.mktemp("processes"), changes)


@pytest.fixture(scope="module")
def together(room: DistributedRoom) -> Run:
    run = room.start("together")
    room.finish(run)
    return run


@LINUX
@pytest.mark.slow
def test_two_ranks_train_the_adapter_that_one_process_trains(
    room: DistributedRoom, together: Run
) -> None:
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
        # By norm, not elementwise: Adam takes a full step where a gradient is almost zero.
        assert float((two[name] - weights).norm()) < 1e-4 * float(weights.norm()), name
    counted = [line for run in (alone, together) for line in lines_of(run.log.file, "fed ")]
    assert len(counted) == 2
    assert len({line.split(" learnt")[0] for line in counted}) == 1
    # Only the main rank writes, each point once; the first marks where the run begins.
    written = [lines_of(run.path / "metrics.jsonl", "{") for run in (alone, together)]
    assert [len(lines) for lines in written] == [1 + len(recorded_metrics(alone))] * 2


@LINUX
@pytest.mark.slow
def test_fsdp_trains_the_same_adapter_and_resumes_without_fsdp(
    room: DistributedRoom, together: Run
) -> None:
    run = room.start("fsdp", file=room.fsdp())
    wait_for(lambda: run.recorded_status().step >= 3, run)
    room.training.stop(run.name)
    wait_for(lambda: run.status().state not in LIVE, run)
    assert run.status().state == "stopped", run.log.tail(80)
    room.wait_for_exit(run)
    log = run.log.file.read_text(encoding="utf-8")
    [sizes] = re.findall(r"([\d,]+) of ([\d,]+) bytes of weights", log)
    local, total = (int(size.replace(",", "")) for size in sizes)
    assert 0.5 * total < local < 0.75 * total
    # Without FSDP from here on.
    room.start("fsdp")
    room.finish(run)
    assert run.recorded_status().resumed_from >= 3
    assert_same(run, together)


@LINUX
@pytest.mark.slow
def test_fsdp_with_dropout_and_checkpointing_changes_nothing(room: DistributedRoom) -> None:
    changes: dict[str, Any] = {"lora.dropout": 0.05, "model.gradient_checkpointing": True}
    whole = room.start("dropout", **changes)
    room.finish(whole)
    run = room.start("fsdp-dropout", file=room.fsdp(), **changes)
    wait_for(lambda: run.recorded_status().step >= 2, run)
    room.training.stop(run.name)
    wait_for(lambda: run.status().state not in LIVE, run)
    room.wait_for_exit(run)
    room.start("fsdp-dropout", file=room.fsdp(), **changes)
    room.finish(run)
    assert run.recorded_status().resumed_from >= 2
    assert_same(run, whole)


def lines_of(file: Path, start: str) -> list[str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith(start)]


@LINUX
@pytest.mark.slow
def test_a_stop_ends_all_ranks_at_one_step_and_a_resume_changes_nothing(
    room: DistributedRoom, together: Run
) -> None:
    run = room.start("stopped")
    wait_for(lambda: run.recorded_status().step >= 2, run)
    processes = ranks_of(run)
    assert set(processes) == {"0", "1"}
    room.training.stop(run.name)
    stop_step = run.recorded_status().step
    wait_for(lambda: run.status().state not in LIVE, run)
    assert run.status().state == "stopped", run.log.tail(80)
    # The current step is finished, and one more may start before STOP is seen.
    assert run.recorded_status().step <= stop_step + 2
    assert run.checkpoints.complete()[-1][0] == run.recorded_status().step < STEPS
    room.wait_for_exit(run)
    assert not any(process.is_running() for process in processes.values())
    room.start("stopped")
    room.finish(run)
    assert run.recorded_status().resumed_from >= stop_step
    assert_same(run, together)


@LINUX
@pytest.mark.slow
def test_a_killed_rank_ends_the_run_within_seconds(room: DistributedRoom) -> None:
    run = room.start("killed", steps=500)
    wait_for(lambda: run.recorded_status().step >= 1, run)
    processes = ranks_of(run)
    processes["1"].kill()
    wait_for(lambda: run.status().state not in LIVE, silence=15)
    assert run.status().state == "failed"
    assert run.status().message.startswith("함께 배우던 프로세스 하나가 갑자기 끝나")
    room.wait_for_exit(run)
    assert not any(process.is_running() for process in processes.values())


ORPHAN = """
# A rank looks for this in the command line of its parent: accelerate launch.
import subprocess, sys
child = "import time\\nfrom kakaobot.train.distributed import exit_with_launcher\\n"
child += "exit_with_launcher({'ACCELERATE_MIXED_PRECISION': 'no'})\\nprint('here', flush=True)\\n"
subprocess.run([sys.executable, "-c", child + "time.sleep(600)"])
"""


@pytest.mark.slow
def test_ranks_exit_when_their_launcher_is_killed() -> None:
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
