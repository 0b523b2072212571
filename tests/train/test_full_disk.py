"""A disk that fills up while a worker writes: it says so, what was saved stays, and it goes on.

The disk is a real one of a few megabytes where the system lets a test have one: a tmpfs, mounted
here or in a namespace of one's own. Everywhere else the kernel is told how long a file of the
worker may become, and refuses what goes beyond.
"""

from __future__ import annotations

import shutil
import subprocess
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

pytestmark = pytest.mark.slow

STEPS = 12
MEGABYTES = 40
BALLAST = "ballast"

# The real worker. When the moment has come, right before what is named is written, there is no
# room left but for some bytes, in the middle of it.
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
    # Seven bytes fit, and then a new page is wanted.
    size = file.stat().st_size if file.exists() else 0
    file.open("ab").write(b"\\n" * ((size + 7) // 4096 * 4096 + 2 * 4096 - 7 - size))
    return file.stat().st_size + 7

def before(owner, name, when, then):
    own = getattr(owner, name)
    def replaced(self, *args, **options):
        if when(*args):
            setattr(owner, name, own)
            print("no room any more:", moment, flush=True)
            then()
        return own(self, *args, **options)
    setattr(owner, name, replaced)

calls = iter(range(1, 100))
second = lambda *_: next(calls) == 2
late = lambda point: point.step > after
moments = {{
    "checkpoint": (LoraTrainer, "_save_optimizer_and_scheduler", second, lambda: fill(1, 8192)),
    "best": (Checkpoints, "replace_adapter", lambda kind, _: kind == "best" and second(),
             lambda: fill(1, 8192)),
    "complete": (Checkpoints, "mark_complete", second, lambda: fill(0, 50)),
    # Nor does the log take more than a few letters of the reason.
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


@contextmanager
def small_disk(place: Path) -> Iterator[Path | None]:
    """A file system of a few megabytes at `place`; None where the system lets nobody have one."""
    place.mkdir()
    size = f"size={MEGABYTES}m"
    if sys.platform == "linux" and _done("mount", "-t", "tmpfs", "-o", size, "none", str(place)):
        try:
            yield place
        finally:
            assert _done("umount", "-l", str(place))
        return
    keeper = _keeper(place, size)
    try:
        yield Path(f"/proc/{keeper.pid}/root") / place.relative_to("/") if keeper else None
    finally:
        if keeper:
            keeper.kill()
            keeper.communicate()


def _keeper(place: Path, size: str) -> subprocess.Popen[str] | None:
    """A process in a namespace of its own, with a small disk; one may look into it from outside."""
    script = 'mount -t tmpfs -o "$0" none "$1" && echo mounted && exec sleep 7200'
    if sys.platform != "linux" or not shutil.which("unshare"):
        return None
    keeper = subprocess.Popen(
        ["unshare", "-rm", "sh", "-c", script, size, str(place)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert keeper.stdout is not None
    if keeper.stdout.readline() == "mounted\n":
        return keeper
    keeper.communicate()
    return None


def _done(*command: str) -> bool:
    if not shutil.which(command[0]):
        return False
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


class Room:
    """The sample room, prepared once, and a run whose folder is on the small disk."""

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
        self.bases = BaseModels(lambda wanted: choose(wanted, reachable=lambda: False))
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
        # The thread notes how it ended.
        wait_for(lambda: training.wait(self.run.name, 0.1), self.run)

    def free_memory(self) -> None:
        (self.run.path.parent / BALLAST).unlink(missing_ok=True)


@pytest.fixture(scope="module")
def load() -> Callable[[Path], Any]:
    """Puts an adapter on the base, as a chat does."""
    model = with_lora(load_base(str(FOLDER)), LoraSettings(r=2), checkpointing=False)

    def load(folder: Path) -> Any:
        found: Any = set_peft_model_state_dict(model, load_peft_weights(str(folder)))
        assert not found.unexpected_keys
        assert not [name for name in found.missing_keys if "lora" in name]
        return found

    return load


def assert_whole(run: Run, load: Callable[[Path], Any]) -> None:
    """All that was saved can be loaded, and nothing half-done lies about."""
    assert run.checkpoints.complete()
    for _, checkpoint in run.checkpoints.complete():
        load(checkpoint)
        for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth"):
            torch.load(checkpoint / name, weights_only=False)
    for name in ("adapter_best", "adapter_latest"):
        load(run.path / name)
    left = [each.name for each in run.path.iterdir() if each.suffix in (".new", ".reserve")]
    assert not left
    assert len(list(run.path.glob("checkpoint-*"))) == len(run.checkpoints.complete())


def assert_told(run: Run) -> None:
    status = run.status()
    assert status.state == "failed"
    assert "디스크가 가득" in status.message, status.message
    assert "공간을 비우세요. 다시 시작하면 마지막 저장본부터 이어집니다." in status.message


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no small disk to lend")
def test_a_disk_that_fills_up_at_any_moment_ends_the_run_with_a_sentence_and_costs_nothing(
    tmp_path: Path, load: Callable[[Path], Any]
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        room = Room(tmp_path, disk)
        run = room.run
        for moment in MOMENTS:
            before = [step for step, _ in run.checkpoints.complete()]
            room.train(moment, after=max(before, default=1) + 1)
            assert f"no room any more: {moment}" in run.log.latest_section(200), run.log.tail()
            assert_told(run)
            after = [step for step, _ in run.checkpoints.complete()]
            assert set(before) < set(after), moment
            assert_whole(run, load)
            seen = [point.step for point in run.points() if point.kind == "loss"]
            assert seen == list(range(1, len(seen) + 1))
            assert len(seen) >= after[-1]
            room.free_memory()
            assert_told(run)
        room.train("")
        status = run.status()
        assert (status.state, status.step) == ("finished", STEPS), run.log.tail()
        assert_whole(run, load)
        found = {(point.kind, point.step) for point in run.points()}
        assert {step for kind, step in found if kind == "loss"} == set(range(1, STEPS + 1))
        assert {step for kind, step in found if kind == "eval_loss"} == set(range(0, STEPS + 1, 2))
        assert [sample.step for sample in EvalSampleLog(run.path).samples()] == [0, 8, STEPS]


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """So much the kernel lets this process write into a file, for as long as it takes."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such limit")
@pytest.mark.parametrize(
    "write",
    [
        lambda file: file.write_bytes(b"x" * 400_000),
        lambda file: torch.save({"w": torch.zeros(100_000)}, file),
        lambda file: save_file({"w": torch.zeros(100_000)}, file),
    ],
    ids=["Python", "torch", "safetensors"],
)
def test_a_file_that_takes_no_more_is_known_by_its_error(
    tmp_path: Path, write: Callable[[Path], object]
) -> None:
    with files_of_at_most(100_000), pytest.raises(Exception) as caught:
        write(tmp_path / "file")
    assert disk_is_full(caught.value), caught.value
    assert not disk_is_full(RuntimeError("unexpected position"))


def test_where_no_word_could_be_written_the_exit_code_or_the_disk_tells() -> None:
    log = ["학습 중", "Failed to load"]
    for message in (exit_message(log, EXIT_FULL), exit_message(log, None, full=True)):
        assert FULL_DISK in message
    assert FULL_DISK not in exit_message(log, 1)
    # Who ended it from outside is no riddle.
    assert FULL_DISK not in exit_message(log, -9, full=True)
