"""A disk that fills up while a worker writes: the run fails with a reason and can be resumed.

The disk is a tmpfs of a few megabytes where a test may mount one, directly or in a namespace.
Elsewhere it is a limit on the worker's file size (RLIMIT_FSIZE).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import load_peft_weights, set_peft_model_state_dict
from safetensors.torch import save_file

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.training import Training
from kakaobot.atomic_io import disk_is_full
from kakaobot.base.loading import load_base
from kakaobot.base.selection import choose
from kakaobot.config import Home, save
from kakaobot.runs.eval_samples import EvalSampleLog
from kakaobot.runs.exit_reason import EXIT_FULL, FULL_DISK, exit_message
from kakaobot.runs.run import Run
from kakaobot.runs.status import LIVE
from kakaobot.settings import LoraSettings
from kakaobot.starter import FOLDER
from kakaobot.train.adapter import with_lora
from tests.conftest import QUICK, SAMPLE
from tests.patience import wait_for
from tests.small_disk import small_disk

pytestmark = pytest.mark.slow

STEPS = 12
MEGABYTES = 40
BALLAST = "ballast"

# Runs the real worker. Right before the write that `moment` names, fills the disk except for a few
# bytes, so that the write fails halfway.
PROGRAM = f"""
import os, sys
from pathlib import Path
from kakaobot.runs.checkpoints import Checkpoints
from kakaobot.runs.eval_samples import EvalSampleLog
from kakaobot.runs.run import Run
from kakaobot.train import worker
from kakaobot.train.trainer import LoraTrainer

folder, moment, way, after = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])

