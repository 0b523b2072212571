"""`Training`: refused starts, a single worker per home, resuming and snapshots."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import yaml

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.estimates import Estimates
from kakaobot.app.exports import Exports
from kakaobot.app.report_page import follow_training
from kakaobot.app.training import SILENCE_SECONDS, Training
from kakaobot.config import ROOT, Home, save
from kakaobot.dataset.turn_taking import TurnTaking
from kakaobot.errors import RunError
from kakaobot.runs.eval_samples import EvalPrompt, EvalSample, EvalSampleLog
from kakaobot.runs.metrics import Point
from kakaobot.runs.run import Run, Runs
from kakaobot.runs.status import Status
from kakaobot.schema import ChatMessage
from tests.conftest import SAMPLE
from tests.patience import patience, wait_for


@pytest.fixture
def training(home: Home, bases: BaseModels) -> Training:
    """On a dataset of the sample room."""
    Exports(home).import_files([SAMPLE])
    Datasets(home, bases).build()
    return Training(home, bases)


def test_start_is_refused_after_a_file_was_removed(home: Home, training: Training) -> None:
    assert training.snapshot().can_start
    exports = Exports(home)
    exports.remove(exports.files()[0].hash)
    assert not training.snapshot().can_start
    with pytest.raises(RunError, match="목록에서 뺀 파일"):
        training.start()


def test_start_is_refused_after_a_participant_was_excluded(
    home: Home, bases: BaseModels, training: Training
) -> None:
    save(home.settings_file, {"data.exclude_people": ["은솔"]})
    with pytest.raises(RunError, match="빼기로 한 '은솔'"):
        training.start()
    Datasets(home, bases).build()
    assert training.snapshot().can_start


def test_refused_start_creates_no_run(home: Home, training: Training) -> None:
    save(home.settings_file, {"training.accelerate_config": "none.yaml"})
    for _ in range(2):
        with pytest.raises(RunError, match="accelerate 설정 파일이 없습니다"):
            training.start(new=True)
    assert Runs(home.folder("checkpoints_lora")).all() == []


def test_start_on_a_full_disk_raises(training: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Run, "create", full)
    with pytest.raises(RunError, match="디스크가 가득 차"):
        training.start()


def test_a_run_keeps_the_turn_taking_of_its_own_data(home: Home, sleeper: Training) -> None:
    run = Runs(home.folder("checkpoints_lora")).find(sleeper.start().run)
    kept = run.turn_taking()
    assert set(TurnTaking.from_json(kept).shares) == {"도담", "마루", "서하늘", "은솔"}
    save(home.settings_file, {"data.exclude_people": ["은솔"]})
    Datasets(home).build()
    assert "은솔" not in Datasets(home).turn_taking()["participants"]
    assert run.turn_taking() == kept


@pytest.fixture
def sleeper(home: Home, bases: BaseModels, training: Training) -> Iterator[Training]:
    """With a worker that idles until a stop is requested."""
    yield Training(home, bases, argv=_idle_command(home))
    for run in Runs(home.folder("checkpoints_lora")).all():
        process = run.worker.process()
        if process is not None:
            process.kill()


def _idle_command(home: Home) -> list[str]:
    return [sys.executable, "-c", IDLE_PROGRAM, str(home.folder("checkpoints_lora"))]


IDLE_PROGRAM = """
import sys, time
from pathlib import Path
while not list(Path(sys.argv[1]).glob("*/STOP")):
    time.sleep(0.05)
# Stay in the stopping state for a while.
time.sleep(1)
"""
START_PROGRAM = """
import json, sys, time
from pathlib import Path
from kakaobot.app.base_models import BaseModels
from kakaobot.app.training import Training
from kakaobot.base.selection import choose
from kakaobot.config import Home
from kakaobot.errors import RunError
bases = BaseModels(lambda name: choose(name, reachable=lambda: False))
training = Training(Home(Path(sys.argv[1])), bases, argv=json.loads(sys.argv[2]))
training.snapshot()
print("ready", flush=True)
input()
try:
    print("run", training.start(new=True).run)
except RunError as error:
    print("refused", error)
