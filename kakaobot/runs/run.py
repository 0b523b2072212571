"""A training run is a folder. `kakaobot.runs` is the only package that knows its layout.

    checkpoints_lora/<run>/    written by
        config.yaml            app       at a start: resolved settings, data and base
        turn_taking.json       app       at a start: how the participants take turns
        scales.json            app       at a start: what 0 and 100 % of likeness are
        worker.json            launcher  pid, start time and exit code of the worker
        status.json            worker    replaced as a whole
        metrics.jsonl          worker    appended to
        cues.json              worker    eval prompts; see `eval_samples`
        samples.jsonl          worker    eval samples, appended to
        quiz.jsonl             app       picks of the blind test, appended to; see `quiz_log`
        worker.log             worker    everything it printed, one section per start
        worker.lock            worker    held while it lives, so that a run has one worker
        worker.reserve         worker    disk space for its last status on a full disk
        checkpoint-<step>/     worker    resumable; `complete.json` is written last
        adapter_latest/        worker    the newest weights
        adapter_best/          worker    the best weights so far
        adapter_*-*.gguf       app       a version of one of them, for llama.cpp
        adapter_start/         app       the weights a refine begins with
        refine.json            worker    the verdict on a refine; see `refinement`
        audit.json             app       what the adapter has memorized; see `audit_file`
        STOP                   app/user  asks the worker to save and exit

Every file has one writer. Readers poll, so the window may be closed and reopened at any time.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import yaml

from kakaobot.atomic_io import folder_is_full, read_json_object, replace_text
from kakaobot.errors import ConfigError, RunError
from kakaobot.language import tr
from kakaobot.one_look import asked_once
from kakaobot.runs.checkpoints import Checkpoints
from kakaobot.runs.exit_reason import RESUMES, exit_message, without_promise
from kakaobot.runs.liveness import WorkerProcess
from kakaobot.runs.log import RunLog
from kakaobot.runs.metrics import (
    Point,
    ReadPoints,
    append_points,
    read_more_points,
    read_points,
)
from kakaobot.runs.quiz_log import QUIZ_FILE
from kakaobot.runs.status import LIVE, Status
from kakaobot.yaml_file import read_yaml

LOG = "worker.log"
_CONFIG, _STATUS, _METRICS, _STOP = "config.yaml", "status.json", "metrics.jsonl", "STOP"
_TURN_TAKING, _SCALES = "turn_taking.json", "scales.json"
_WORKER, _LOCK, _RESERVE = "worker.json", "worker.lock", "worker.reserve"

_GROUPS = frozenset(("base", "data", "settings", "refine"))

Stamp = tuple[int, int, int]
"""Time of the last change, inode and size: two changes may share one tick of the clock."""

_ENDED: dict[str, Any] = {"eta_seconds": None, "slowdown": None}
"""Fields that do not apply to a worker that has ended."""
_KILLED = tr("강제로 끝냈습니다. {resumes}").format(resumes=RESUMES)
_STARTING = tr("학습 프로세스를 시작하는 중입니다.")


class _ConfigGroup(dict[str, Any]):
    """A part of a config."""

    def __init__(self, values: Mapping[str, Any], *, run: str) -> None:
        super().__init__(values)
        self._run = run

    def __missing__(self, key: str) -> Any:
        raise RunError(
            tr(
                "학습 {run} 의 {config} 에 '{key}' 이(가) 없습니다. '새 학습'으로 시작하세요."
            ).format(run=self._run, config=_CONFIG, key=key)
        )


class _ConfigDumper(yaml.SafeDumper):
    """Writes parts of a config as what they are, mappings."""


_ConfigDumper.add_multi_representer(dict, yaml.SafeDumper.represent_dict)


class Run:
    """One run's folder: its config, status, metrics and STOP request."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = RunLog(path / LOG)
        self.worker = WorkerProcess(path / _WORKER, lock=path / _LOCK, reserve=path / _RESERVE)
        self.checkpoints = Checkpoints(path)

    @property
    def name(self) -> str:
        return self.path.name

    # -- written by the app ------------------------------------------------------------------------

    def create(self, config: dict[str, Any]) -> None:
        """Create the folder and write its config, again when a resume changes settings."""
        self.path.mkdir(parents=True, exist_ok=True)
        text = yaml.dump(
            config, Dumper=_ConfigDumper, allow_unicode=True, sort_keys=False, width=4096
        )
        replace_text(self._config_file, text)

    @asked_once(lambda self: self.path)
    def config(self) -> dict[str, Any]:
        """The config written last. What a damaged one lacks raises a RunError on access.

        Raises:
            RunError: the file is missing or damaged.
        """
        try:
            config = read_yaml(self._config_file)
        except ConfigError as error:
            raise RunError(
                tr(
                    "학습 {name} 의 {config} 을 읽을 수 없습니다. '새 학습'으로 시작하세요. ("
                    "{error})"
                ).format(name=self.name, config=_CONFIG, error=error)
            ) from error
        if not isinstance(config, dict):
            raise RunError(
                tr("학습 {name} 의 {config} 이 비어 있습니다. '새 학습'으로 시작하세요.").format(
                    name=self.name, config=_CONFIG
                )
            )
        for name in _GROUPS & config.keys():
            if not isinstance(config[name], dict):
                raise RunError(
                    tr(
                        "학습 {name} 의 {config} 에 적힌 '{section}' 이(가) 묶음이 아닙니다. '새 "
                        "학습'으로 시작하세요."
                    ).format(name=self.name, config=_CONFIG, section=name)
                )
            config[name] = _ConfigGroup(config[name], run=self.name)
        return _ConfigGroup(config, run=self.name)

    def section(self, name: str, *keys: str) -> dict[str, Any]:
        """A section of the config: `base`, `data` or `settings`, with at least these keys.

        Raises:
            RunError: the file is missing or damaged.
        """
        section: dict[str, Any] = self.config()[name]
        for key in keys:
            section[key]
        return section

    def write_turn_taking(self, counts: Mapping[str, Any]) -> None:
        """Keep a copy of the counts of the run's data, which may be built anew."""
        replace_text(self.path / _TURN_TAKING, json.dumps(counts, ensure_ascii=False))

    def write_likeness_scales(self, scales: Mapping[str, Any]) -> None:
        """`scales`: the JSON object of those of the dataset."""
        replace_text(self.path / _SCALES, json.dumps(scales, ensure_ascii=False))

    def likeness_scales(self) -> dict[str, Any]:
        """As written; empty if there are none."""
        return read_json_object(self.path / _SCALES)

    def turn_taking(self) -> dict[str, Any]:
        """The counts; empty in a run from before there were any."""
        return read_json_object(self.path / _TURN_TAKING)

    @property
    def exists(self) -> bool:
        return self._config_file.exists()

    def request_stop(self) -> None:
        (self.path / _STOP).touch()

    @property
    def stop_requested(self) -> bool:
        return (self.path / _STOP).exists()

    def stop_age(self) -> float:
        """Seconds since a stop was requested; 0 if none was."""
        asked = _stamp(self.path / _STOP)[0]
        return max(0.0, time.time() - asked / 1e9) if asked else 0.0

    def clear_stop(self) -> None:
        (self.path / _STOP).unlink(missing_ok=True)

    # -- written by the worker ---------------------------------------------------------------------

    def write_status(self, status: Status) -> None:
        """Replace the status, with a heartbeat of now."""
        record = replace(status, heartbeat=time.time()).to_json()
        replace_text(self.path / _STATUS, json.dumps(record, ensure_ascii=False))

    def append(self, *points: Point) -> None:
        append_points(self.path / _METRICS, points)

    # -- read by everyone --------------------------------------------------------------------------

    @asked_once(lambda self: self.path)
    def status(self) -> Status:
        """The recorded status, corrected by whether its worker is alive and what it has saved."""
        status = self._observed_status()
        if RESUMES in status.message and not self.checkpoints.complete():
            return replace(status, message=without_promise(status.message))
        return status

    def _observed_status(self) -> Status:
        # Checked first: a worker may finish between the two reads.
        alive = self.worker.process() is not None
        status, worker = self.recorded_status(), self.worker.record()
        unreported = status.heartbeat < worker.launched
        if alive:
            return replace(status, state="starting", message=_STARTING) if unreported else status
        if status.state in LIVE and worker.killed:
            return replace(status, state="stopped", **_ENDED, message=_KILLED)
        if status.state in LIVE or unreported:
            message = exit_message(
                self.log.latest_section().splitlines(),
                worker.exit_code,
                rebooted=0 < worker.launched < psutil.boot_time(),
                full=folder_is_full(self.path),
            )
            return replace(status, state="failed", **_ENDED, message=message)
        return status

    @asked_once(lambda self: self.path)
    def recorded_status(self) -> Status:
        """The last status the worker wrote, whether or not it is alive."""
        return Status.from_json(read_json_object(self.path / _STATUS))

    def status_age(self) -> float:
        """Seconds since the worker wrote its status; 0 if it has not."""
        written = _stamp(self.path / _STATUS)[0]
        return max(0.0, time.time() - written / 1e9) if written else 0.0

    def points(self) -> list[Point]:
        """Valid points in order of step."""
        return read_points(self.path / _METRICS)

    def more_points(self, known: ReadPoints) -> ReadPoints:
        """As `points`; reads only what has been added to the known ones."""
        return read_more_points(self.path / _METRICS, known)

    def metrics_stamp(self) -> Stamp:
        """Changes whenever `points` may have changed."""
        return _stamp(self.path / _METRICS)

    def stamps(self) -> tuple[Stamp, ...]:
        """Stamps of the files that a summary is read from."""
        adapters = (self.checkpoints.adapter_folder(kind) for kind in ("best", "latest"))
        files = (self.path / name for name in (_CONFIG, _STATUS, _METRICS, _WORKER, QUIZ_FILE))
        return tuple(_stamp(path) for path in (*files, *adapters))

    def version(self) -> tuple[Stamp, ...]:
        """Changes whenever anything a reader shows may have changed."""
        return (*self.stamps(), _stamp(self.log.file), _stamp(self.path / _STOP))

    @property
    def _config_file(self) -> Path:
        return self.path / _CONFIG


