"""Start, stop, resume and follow training. What is shown of a run is read from its folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from filelock import FileLock, Timeout

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.atomic_io import disk_is_full
from kakaobot.base.selection import BaseModelChoice
from kakaobot.config import Home, parse
from kakaobot.dataset import artifacts
from kakaobot.dataset.build_report import BuildReport
from kakaobot.errors import BaseModelError, KakaobotError, RunError
from kakaobot.exports.file_store import FileStore
from kakaobot.runs.eval_samples import EvalSampleLog, EvalTranscript
from kakaobot.runs.exit_reason import FULL_DISK
from kakaobot.runs.history import RunHistory, RunSummary
from kakaobot.runs.log import now_text
from kakaobot.runs.metrics import Point
from kakaobot.runs.run import Run, Runs
from kakaobot.runs.status import LIVE, Status
from kakaobot.settings import Settings
from kakaobot.train.launch_command import LaunchCommand, launch_command
from kakaobot.train.launcher import TrainingThread, kill

_CURVES = frozenset(("loss", "eval_loss", "voice"))
SILENCE_SECONDS = 120.0
"""Seconds of silence after which one wonders whether a worker still works."""
_LAST_LINES = 8


@dataclass(frozen=True)
class TrainingSnapshot:
    """All that a window or a terminal shows of training at one moment."""

    run: str
    """Empty while there is none."""
    status: Status
    stopping: bool
    """STOP was asked and the worker still lives."""
    points: tuple[Point, ...]
    log: str
    base: str
    base_reason: str
    practice: bool
    runs: tuple[RunSummary, ...]
    can_start: bool
    can_stop: bool
    resume_step: int
    """Above 0 when a start goes on from this step."""
    start_blocker: str
    can_chat: bool
    last_lines: str = ""
    """Of the log, where the run has failed."""
    silent_seconds: float = 0.0
    """Seconds since a live worker has said something."""
    eval_samples: EvalTranscript = EvalTranscript()
    """To the same prompts, as it learnt."""


class Training:
    def __init__(
        self,
        home: Home,
        bases: BaseModels | None = None,
        *,
        free_memory: Callable[[], None] = lambda: None,
        argv: Sequence[str] | None = None,
    ) -> None:
        """Follow and steer the runs of a home.

        Args:
            make_room: called before a worker starts, to free memory the worker will want.
            argv: the worker's command line, where a test wants another.
        """
        self._home = home
        self._bases = bases or BaseModels()
        self._datasets = Datasets(home, self._bases)
        self._make_room = free_memory
        self._argv = argv
        self._threads: dict[str, TrainingThread] = {}
        self._history = RunHistory()

    def snapshot(self, run: str = "") -> TrainingSnapshot:
        """The run of that name; without one the live run, else the newest."""
        runs = self._runs()
        chosen = runs.find(run) if run else self._current(runs)
        status = chosen.status() if chosen else Status()
        live = status.state in LIVE
        other = None if live else self._history.live(runs)
        start_blocker, resume = ("", 0) if live else self._outlook()
        if other is not None:
            start_blocker, resume = (
                f"학습 '{other.name}' 이 진행 중입니다. '볼 학습'에서 고르세요.",
                0,
            )
        choice = self._choice_of(chosen if live else None)
        return TrainingSnapshot(
            run=chosen.name if chosen else "",
            status=status,
            stopping=bool(live and chosen and chosen.stop_requested),
            points=self._curves(chosen) if chosen else (),
            log=chosen.log.tail() if chosen else "",
            base=choice.label,
            base_reason=choice.reason,
            practice=choice.practice,
            runs=self._history.summaries(runs),
            can_start=not live and not start_blocker,
            can_stop=live,
            resume_step=resume,
            start_blocker=start_blocker,
            can_chat=bool(chosen and chosen.checkpoints.adapter()),
            last_lines=_last_lines(chosen) if chosen and status.state == "failed" else "",
            silent_seconds=chosen.status_age() if chosen and status.state == "running" else 0.0,
            eval_samples=self._history.transcript(chosen) if chosen else EvalTranscript(),
        )

    def version(self, run: str = "") -> tuple[object, ...]:
        """Changes whenever a snapshot may have changed. Cheap enough to ask every second."""
        runs = self._runs()
        chosen = runs.get(run) if run else self._current(runs)
        said = (chosen.version(), EvalSampleLog(chosen.path).version()) if chosen else ()
        # Time alone changes how long a worker has been silent.
        quiet = (
            int(chosen.status_age() / SILENCE_SECONDS) if chosen and chosen.worker.process() else -1
        )
        stats = self._home.folder(self._home.settings().paths.sft) / artifacts.STATS
        files = [stats, self._home.settings_file]
        stamps = tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)
        return (chosen.name if chosen else "", said, quiet, self._history.version(runs), stamps)

    def start(self, *, new: bool = False) -> TrainingSnapshot:
        """Start or resume `project.run_name`; with `new`, a run beside it. Returns at once.

        Raises:
            RunError: a run is live, the last one is finished, or data, base or LoRA have changed
                since it began.
            DatasetError, BaseModelError, ConfigError: what is needed is not there.
        """
        runs = self._runs()
        runs.folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(runs.folder / ".start.lock", timeout=10):
                live = runs.live()
                if live:
                    raise RunError(
                        f"학습 '{live.name}' 이 이미 진행 중입니다. "
                        "먼저 멈추거나 끝나기를 기다리세요."
                    )
                self._make_room()
                # Before a run is created: one that cannot be launched leaves none behind.
                command = self._command()
                self._bases.invalidate()
                run = self._prepare(runs, new=new)
                run.log.begin_section()
                self._threads[run.name] = TrainingThread.launch(run, command)
        except OSError as error:
            if disk_is_full(error):
                raise RunError(FULL_DISK) from error
            raise
        except Timeout as error:
            raise RunError("다른 곳에서 학습을 시작하고 있습니다. 잠시 뒤 확인하세요.") from error
        return self.snapshot(run.name)

    def stop(self, run: str = "") -> TrainingSnapshot:
        """Ask the worker to save and leave. In the background, insist if it does not.

        Raises:
            RunError: nothing is being trained.
        """
        chosen = self._live(run)
        chosen.request_stop()
        if not self._watched(chosen):
            self.adopt()
        return self.snapshot(chosen.name)

    def kill(self, run: str = "") -> TrainingSnapshot:
        """End the worker at once; what was saved last stays.

        Raises:
            RunError: nothing is being trained.
        """
        chosen = self._live(run)
        kill(chosen)
        self.wait(chosen.name, 10)
        return self.snapshot(chosen.name)

    def wait(self, run: str, timeout: float) -> bool:
        """Wait until the worker has ended; False when it still works after `timeout` seconds."""
        chosen = self._runs().find(run)
        until = time.monotonic() + timeout
        while chosen.worker.process() is not None:
            if time.monotonic() > until:
                return False
            time.sleep(0.1)
        return True

    def adopt(self) -> str:
        """Watch a worker that still runs from before; its run's name, or nothing."""
        live = self._runs().live()
        if live is None:
            return ""
        if not self._watched(live):
            thread = TrainingThread.adopt(live)
            if thread:
                self._threads[live.name] = thread
        return live.name

    # ----------------------------------------------------------------------------------------------

    def _command(self) -> LaunchCommand:
        if self._argv:
            return LaunchCommand(tuple(self._argv))
        return launch_command(self._home.settings().training, self._home.root)

    def _runs(self) -> Runs:
        return Runs(self._home.folder(self._home.settings().paths.runs))

    def _current(self, runs: Runs) -> Run | None:
        return self._history.live(runs) or next(iter(runs.all()), None)

    def _curves(self, run: Run) -> tuple[Point, ...]:
        return tuple(point for point in self._history.points(run) if point.kind in _CURVES)

    def _watched(self, run: Run) -> bool:
        thread = self._threads.get(run.name)
        return bool(thread and thread.is_alive())

    def _live(self, name: str) -> Run:
        run = self._runs().find(name) if name else self._runs().live()
        if run is None or run.status().state not in LIVE:
            raise RunError(
                "지금 진행 중인 학습이 없습니다. 시작하려면 '학습 시작'(train)을 하세요."
            )
        return run

    def _outlook(self) -> tuple[str, int]:
        """Why a start is not possible now (or nothing), and the step it would go on from."""
        try:
            settings = self._home.settings()
            report = self._data(settings)
            self._bases.select(self._home)
            run = self._latest(self._runs(), settings.project.run_name)
            if run is None or not run.checkpoints.complete():
                return "", 0
            self._refuse_if_changed(run, settings, report)
        except KakaobotError as error:
            return str(error), 0
        found = run.checkpoints.complete()
        return "", found[-1][0] if found else 0

    def _prepare(self, runs: Runs, *, new: bool) -> Run:
        """The run to train now: the one to resume, or a new one with its config written."""
        settings = self._home.settings()
        report = self._data(settings)
        name = settings.project.run_name
        run = None if new else self._latest(runs, name)
        if run is not None:
            if not run.checkpoints.complete():
                # Nothing is lost by beginning again, with whatever was mended.
                run.create(self._config(settings, report))
                return run
            self._refuse_if_changed(run, settings, report)
            # Such as a smaller batch after memory ran out.
            run.create({**run.config(), "settings": self._kept(settings)})
            return run
        run = runs.get(runs.unused_name(name))
        run.create(self._config(settings, report))
        return run

    def _latest(self, runs: Runs, name: str) -> Run | None:
        """The newest of `name`, `name-2`, `name-3` and so on."""
        for run in runs.all():
            base, _, number = run.name.rpartition("-")
            if run.name == name or (base == name and number.isdigit()):
                return run
        return None

    def _data(self, settings: Settings) -> BuildReport:
        report = self._datasets.report()
        if report is None:
            raise RunError("배울 데이터가 없습니다. 먼저 '데이터 준비'(preprocess)를 하세요.")
        here = {each.hash for each in FileStore(self._home.folder(settings.paths.raw)).list_files()}
        if not here.issuperset(report.sources):
            raise RunError(
                "이 데이터를 만든 뒤 목록에서 뺀 파일이 있습니다. "
                "'데이터 준비'(preprocess)를 다시 하세요."
            )
        outdated_reason = self._datasets.outdated_reason(report, settings)
        if outdated_reason:
            raise RunError(outdated_reason)
        return report

    def _config(self, settings: Settings, report: BuildReport) -> dict[str, Any]:
        choice = self._bases.select(self._home)
        return {
            "created_at": now_text(),
            "base": {
                "name": choice.name,
                "label": choice.label,
                "reason": choice.reason,
                "practice": choice.practice,
            },
            "data": {
                "folder": str(self._home.folder(settings.paths.sft)),
                "fingerprint": report.fingerprint,
                "room": report.room,
                "persona": report.persona,
                "people": list(report.participants),
                "named": report.shows_names,
                "train_replies": report.train_replies,
            },
            "settings": self._kept(settings),
        }

    def _kept(self, settings: Settings) -> dict[str, Any]:
        """The settings as they lie beside an adapter, which may be given to somebody."""
        return self._datasets.pseudonymized_settings(settings).model_dump(mode="json")

    def _refuse_if_changed(self, run: Run, settings: Settings, report: BuildReport) -> None:
        """A resume goes on with the same data, base, adapter shape and rate, or is another run."""
        config = run.config()
        before = parse(config["settings"])
        if run.status().state == "finished":
            raise RunError(
                f"학습 '{run.name}' 은 끝났습니다. '대화'에서 이야기해 보세요. "
                "처음부터 다시 배우려면 '새 학습'(train --new)을 누르세요."
            )
        changed = []
        if config["data"]["fingerprint"] != report.fingerprint:
            changed.append("데이터")
        # What `auto` meant at the start stays: free memory and the network change by the hour.
        if before.model.base_model != settings.model.base_model:
            changed.append("바탕 모델(model.base_model)")
        if before.lora != settings.lora:
            changed.append("LoRA 설정")
        if _rate(before) != _rate(settings):
            changed.append("학습률 설정")
        if changed:
            raise RunError(
                f"학습 '{run.name}' 을 시작한 뒤 {', '.join(changed)}이(가) 바뀌어 이어서 배울 수 "
                "없습니다. 되돌려 놓거나 '새 학습'(train --new)으로 시작하세요."
            )

    def _choice_of(self, run: Run | None) -> BaseModelChoice:
        if run is not None:
            base = run.config()["base"]
            return BaseModelChoice(base["name"], base["label"], base["reason"], base["practice"])
        try:
            return self._bases.select(self._home)
        except BaseModelError as error:
            return BaseModelChoice("", "없음", str(error))


def _rate(settings: Settings) -> tuple[object, ...]:
    """What the saved scheduler and optimizer hold, and a resume cannot change."""
    training = settings.training
    return training.learning_rate, training.scheduler, training.warmup_ratio


def _last_lines(run: Run) -> str:
    return "\n".join(run.log.latest_section().splitlines()[-_LAST_LINES:])
