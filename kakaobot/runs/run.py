"""A training run is a folder. This module is the only one that knows its layout.

    checkpoints_lora/<run>/    written by
        config.yaml            app       at a start: the resolved settings, the data, the base
        worker.json            launcher  pid and start time of the worker, and how it ended
        status.json            worker    replaced whole
        metrics.jsonl          worker    appended to
        cues.json              worker    what is asked at evaluations; see `samples.py`
        samples.jsonl          worker    appended to: what was answered
        worker.log             worker    everything it printed, below a line for each start
        worker.lock            worker    held while it lives, so that one run has one worker
        worker.reserve         worker    nothing, while it lives: room for last words on a full disk
        checkpoint-<step>/     worker    resumable; `complete.json` is written last
        adapter_latest/        worker    the newest weights
        adapter_best/          worker    the best weights, swapped in the moment they are best
        STOP                   app/user  its presence asks the worker to save and leave
One file, one writer: readers poll, and the window may come and go.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

import psutil
import yaml

from kakaobot.atomic_io import replace_text
from kakaobot.errors import RunError
from kakaobot.runs.checkpoints import swap_folder
from kakaobot.runs.exit_reason import why_it_ended

State = Literal["new", "starting", "running", "stopped", "finished", "failed"]
LIVE: frozenset[State] = frozenset(("starting", "running"))
Adapter = Literal["best", "latest"]
Stamp = tuple[int, int, int]
"""Time of the last change, inode and size: two changes may fall into one tick of the clock."""

_OVER: dict[str, Any] = {"eta_seconds": None, "slowdown": None}
"""What is no longer true of a worker that has ended."""
_OPENING = "──── "
"""What the line begins with that divides the log into starts."""
_KILLED = "강제로 끝냈습니다. 다시 시작하면 마지막 저장본부터 이어집니다."

_RESERVE = 65536
"""Bytes: its last status and what it prints when it fails."""
_NO_ROOM = 1_000_000
"""Bytes free on a disk below which it counts as full."""

# Besides the adapter these are what an exact resume needs (transformers 5, `_save_checkpoint`).
_CHECKPOINT_FILES = (
    "adapter_config.json",
    "adapter_model.safetensors",
    "trainer_state.json",
    "optimizer.pt",
    "scheduler.pt",
)
_CHANCE = re.compile(r"rng_state(_\d+)?\.pth")
"""And the state of chance: one file, or one of each process that learnt."""


@dataclass(frozen=True)
class Status:
    """The worker's last word about itself."""

    state: State = "new"
    step: int = 0
    max_steps: int = 0
    epoch: float = 0.0
    loss: float | None = None
    """Mean cross-entropy of the last logged step, nats per token."""
    eval_loss: float | None = None
    best_eval_loss: float | None = None
    best_step: int | None = None
    voice: float | None = None
    """How far the last answers' voice lies from the room's, 0 to 1."""
    best_voice: float | None = None
    """The same of the best step."""
    best_standing: float | None = None
    """What the best step was chosen by: least is best."""
    best_metric: str = "eval_loss"
    """And what that is: `eval_loss`, `voice` or `both`."""
    learning_rate: float | None = None
    tokens_per_second: float | None = None
    eta_seconds: float | None = None
    start_pace: float | None = None
    """Seconds per token in the first steps of the run."""
    paced_with: str = ""
    """What that was measured with: device, precision, processes, tokens at once."""
    slowdown: float | None = None
    """How many times slower it is now, while the computer is busy with something else."""
    heartbeat: float = 0.0
    """Unix time at which this was written."""
    message: str = ""
    """Korean: what it is doing, or why it ended."""
    notes: tuple[str, ...] = ()
    """Korean: what the user should know about this run, such as a 4-bit load that fell back."""
    resumed_from: int = 0
    """The step this worker went on from."""


@dataclass(frozen=True)
class Point:
    step: int
    kind: str
    """`loss`, `eval_loss`, `voice` or `resume`; a resume voids earlier points of later steps."""
    value: float
    at: float
    """Unix time."""


