from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from kakaobot.errors import RunError
from kakaobot.runs.metrics import Point
from kakaobot.runs.run import Run, Runs
from kakaobot.runs.status import Status
from kakaobot.train.run_config import base_of
from tests.patience import patience


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(tmp_path / "main")
    run.create({"base": {"name": "starter"}})
    return run


def loss(step: int, value: float) -> Point:
    return Point(step, "loss", value, 1.0)


def checkpoint(run: Run, step: int) -> Path:
    folder = run.path / f"checkpoint-{step}"
    folder.mkdir()
    for name in ("adapter_config.json", "optimizer.pt", "scheduler.pt", "rng_state.pth"):
        (folder / name).write_bytes(b"{}")
    (folder / "adapter_model.safetensors").write_bytes(b"w")
    (folder / "trainer_state.json").write_text('{"global_step": 1}', encoding="utf-8")
    run.checkpoints.mark_complete(folder)
    return folder


def test_a_run_without_a_status_is_new(run: Run) -> None:
    assert run.status() == Status()


def test_a_written_status_is_read_back(run: Run) -> None:
    run.worker.record_start(os.getpid())
    run.write_status(Status("running", step=3, max_steps=9, notes=("4비트 없음",)))
    status = run.status()
    assert (status.state, status.step, status.notes) == ("running", 3, ("4비트 없음",))


def test_a_killed_worker_has_failed_with_its_last_line(run: Run) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    run.worker.record_start(child.pid)
    run.log.file.write_text("준비\nSegmentation fault\n", encoding="utf-8")
    run.write_status(Status("running", step=3))
    assert run.status().state == "running"
    child.kill()
    # Unreaped: a zombie still has its pid.
    for _ in range(100):
        if run.status().state == "failed":
            break
        threading.Event().wait(0.05)
    status = run.status()
    child.communicate()
    assert status.state == "failed"
    assert status.step == 3
    assert "Segmentation fault" in status.message


def test_a_process_with_a_reused_pid_is_not_the_worker(run: Run) -> None:
    run.worker.record_start(os.getpid())
    record = json.loads((run.path / "worker.json").read_text(encoding="utf-8"))
    (run.path / "worker.json").write_text(
        json.dumps({**record, "born": record["born"] - 100}), encoding="utf-8"
    )
    assert run.worker.process() is None


def test_a_new_worker_is_starting_until_it_reports(run: Run) -> None:
    run.write_status(Status("stopped", step=5))
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    run.worker.record_start(child.pid)
    assert run.status().state == "starting"
    run.write_status(Status("finished", step=9))
    assert run.status().state == "finished"
    child.communicate(b"\n")
    assert run.status().state == "finished"


def test_a_worker_that_dies_before_its_first_status_has_failed(run: Run) -> None:
    run.write_status(Status("stopped", step=5))
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    run.worker.record_start(child.pid)
    child.communicate(b"\n")
    assert run.status().state == "failed"


def test_a_resume_invalidates_points_of_later_steps(run: Run) -> None:
    run.append(*(loss(step, 5.0) for step in range(1, 8)))
    run.append(Point(4, "resume", 0.0, 2.0))
    run.append(loss(5, 4.0))
    assert [(point.step, point.value) for point in run.points()] == [
        (1, 5.0), (2, 5.0), (3, 5.0), (4, 5.0), (5, 4.0),
    ]  # fmt: skip


def test_damaged_lines_do_not_affect_other_points(run: Run) -> None:
    run.append(loss(1, 5.0))
    with (run.path / "metrics.jsonl").open("ab") as file:
        file.write(b"\0\0\0\n[1]\n" + json.dumps(vars(loss(2, 4.0))).encode() + b"\n")
        file.write(b'{"step": 3, "kind": "lo')
    assert [point.step for point in run.points()] == [1, 2]


def test_the_tail_of_a_long_log_is_short(run: Run) -> None:
    with run.log.file.open("wb") as file:
        file.write("가나다\n".encode() * 500_000 + "진행 1%\r진행 99%\n끝\n".encode())
    assert run.log.tail(2) == "진행 99%\n끝"


def test_incomplete_checkpoints_do_not_count_and_are_removed(run: Run) -> None:
    for step in (2, 10):
        checkpoint(run, step)
    (checkpoint(run, 11) / "optimizer.pt").unlink()
    (checkpoint(run, 12) / "trainer_state.json").write_text("{", encoding="utf-8")
    (checkpoint(run, 13) / "adapter_model.safetensors").write_bytes(b"")
    assert [step for step, _ in run.checkpoints.complete()] == [2, 10]
    assert run.checkpoints.remove_incomplete() == [f"checkpoint-{step}" for step in (11, 12, 13)]
    assert sorted(path.name for path in run.path.glob("checkpoint-*")) == [
        "checkpoint-10",
        "checkpoint-2",
    ]


def test_the_best_adapter_is_preferred_to_the_latest(run: Run) -> None:
    def write(folder: Path) -> None:
        (folder / "adapter_config.json").write_text("{}", encoding="utf-8")

    assert run.checkpoints.adapter() is None
    run.checkpoints.replace_adapter("latest", write)
    assert run.checkpoints.adapter() == ("latest", run.path / "adapter_latest")
    run.checkpoints.replace_adapter("best", write)
    run.checkpoints.replace_adapter("best", write)
    assert run.checkpoints.adapter() == ("best", run.path / "adapter_best")
    assert sorted(path.name for path in run.path.glob("adapter*")) == [
        "adapter_best",
        "adapter_latest",
    ]