"""


@pytest.mark.slow
def test_concurrent_starts_create_one_run_and_one_worker(home: Home, sleeper: Training) -> None:
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", START_PROGRAM, str(home.root), json.dumps(_idle_command(home))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONUTF8": "1"},
            encoding="utf-8",
        )
        for _ in range(3)
    ]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("\n")
        program.stdin.flush()
    outputs = sorted(program.communicate(timeout=patience())[0].strip() for program in programs)
    refused = "refused 학습 'main' 이 이미 진행 중입니다. 먼저 멈추거나 끝나기를 기다리세요."
    assert outputs == [refused, refused, "run main"]
    runs = Runs(home.folder("checkpoints_lora"))
    assert [run.name for run in runs.all()] == ["main"]
    workers = [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if str(home.folder("checkpoints_lora")) in (process.info["cmdline"] or ())
    ]
    live = runs.get("main").worker.process()
    assert live is not None
    assert workers == [live.pid]


@pytest.mark.slow
def test_two_train_commands_at_once_train_one_run(home: Home, training: Training) -> None:
    save(home.settings_file, {"training.max_steps": 2, "training.eval_steps": 2})
    environ = {**os.environ, "KAKAOBOT_HOME": str(home.root), "PYTHONUTF8": "1"}
    programs = [
        subprocess.Popen(
            [sys.executable, "-m", "kakaobot", "train"],
            cwd=ROOT,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for _ in range(2)
    ]
    runs = Runs(home.folder("checkpoints_lora"))
    wait_for(lambda: all(program.poll() is not None for program in programs), runs.get("main"))
    results = [(program.communicate()[1], program.returncode) for program in programs]
    first, second = sorted(results, key=lambda result: "이미 진행 중" in result[0])
    assert "처음부터 배웁니다" in first[0]
    assert first[1] == 0, results
    # The second is refused, or follows the run of the first.
    assert "이미 진행 중" in second[0]
    assert [run.name for run in runs.all()] == ["main"]
    assert runs.get("main").status().state == "finished"
    # Every start writes a separator to the log.
    assert runs.get("main").log.file.read_text(encoding="utf-8").count("──── ") == 1
    assert "<td>main</td>" in Datasets(home).report_page().read_text(encoding="utf-8")


@pytest.mark.usefixtures("sleeper")
def test_the_report_page_follows_a_training_at_its_end(home: Home, bases: BaseModels) -> None:
    datasets, estimates = Datasets(home, bases), Estimates(home, bases)
    training = Training(
        home,
        bases,
        argv=_idle_command(home),
        ended=lambda: follow_training(datasets, estimates),
    )

    def page() -> str:
        return datasets.report_page().read_text(encoding="utf-8")

    training.start()
    assert "<td>main</td>" not in page()
    training.stop()
    wait_for(lambda: "<td>main</td>" in page())
    # It keeps what is known besides.
    for words in ("메모리 약", "<td>도담</td><td>"):
        assert words in page()


def test_restarted_program_adopts_and_stops_the_worker(
    home: Home, bases: BaseModels, sleeper: Training
) -> None:
    program = START_PROGRAM.replace("input()", "")
    argv = json.dumps(_idle_command(home))
    subprocess.run(
        [sys.executable, "-c", program, str(home.root), argv], check=True, timeout=patience()
    )
    ended = threading.Event()
    restarted = Training(home, bases, ended=ended.set)
    assert restarted.adopt() == "main"
    snapshot = restarted.snapshot()
    assert (snapshot.run, snapshot.status.state, snapshot.can_stop) == ("main", "starting", True)
    assert restarted.stop().stopping
    assert not ended.is_set()
    wait_for(lambda: restarted.wait("main", 0.1))
    wait_for(ended.is_set)
    assert restarted.adopt() == ""
    assert not restarted.snapshot().can_stop


def test_a_stop_tells_what_is_saved_already(home: Home, sleeper: Training) -> None:
    sleeper.start()
    write_checkpoint(home.folder("checkpoints_lora") / "main" / "checkpoint-5")
    assert sleeper.stop().saved_step == 5


def test_snapshot_reports_a_dead_worker_with_its_last_lines(
    home: Home, bases: BaseModels, training: Training
) -> None:
    program = "import time; time.sleep(1); print('준비'); raise MemoryError('너무 큼')"
    failing = Training(home, bases, argv=[sys.executable, "-X", "utf8", "-c", program])
    failing.start()
    process = Runs(home.folder("checkpoints_lora")).get("main").worker.process()
    before = failing.version()
    assert process is not None
    process.wait(patience())
    assert failing.version() != before
    snapshot = failing.snapshot()
    assert snapshot.status.state == "failed"
    assert "메모리가 모자라" in snapshot.status.message
    assert snapshot.last_lines.splitlines()[0] == "준비"
    assert snapshot.last_lines.endswith("MemoryError: 너무 큼")
    assert snapshot.can_start


def test_silence_of_the_worker_changes_the_version(
    home: Home, sleeper: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeper.start()
    run = Runs(home.folder("checkpoints_lora")).get("main")
    run.write_status(Status("running", 3, 9))
    before = sleeper.version()
    assert sleeper.snapshot().silent_seconds < SILENCE_SECONDS
    assert sleeper.version() == before
    later = time.time() + 3 * SILENCE_SECONDS
    monkeypatch.setattr("kakaobot.runs.run.time.time", lambda: later)
    assert sleeper.version() != before
    assert sleeper.snapshot().silent_seconds > SILENCE_SECONDS


def test_run_config_contains_no_real_name_with_pseudonyms(
    home: Home, bases: BaseModels, sleeper: Training
) -> None:
    changes = {
        "data.pseudonyms": True,
        "data.persona": "도담",
        "data.exclude_people": ["은솔"],
        "data.mask_words": ["비밀학교"],
        "data.room": "주말 보드게임방",
    }
    save(home.settings_file, changes)
    Datasets(home, bases).build()
    sleeper.start()
    file = home.folder("checkpoints_lora") / "main" / "config.yaml"
    written = file.read_text(encoding="utf-8")
    for name in ("도담", "은솔", "마루", "비밀학교"):
        assert name not in written
    sleeper.stop()
    wait_for(lambda: sleeper.wait("main", 0.1))
    # A resume writes the settings again.
    write_checkpoint(file.parent / "checkpoint-5")
    assert sleeper.start().resume_step == 0
    rewritten = file.read_text(encoding="utf-8")
    assert yaml.safe_load(rewritten)["created_at"] == yaml.safe_load(written)["created_at"]
    for name in ("도담", "은솔", "마루", "비밀학교"):
        assert name not in rewritten


def write_checkpoint(folder: Path) -> None:
    """Write the files of a complete checkpoint."""
    folder.mkdir()
    for name in ("adapter_config.json", "adapter_model.safetensors", "optimizer.pt"):
        (folder / name).write_bytes(b"{}")
    for name in ("scheduler.pt", "rng_state.pth"):
        (folder / name).write_bytes(b"{}")
    (folder / "trainer_state.json").write_text('{"global_step": 5}', encoding="utf-8")
    Run(folder.parent).checkpoints.mark_complete(folder)


CHANGES: dict[str, dict[str, object]] = {
    "데이터": {"data.persona": "마루"},
    "바탕 모델": {"model.base_model": "Qwen/Qwen3-0.6B"},
    "배운 말투를 담는 설정(lora)": {"lora.r": 4},
    "학습률 설정": {"training.learning_rate": 1e-5},
}


@pytest.mark.parametrize("part", CHANGES)
def test_resume_is_refused_after_inputs_changed(
    home: Home, bases: BaseModels, sleeper: Training, part: str
) -> None:
    sleeper.start()
    sleeper.stop()
    wait_for(lambda: sleeper.wait("main", 0.1))
    folder = home.folder("checkpoints_lora") / "main"
    write_checkpoint(folder / "checkpoint-5")
    names = ("config.yaml", "checkpoint-5/optimizer.pt", "checkpoint-5/trainer_state.json")
    before = {folder / name: (folder / name).read_bytes() for name in names}
    save(home.settings_file, CHANGES[part])
    if part == "데이터":
        Datasets(home, bases).build()
    with pytest.raises(RunError, match=f"뒤 {re.escape(part)}[^,]*바뀌어.*'새 학습'.*--new"):
        sleeper.start()
    assert all(file.read_bytes() == content for file, content in before.items())
    # A new run accepts the change and keeps the old run.
    assert sleeper.start(new=True).run == "main-2"
    assert Run(folder).checkpoints.complete()
    wait_for(lambda: sleeper.wait("main-2", 0.1))


def test_resume_of_a_finished_run_is_refused(home: Home, sleeper: Training) -> None:
    sleeper.start()
    sleeper.stop()
    wait_for(lambda: sleeper.wait("main", 0.1))
    run = Run(home.folder("checkpoints_lora") / "main")
    write_checkpoint(run.path / "checkpoint-5")
    run.write_status(Status("finished", 5, 5))
    with pytest.raises(RunError, match="'main' 은 끝났습니다.*--new"):
        sleeper.start()


def test_snapshot_contains_eval_samples_and_losses(home: Home, bases: BaseModels) -> None:
    training = Training(home, bases)
    run = Runs(home.folder("checkpoints_lora")).get("main")
    run.create({"base": {"name": "a", "label": "a", "reason": "", "practice": True}})
    run.append(Point(0, "eval_loss", 0.5, 1.0), Point(0, "voice", 0.5, 1.0))
    assert training.snapshot().eval_samples.samples == ()
    samples = EvalSampleLog(run.path)
    prompt = EvalPrompt((ChatMessage("user", "응?", "마루"),), "도담", "응")
    samples.begin([prompt])
    before = training.version()
    samples.append(EvalSample(0, ("네",)))
    assert training.version() != before
    snapshot = training.snapshot()
    assert snapshot.eval_samples.prompts == (prompt,)
    assert snapshot.eval_samples.samples == (EvalSample(0, ("네",)),)
    assert [point.kind for point in snapshot.points] == ["eval_loss"]


def test_eval_samples_are_read_again_only_if_changed(
    home: Home, bases: BaseModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    training, read = Training(home, bases), EvalSampleLog.samples
    run = Runs(home.folder("checkpoints_lora")).get("main")
    run.create({"base": {"name": "a", "label": "a", "reason": "", "practice": True}})
    samples, reads = EvalSampleLog(run.path), []
    samples.begin([EvalPrompt((), "", "응")])
    samples.append(EvalSample(0, ("네",)))

    def counting(self: EvalSampleLog) -> list[EvalSample]:
        reads.append(self)
        return read(self)

    monkeypatch.setattr(EvalSampleLog, "samples", counting)
    for _ in range(3):
        training.version()
        training.snapshot()
    assert len(reads) == 1
    os.utime(run.path / "samples.jsonl", ns=(1, 1))
    training.snapshot()
    assert len(reads) == 2