class Run:
    """Reads and writes the files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        return self.path.name

    # -- written by the app ------------------------------------------------------------------------

    def create(self, config: dict[str, Any]) -> None:
        """Make the folder and its `config.yaml`, again when a resume takes new settings."""
        self.path.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(config, allow_unicode=True, sort_keys=False, width=4096)
        replace_text(self.path / "config.yaml", text)

    def config(self) -> dict[str, Any]:
        """What `create` was given last.

        Raises:
            RunError: the file is missing or damaged.
        """
        try:
            config = yaml.safe_load((self.path / "config.yaml").read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
            raise RunError(
                f"학습 {self.name} 의 config.yaml 을 읽을 수 없습니다. '새 학습'으로 시작하세요."
            ) from error
        if not isinstance(config, dict):
            raise RunError(
                f"학습 {self.name} 의 config.yaml 이 비어 있습니다. '새 학습'으로 시작하세요."
            )
        return config

    @property
    def exists(self) -> bool:
        return (self.path / "config.yaml").exists()

    def ask_to_stop(self) -> None:
        (self.path / "STOP").touch()

    @property
    def asked_to_stop(self) -> bool:
        return (self.path / "STOP").exists()

    def open_log(self) -> None:
        """Draw a line in the log below which the next worker prints."""
        with self.log_file.open("a", encoding="utf-8") as log:
            # A worker that was killed may have left half a line.
            log.write("\n" if log.tell() else "")
            log.write(f"{_OPENING}{now_text()} {'─' * 12}\n")

    def clear_stop(self) -> None:
        (self.path / "STOP").unlink(missing_ok=True)

    # -- written by the launcher -------------------------------------------------------------------

    def write_worker(self, pid: int) -> None:
        born = psutil.Process(pid).create_time()
        said = {"pid": pid, "born": born, "launched": time.time()}
        replace_text(self.path / "worker.json", json.dumps(said))

    def note_kill(self) -> None:
        """Remember that the worker is ended on purpose."""
        said = _read_json(self.path / "worker.json")
        replace_text(self.path / "worker.json", json.dumps({**said, "killed": True}))

    def note_exit(self, pid: int, code: int) -> None:
        """Remember with which exit code the worker of that number ended, as `subprocess` tells it.

        Nothing is written where another worker has begun since.
        """
        said = _read_json(self.path / "worker.json")
        if said.get("pid") == pid:
            replace_text(self.path / "worker.json", json.dumps({**said, "exit": code}))

    def process(self) -> psutil.Process | None:
        """The worker, if that very process still runs: a pid is reused, a zombie is not alive."""
        said = _read_json(self.path / "worker.json")
        try:
            process = psutil.Process(int(said["pid"]))
            same = abs(process.create_time() - float(said["born"])) < 1
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except (psutil.Error, KeyError, TypeError, ValueError):
            return None

    # -- written by the worker ---------------------------------------------------------------------

    def reserve(self) -> None:
        """Take the room on the disk in which a worker can say why it failed."""
        # Random: zeros would take no room on some disks.
        (self.path / "worker.reserve").write_bytes(os.urandom(_RESERVE))

    def release(self) -> None:
        """Give that room back."""
        with contextlib.suppress(OSError):
            (self.path / "worker.reserve").unlink(missing_ok=True)

    def write_status(self, status: Status) -> None:
        text = json.dumps(asdict(replace(status, heartbeat=time.time())), ensure_ascii=False)
        replace_text(self.path / "status.json", text)

    def status(self) -> Status:
        """The worker's last word, or `failed` if it died without saying one."""
        process = self.process()
        said = self.said()
        # Not the process's own start time: Linux knows it to the second only.
        worker = _read_json(self.path / "worker.json")
        launched = float(worker.get("launched", 0.0))
        silent = said.heartbeat < launched
        if process is None and said.state in LIVE and worker.get("killed"):
            return replace(said, state="stopped", **_OVER, message=_KILLED)
        if process is None and (silent or said.state in LIVE):
            rebooted = 0 < launched < psutil.boot_time()
            code = worker.get("exit")
            lines = self.last_lines().splitlines()
            message = why_it_ended(
                lines,
                code if isinstance(code, int) else None,
                rebooted=rebooted,
                full=_is_full(self.path),
            )
            return replace(said, state="failed", **_OVER, message=message)
        if silent:
            return replace(said, state="starting", message="학습 프로세스를 시작하는 중입니다.")
        return said

    def said(self) -> Status:
        """`status.json` as it is, whether or not its writer lives."""
        raw = _read_json(self.path / "status.json")
        known = {field.name for field in fields(Status)}
        values = {key: value for key, value in raw.items() if key in known}
        sound = isinstance(values.get("heartbeat"), int | float)
        if values.get("state") not in get_args(State) or not sound:
            return Status()
        return Status(**{**values, "notes": tuple(values.get("notes") or ())})

    def append(self, *points: Point) -> None:
        lines = "".join(json.dumps(asdict(point)) + "\n" for point in points)
        # A worker killed while writing leaves half a line, which must not swallow this one.
        lines = "\n" + lines if points[0].kind == "resume" else lines
        with (self.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(lines)

    def points(self) -> list[Point]:
        """Every valid point in order of step; a line still being written is left for later."""
        kept: dict[tuple[str, int], Point] = {}
        for point in self._all_points():
            if point.kind == "resume":
                kept = {key: value for key, value in kept.items() if value.step <= point.step}
            else:
                kept[point.kind, point.step] = point
        return sorted(kept.values(), key=lambda point: point.step)

    def _all_points(self) -> Iterator[Point]:
        file = self.path / "metrics.jsonl"
        if not file.exists():
            return
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True):
            if line.endswith("\n"):
                # A power cut can leave a line of zeros; the others are still good.
                with contextlib.suppress(ValueError, TypeError):
                    raw = json.loads(line)
                    yield Point(int(raw["step"]), str(raw["kind"]), float(raw["value"]), raw["at"])

    def version(self) -> tuple[Stamp, ...]:
        """Changes whenever what a reader sees may have changed."""
        names = ("worker.log", "STOP")
        return (*self.stamps().values(), *(_stamp(self.path / name) for name in names))

    def stamps(self) -> dict[str, Stamp]:
        """Of the files that tell how the run went; each changes whenever its file does."""
        names = (
            "config.yaml",
            "status.json",
            "metrics.jsonl",
            "worker.json",
            "adapter_best",
            "adapter_latest",
        )
        return {name: _stamp(self.path / name) for name in names}

    def silence(self) -> float:
        """Seconds since the worker wrote its status; 0 where it has not written any."""
        written = _stamp(self.path / "status.json")[0]
        return max(0.0, time.time() - written / 1e9) if written else 0.0

    @property
    def log_file(self) -> Path:
        return self.path / "worker.log"

    @property
    def lock_file(self) -> Path:
        return self.path / "worker.lock"

    def log_tail(self, lines: int = 40) -> str:
        """The end of what the worker printed; of a progress bar only its last state."""
        try:
            with self.log_file.open("rb") as file:
                file.seek(max(0, self.log_file.stat().st_size - 65536))
                text = file.read().decode("utf-8", errors="replace")
        except OSError:
            return ""
        kept = [
            line.rsplit("\r", 1)[-1].rstrip() for line in text.replace("\r\n", "\n").split("\n")
        ]
        return "\n".join([line for line in kept if line][-lines:])

    def last_lines(self, lines: int = 40) -> str:
        """The end of what the newest worker printed, without what earlier ones did."""
        tail = self.log_tail(lines).split("\n")
        openings = [place for place, line in enumerate(tail) if line.startswith(_OPENING)]
        return "\n".join(tail[openings[-1] + 1 :] if openings else tail)

    # -- checkpoints and adapters ------------------------------------------------------------------

    def checkpoints(self) -> list[tuple[int, Path]]:
        """Complete checkpoints, oldest first."""
        found = []
        for path in self.path.glob("checkpoint-*"):
            match = re.fullmatch(r"checkpoint-(\d+)", path.name)
            if match and _is_whole(path):
                found.append((int(match[1]), path))
        return sorted(found)

    def complete(self, checkpoint: Path) -> None:
        """Mark a checkpoint as whole, with the size of each file; written into it last."""
        sizes = {each.name: each.stat().st_size for each in checkpoint.iterdir() if each.is_file()}
        replace_text(checkpoint / "complete.json", json.dumps({"sizes": sizes}))

    def clear_incomplete(self) -> list[str]:
        """Remove checkpoints that were cut off while being written; returns their names."""
        whole = {path for _, path in self.checkpoints()}
        broken = [path for path in self.path.glob("checkpoint-*") if path not in whole]
        for path in broken:
            shutil.rmtree(path, ignore_errors=True)
        return sorted(path.name for path in broken)

    def adapter(self) -> tuple[Adapter, Path] | None:
        """The adapter to talk with: the best, else the latest."""
        kinds: tuple[Adapter, ...] = ("best", "latest")
        for kind in kinds:
            # The old one stands in for the blink of an eye in which the new one is swapped in.
            for name in (f"adapter_{kind}", f"adapter_{kind}.old"):
                if (self.path / name / "adapter_config.json").exists():
                    return kind, self.path / name
        return None

    def swap_in(self, kind: Adapter, write: Callable[[Path], None]) -> None:
        """Let `write` fill a folder and put it in the place of the adapter of this kind."""
        place = self.path / f"adapter_{kind}"
        draft = place.with_name(f"{place.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        try:
            draft.mkdir(parents=True)
            write(draft)
            swap_folder(draft, place, old=place.with_name(f"{place.name}.old"))
        except BaseException:
            # Half an adapter is of no use, and takes room on a disk that may be full.
            shutil.rmtree(draft, ignore_errors=True)
            raise


class Runs:
    """The folder of all runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> list[Run]:
        """Newest first."""
        runs = [Run(file.parent) for file in self.folder.glob("*/config.yaml")]
        return sorted(
            runs, key=lambda run: (_stamp(run.path / "config.yaml")[0], run.name), reverse=True
        )

    def get(self, name: str) -> Run:
        """A run by name, whether or not it exists yet."""
        return Run(self.folder / name)

    def find(self, name: str) -> Run:
        """A run that exists.

        Raises:
            RunError: there is none of that name.
        """
        run = self.get(name)
        if not run.exists or run.path.parent != self.folder:
            known = ", ".join(other.name for other in self.all()) or "없음"
            raise RunError(f"'{name}' 이라는 학습이 없습니다. 있는 학습: {known}")
        return run

    def fresh_name(self, name: str) -> str:
        """`name`, or `name-2`, `name-3` … if it is taken."""
        number, candidate = 1, name
        while (self.folder / candidate).exists():
            number += 1
            candidate = f"{name}-{number}"
        return candidate

    def live(self) -> Run | None:
        """The run whose worker is at work, if any."""
        return next((run for run in self.all() if run.status().state in LIVE), None)


def now_text() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")


def _is_whole(checkpoint: Path) -> bool:
    """Whether every file an exact resume needs is there and as long as it was written."""
    sizes = _read_json(checkpoint / "complete.json").get("sizes") or {}
    return (
        all(name in sizes for name in _CHECKPOINT_FILES)
        and any(_CHANCE.fullmatch(name) for name in sizes)
        and all(_size(checkpoint / name) == size for name, size in sizes.items())
        and bool(_read_json(checkpoint / "trainer_state.json"))
    )


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return -1


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _NO_ROOM
    except OSError:
        return False


def _read_json(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _stamp(file: Path) -> Stamp:
    try:
        found = file.stat()
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_ino, found.st_size