SIZE = 200_000
READER = """
import json, sys
from pathlib import Path
folder, done = Path(sys.argv[1]), Path(sys.argv[2])
seen = set()
while not done.exists():
    assert json.loads((folder / "adapter_config.json").read_bytes())["r"] == 8
    weights = (folder / "adapter_model.safetensors").read_bytes()
    assert len(weights) == int(sys.argv[3]) and len(set(weights)) == 1, "torn"
    seen.add(weights[0])
print(len(seen))
"""


def test_an_adapter_with_an_equal_config_is_always_readable_during_swaps(run: Run) -> None:
    def writer_of(number: int) -> Callable[[Path], None]:
        # peft writes layer names in any order.
        layers = ["q_proj", "v_proj"][:: 1 if number % 2 else -1]

        def write(folder: Path) -> None:
            config = json.dumps({"r": 8, "target_modules": layers})
            (folder / "adapter_config.json").write_text(config, encoding="utf-8")
            (folder / "adapter_model.safetensors").write_bytes(bytes([number]) * SIZE)
            (folder / f"note-{number % 2}.md").write_text("", encoding="utf-8")

        return write

    run.checkpoints.replace_adapter("best", writer_of(0))
    folder, done = run.path / "adapter_best", run.path / "done"
    inode = folder.stat().st_ino
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(folder), str(done), str(SIZE)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    for number in range(1, 201):
        run.checkpoints.replace_adapter("best", writer_of(number))
        assert folder.stat().st_ino == inode
        assert reader.poll() is None, reader.communicate()[1]
    done.touch()
    output, errors = reader.communicate(timeout=patience())
    assert reader.returncode == 0, errors
    assert int(output) > 5
    assert sorted(file.name for file in folder.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "note-0.md",
    ]
    assert [path.name for path in run.path.glob("adapter*")] == ["adapter_best"]


def test_an_adapter_with_another_config_replaces_the_folder(run: Run) -> None:
    for rank, extra in ((8, "old.txt"), (16, "new.txt")):

        def write(folder: Path, rank: int = rank, extra: str = extra) -> None:
            (folder / "adapter_config.json").write_text(f'{{"r": {rank}}}', encoding="utf-8")
            (folder / extra).touch()
            if rank == 16:
                # Until it is complete, the old adapter is untouched.
                assert (run.path / "adapter_best" / "old.txt").exists()

        run.checkpoints.replace_adapter("best", write)
    assert sorted(file.name for file in (run.path / "adapter_best").iterdir()) == [
        "adapter_config.json",
        "new.txt",
    ]


def test_an_adapter_is_found_after_an_interrupted_swap(run: Run) -> None:
    old = run.path / "adapter_best.old"
    old.mkdir()
    (old / "adapter_config.json").write_text("{}", encoding="utf-8")
    assert run.checkpoints.adapter() == ("best", old)


def test_readers_never_see_a_partial_status(run: Run) -> None:
    run.worker.record_start(os.getpid())
    run.write_status(Status("running"))
    done = threading.Event()

    def write() -> None:
        for step in range(300):
            run.write_status(Status("running", step=step, message="말" * 2000))
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    steps = []
    while not done.is_set():
        status = run.recorded_status()
        assert status.state == "running"
        steps.append(status.step)
    thread.join()
    assert steps == sorted(steps)


def test_an_unknown_name_raises_an_error_that_lists_the_runs(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    runs.get("main").create({})
    assert runs.find("main").name == "main"
    assert runs.unused_name("main") == "main-2"
    for wrong in ("없음", "../main", ""):
        with pytest.raises(RunError, match="main"):
            runs.find(wrong)


def test_a_worker_killed_on_purpose_is_stopped(run: Run) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    run.worker.record_start(child.pid)
    run.write_status(Status("running", step=5))
    run.worker.record_kill()
    child.kill()
    child.communicate()
    status = run.status()
    assert (status.state, status.step) == ("stopped", 5)
    assert "강제로" in status.message


@pytest.mark.parametrize(
    "content",
    [
        '{"state": "running", "heartbeat": null}',
        '{"state": "얼음", "heartbeat": 1}',
        '{"state": "finished", "heartbeat": 1, "notes": null, "unknown": 3}',
        "[1]",
        "{",
    ],
)
def test_a_damaged_status_is_ignored(run: Run, content: str) -> None:
    (run.path / "status.json").write_text(content, encoding="utf-8")
    assert run.status().state in ("new", "finished")


def test_a_resume_point_survives_a_partial_line_before_it(run: Run) -> None:
    run.append(loss(1, 5.0), loss(2, 5.0))
    with (run.path / "metrics.jsonl").open("ab") as file:
        file.write(b'{"step": 3, "kind": "loss", "val')
    run.append(Point(1, "resume", 0.0, 2.0))
    run.append(loss(2, 4.0))
    assert [(point.step, point.value) for point in run.points()] == [(1, 5.0), (2, 4.0)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "비어 있습니다"),
        ("- 1", "비어 있습니다"),
        ("base: {}\nbase: {}", "2번째 줄: 'base'"),
        ("base: starter", "'base' 이\\(가\\) 묶음이 아닙니다"),
        ("data: {}", "'base' 이\\(가\\) 없습니다"),
        ("base: {name: starter}", "'label' 이\\(가\\) 없습니다"),
        ("base:", "'base' 이\\(가\\) 묶음이 아닙니다"),
    ],
)
def test_a_damaged_config_is_a_sentence(tmp_path, text, message):
    run = Run(tmp_path / "main")
    run.create({})
    (run.path / "config.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match=message):
        (base_of(run), run.section("base", "label"))


def test_a_config_that_was_read_is_written_back(tmp_path):
    run = Run(tmp_path / "main")
    run.create({"base": {"name": "starter"}, "settings": {"lora": {"r": 8}}})
    before = (run.path / "config.yaml").read_bytes()
    run.create({**run.config()})
    assert (run.path / "config.yaml").read_bytes() == before