class Runs:
    """The folder of all runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @asked_once(lambda self: self.folder)
    def all(self) -> list[Run]:
        """Newest first."""
        configs = {Run(file.parent): _stamp(file)[0] for file in self.folder.glob(f"*/{_CONFIG}")}
        return sorted(configs, key=lambda run: (configs[run], run.name), reverse=True)

    def folders(self) -> list[Path]:
        """The folders of all runs, also of those that were not created or deleted to the end."""
        names = (_CONFIG, _TURN_TAKING, _SCALES, _WORKER, _METRICS, LOG, QUIZ_FILE)
        files = (file for name in (*names, "adapter_*") for file in self.folder.glob(f"*/{name}"))
        return sorted({file.parent for file in files})

    def get(self, name: str) -> Run:
        """A run by name, whether or not it exists yet."""
        return Run(self.folder / name)

    def find(self, name: str) -> Run:
        """An existing run by name.

        Raises:
            RunError: there is none of that name.
        """
        run = self.get(name)
        if not run.exists or run.path.parent != self.folder:
            known = ", ".join(other.name for other in self.all()) or tr("없음")
            raise RunError(
                tr("'{name}' 이라는 학습이 없습니다. 있는 학습: {known}").format(
                    name=name, known=known
                )
            )
        return run

    def unused_name(self, name: str) -> str:
        """`name`, or `name-2`, `name-3` … if it is taken."""
        number, candidate = 1, name
        while (self.folder / candidate).exists():
            number += 1
            candidate = f"{name}-{number}"
        return candidate

    def live(self) -> Run | None:
        """The run whose worker is alive, if any."""
        return next((run for run in self.all() if run.status().state in LIVE), None)


def _stamp(file: Path) -> Stamp:
    try:
        stat = file.stat()
    except OSError:
        return 0, 0, 0
    return stat.st_mtime_ns, stat.st_ino, stat.st_size