def fill(pages, longest):
    if way == "limit":
        import resource
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (longest, hard))
        return
    ballast = os.open(folder.parent / "{BALLAST}", os.O_WRONLY | os.O_CREAT)
    os.lseek(ballast, 0, os.SEEK_END)
    for size in (1 << 20, 4096, 1):
        try:
            while os.write(ballast, b"x" * size):
                pass
        except OSError:
            continue
    os.ftruncate(ballast, os.fstat(ballast).st_size // 4096 * 4096 - pages * 4096)

def to_the_end_of_a_page(file):
    # Leaves seven bytes before a new page is needed.
    size = file.stat().st_size if file.exists() else 0
    file.open("ab").write(b"\\n" * ((size + 7) // 4096 * 4096 + 2 * 4096 - 7 - size))
    return file.stat().st_size + 7

def before(owner, name, when, then):
    original = getattr(owner, name)
    def replaced(self, *args, **options):
        if when(*args):
            setattr(owner, name, original)
            print("disk filled:", moment, flush=True)
            then()
        return original(self, *args, **options)
    setattr(owner, name, replaced)

calls = iter(range(1, 100))
second = lambda *_: next(calls) == 2
late = lambda point: point.step > after
moments = {{
    "checkpoint": (LoraTrainer, "_save_optimizer_and_scheduler", second, lambda: fill(1, 8192)),
    "best": (Checkpoints, "replace_adapter", lambda kind, _: kind == "best" and second(),
             lambda: fill(1, 8192)),
    "complete": (Checkpoints, "mark_complete", second, lambda: fill(0, 50)),
    # The log cannot take more than a few letters of the reason either.
    "status": (Run, "write_status", late,
               lambda: (to_the_end_of_a_page(folder / "worker.log"), fill(0, 50))),
    "metrics": (Run, "append", lambda *points: points[0].kind == "loss" and late(points[0]),
                lambda: fill(0, to_the_end_of_a_page(folder / "metrics.jsonl"))),
    "samples": (EvalSampleLog, "append", late,
                lambda: fill(0, to_the_end_of_a_page(folder / "samples.jsonl"))),
}}
if moment:
    before(*moments[moment])
sys.exit(worker.main([str(folder)]))
"""
MOMENTS = ("best", "checkpoint", "metrics", "samples", "status", "complete")


class DiskRoom:
    """The dataset of the sample room, and a run on the small disk."""

    def __init__(self, root: Path, disk: Path | None) -> None:
        self.home, self.way = Home(root / "home"), "disk" if disk else "limit"
        self.home.settings()
        save(
            self.home.settings_file,
            {
                **QUICK,
                "paths.runs": str(disk or root / "runs"),
                "lora.r": 2,
                "training.max_steps": STEPS,
                "training.eval_steps": 2,
                "training.save_steps": 1,
                "training.save_total_limit": 100,
                "training.batch": 1,
                "training.max_seq_len": 64,
                "training.learning_rate": 1e-3,
                "training.sample_replies": 1,
                "generation.max_new_tokens": 2,
                "data.persona": "도담",
                "data.val_ratio": 0.01,
            },
        )
        self.bases = BaseModels(lambda requested: choose(requested, reachable=lambda: False))
        Exports(self.home).import_files([SAMPLE])
        Datasets(self.home, self.bases).build()
        self.run = Run((disk or root / "runs") / "main")

    def train(self, moment: str, after: int = 0) -> None:
        argv = [sys.executable, "-c", PROGRAM, str(self.run.path), moment, self.way, str(after)]
        training = Training(self.home, self.bases, argv=argv)
        training.start()
        wait_for(
            lambda: self.run.status().state not in LIVE and not self.run.worker.process(), self.run
        )
        # The thread records the exit code.
        wait_for(lambda: training.wait(self.run.name, 0.1), self.run)

    def free_space(self) -> None:
        (self.run.path.parent / BALLAST).unlink(missing_ok=True)


@pytest.fixture(scope="module")
def load() -> Callable[[Path], Any]:
    """Loads an adapter onto the base, as chat does."""
    model = with_lora(load_base(str(FOLDER)), LoraSettings(r=2), checkpointing=False)

    def load(folder: Path) -> Any:
        result: Any = set_peft_model_state_dict(model, load_peft_weights(str(folder)))
        assert not result.unexpected_keys
        assert not [name for name in result.missing_keys if "lora" in name]
        return result

    return load


def assert_loadable(run: Run, load: Callable[[Path], Any]) -> None:
    """All checkpoints and adapters load, and no temporary file is left."""
    assert run.checkpoints.complete()
    for _, checkpoint in run.checkpoints.complete():
        load(checkpoint)
        for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth"):
            torch.load(checkpoint / name, weights_only=False)
    for name in ("adapter_best", "adapter_latest"):
        load(run.path / name)
    assert not [file for file in run.path.iterdir() if file.suffix in (".new", ".reserve")]
    assert len(list(run.path.glob("checkpoint-*"))) == len(run.checkpoints.complete())


def assert_reports_full_disk(run: Run) -> None:
    status = run.status()
    assert status.state == "failed"
    assert "디스크가 가득" in status.message, status.message
    assert "공간을 비우세요. 다시 시작하면 마지막 저장본부터 이어집니다." in status.message


@pytest.mark.skipif(sys.platform == "win32", reason="no small disk on Windows")
def test_a_disk_that_fills_up_at_any_moment_fails_the_run_without_loss(
    tmp_path: Path, load: Callable[[Path], Any]
) -> None:
    with small_disk(tmp_path / "disk", MEGABYTES) as disk:
        room = DiskRoom(tmp_path, disk)
        run = room.run
        for moment in MOMENTS:
            before = [step for step, _ in run.checkpoints.complete()]
            room.train(moment, after=max(before, default=1) + 1)
            assert f"disk filled: {moment}" in run.log.latest_section(200), run.log.tail()
            assert_reports_full_disk(run)
            after = [step for step, _ in run.checkpoints.complete()]
            assert set(before) < set(after), moment
            assert_loadable(run, load)
            steps = [point.step for point in run.points() if point.kind == "loss"]
            assert steps == list(range(1, len(steps) + 1))
            assert len(steps) >= after[-1]
            room.free_space()
            assert_reports_full_disk(run)
        room.train("")
        status = run.status()
        assert (status.state, status.step) == ("finished", STEPS), run.log.tail()
        assert_loadable(run, load)
        points = {(point.kind, point.step) for point in run.points()}
        assert {step for kind, step in points if kind == "loss"} == set(range(1, STEPS + 1))
        assert {step for kind, step in points if kind == "eval_loss"} == set(range(0, STEPS + 1, 2))
        assert [sample.step for sample in EvalSampleLog(run.path).samples()] == [0, 8, STEPS]


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.skipif(sys.platform == "win32", reason="no RLIMIT_FSIZE on Windows")
@pytest.mark.parametrize(
    "write",
    [
        lambda file: file.write_bytes(b"x" * 400_000),
        lambda file: torch.save({"w": torch.zeros(100_000)}, file),
        lambda file: save_file({"w": torch.zeros(100_000)}, file),
    ],
    ids=["Python", "torch", "safetensors"],
)
def test_disk_is_full_recognizes_errors_of_all_writers(
    tmp_path: Path, write: Callable[[Path], object]
) -> None:
    with file_size_limit(100_000), pytest.raises(Exception) as caught:
        write(tmp_path / "file")
    assert disk_is_full(caught.value), caught.value
    assert not disk_is_full(RuntimeError("unexpected position"))


def test_exit_code_or_free_space_reveal_a_full_disk_without_a_log() -> None:
    log = ["학습 중", "Failed to load"]
    for message in (exit_message(log, EXIT_FULL), exit_message(log, None, full=True)):
        assert FULL_DISK in message
    assert FULL_DISK not in exit_message(log, 1)
    # A signal takes precedence.
    assert FULL_DISK not in exit_message(log, -9, full=True)
