"""Start, resume, stop and observe training. All state is read from the run folders."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kakaobot.app.base_models import BaseModels
from kakaobot.app.build_inputs import pick_text
from kakaobot.app.datasets import Datasets
from kakaobot.app.start_lock import start_lock
from kakaobot.app.training_snapshot import TrainingSnapshot
from kakaobot.atomic_io import disk_is_full
from kakaobot.base.files import check_files
from kakaobot.base.selection import BaseModelChoice, location_of
from kakaobot.config import Home
from kakaobot.dataset.build_report import BuildReport
from kakaobot.errors import BaseModelError, KakaobotError, RunError
from kakaobot.language import tr
from kakaobot.runs.eval_samples import EvalSampleLog, EvalTranscript
from kakaobot.runs.exit_reason import FULL_DISK, without_promise
from kakaobot.runs.history import RunHistory, RunSummary
from kakaobot.runs.run import Run, Runs
from kakaobot.runs.status import LIVE, Status
from kakaobot.settings import Settings, TrainingSettings
from kakaobot.train.launch_command import LaunchCommand, launch_command
from kakaobot.train.launcher import TrainingThread, kill
from kakaobot.train.run_config import base_of, latest_run, resume_step, resumed_config, run_config

SILENCE_SECONDS = 120.0
"""Seconds without a heartbeat after which a worker counts as silent."""
_STOP_SECONDS = 5.0
"""Seconds after which a reader looks again how long a stop has taken."""
_LAST_LINES = 8


@dataclass(frozen=True)
class RunStart:
    """A start whose prerequisites are met."""

    run: Run
    command: LaunchCommand
    create: Callable[[], None]
    """Writes the config, once there is room in memory."""
    resumes: bool


@dataclass(frozen=True)
class StartState:
    """Whether a run could start now; `snapshot` has the same fields."""

    blocker: str = ""
    resume_step: int = 0
    needs_new: bool = False


class Training:
    """Controls the runs of one home."""

    def __init__(
        self,
        home: Home,
        bases: BaseModels | None = None,
        *,
        free_memory: Callable[[], None] = lambda: None,
        ended: Callable[[], object] = lambda: None,
        argv: Sequence[str] | None = None,
    ) -> None:
        """Create the service; starts no worker.

        Args:
            free_memory: called before a worker starts, to make room for it.
            ended: called in a thread of its own after a worker has ended that this program watched.
            argv: replaces the worker's command line; for tests.
        """
        self._home = home
        self._bases = bases or BaseModels()
        self._datasets = Datasets(home, self._bases)
        self._free_memory = free_memory
        self._ended = ended
        self._argv = argv
        self._threads: dict[str, TrainingThread] = {}
        self._history = RunHistory()

    def snapshot(self, run: str = "") -> TrainingSnapshot:
        """Snapshot of the named run, or else the live one, or else the newest."""
        runs = self._runs()
        chosen = runs.find(run) if run else self._current(runs)
        status = chosen.status() if chosen else Status()
        live = status.state in LIVE
        start = StartState() if live else self._start_state(runs)
        report = self._datasets.report()
        base = self._base(chosen if live else None)
        stopping = bool(live and chosen and chosen.stop_requested)
        return TrainingSnapshot(
            run=chosen.name if chosen else "",
            status=status,
            stopping=stopping,
            points=self._history.points(chosen) if chosen else (),
            log=chosen.log.tail() if chosen else "",
            base=tr(base.label),
            base_reason=base.reason,
            practice=base.practice,
            runs=self._history.summaries(runs),
            can_start=not live and not start.blocker,
            can_stop=live,
            resume_step=start.resume_step,
            start_blocker=start.blocker,
            can_start_new=start.needs_new,
            is_outdated=bool(chosen and report and _fingerprint(chosen) != report.fingerprint),
            dataset=_dataset_text(report) if report else "",
            can_chat=bool(chosen and chosen.checkpoints.adapter()),
            last_lines=chosen.log.latest_section(_LAST_LINES)
            if chosen and status.state == "failed"
            else "",
            silent_seconds=chosen.status_age() if chosen and status.state == "running" else 0.0,
            eval_samples=self._history.transcript(chosen) if chosen else EvalTranscript(),
            saved_step=_saved_step(chosen) if chosen and stopping else 0,
        )

    def summaries(self) -> Sequence[RunSummary]:
        """Every run, newest first."""
        return self._history.summaries(self._runs())

    def version(self, run: str = "") -> tuple[object, ...]:
        """A value that changes whenever a snapshot may; cheap enough to poll every second."""
        runs = self._runs()
        chosen = runs.get(run) if run else self._current(runs)
        samples = EvalSampleLog(chosen.path).version() if chosen else 0
        # A worker turning silent, or not stopping, changes no file.
        ages = (
            (int(chosen.status_age() / SILENCE_SECONDS), int(chosen.stop_age() / _STOP_SECONDS))
            if chosen and chosen.worker.process()
            else ()
        )
        state = (chosen.name, chosen.version()) if chosen else ()
        return (state, samples, ages, self._history.version(runs), self._datasets.version())

    def start(self, *, new: bool = False) -> TrainingSnapshot:
        """Start or resume `project.run_name`, or start a new run; returns immediately.

        Raises:
            RunError: a run is live, the latest one is finished, or its inputs have changed.
            DatasetError, BaseModelError, ConfigError: a prerequisite is missing.
        """
        return self.launch(lambda runs: self._prepare(runs, new=new))

    def launch(self, prepare: Callable[[Runs], RunStart]) -> TrainingSnapshot:
        """Start the worker of a run, unless another one is alive; returns immediately.

        Args:
            prepare: chooses the run and checks what it needs.

        Raises:
            RunError: a run is live, or the disk is full.
        """
        runs = self._runs()
        start: RunStart | None = None
        try:
            with start_lock(runs.folder):
                _check_none_live(runs)
                # First, so that a refused start neither leaves an empty run behind nor cuts a
                # reply.
                start = prepare(runs)
                self._launch(start)
        except OSError as error:
            if disk_is_full(error):
                resumes = start is not None and start.resumes
                raise RunError(FULL_DISK if resumes else without_promise(FULL_DISK)) from error
            raise
        return self.snapshot(start.run.name)

    def stop(self, run: str = "") -> TrainingSnapshot:
        """Request a stop: the worker saves and exits; a thread kills it if it falls silent.

        Raises:
            RunError: no run is live.
        """
        chosen = self._live(run)
        chosen.request_stop()
        if not self._is_watched(chosen):
            self.adopt()
        return self.snapshot(chosen.name)

    def kill(self, run: str = "") -> TrainingSnapshot:
        """Kill the worker; its last checkpoint is kept.

        Raises:
            RunError: no run is live.
        """
        chosen = self._live(run)
        kill(chosen)
        self.wait(chosen.name, timeout=10)
        return self.snapshot(chosen.name)

    def wait(self, run: str, timeout: float) -> bool:
        """Wait until the worker has exited; False if it is still alive after `timeout` seconds."""
        chosen = self._runs().find(run)
        deadline = time.monotonic() + timeout
        while chosen.worker.process() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    def adopt(self) -> str:
        """Watch a worker of an earlier process; returns the name of its run, or an empty string."""
        live = self._runs().live()
        if live is None:
            return ""
        if not self._is_watched(live) and (thread := TrainingThread.adopt(live, ended=self._ended)):
            self._threads[live.name] = thread
        return live.name

    def _runs(self) -> Runs:
        return Runs(self._home.folder(self._home.settings().paths.runs))

    def _current(self, runs: Runs) -> Run | None:
        return self._history.live(runs) or next(iter(runs.all()), None)

    def _is_watched(self, run: Run) -> bool:
        return run.name in self._threads and self._threads[run.name].is_alive()

    def _live(self, name: str) -> Run:
        run = self._runs().find(name) if name else self._runs().live()
        if run is None or run.status().state not in LIVE:
            raise RunError(
                tr("지금 진행 중인 학습이 없습니다. 시작하려면 '학습 시작'(train)을 하세요.")
            )
        return run

    def _start_state(self, runs: Runs) -> StartState:
        live = self._history.live(runs)
        if live is not None:
            return StartState(
                tr("학습 '{name}' 이 진행 중입니다. '볼 학습'에서 고르세요.").format(name=live.name)
            )
        try:
            settings = self._home.settings()
            report = self.checked_report(settings)
            base = self._bases.select(self._home)
            run = latest_run(runs, settings.project.run_name)
            try:
                step = resume_step(run, settings, report, base) if run else 0
            except RunError as error:
                check_files(location_of(base.name))
                return StartState(str(error), needs_new=True)
            check_files(location_of((base_of(run) if run and step else base).name))
            return StartState(resume_step=step)
        except KakaobotError as error:
            return StartState(str(error))

    def _prepare(self, runs: Runs, *, new: bool) -> RunStart:
        settings = self._home.settings()
        command = self.command(settings.training)
        report = self.checked_report(settings)
        latest = None if new else latest_run(runs, settings.project.run_name)
        base = self._bases.select(self._home)
        resumes = latest is not None and resume_step(latest, settings, report, base) > 0
        base = base_of(latest) if latest and resumes else base
        check_files(location_of(base.name))
        # A run without checkpoints starts over.
        run = latest or runs.get(runs.unused_name(settings.project.run_name))

        def create() -> None:
            self._write_config(run, settings, report, resumes=resumes)

        return RunStart(run, command, create, resumes)

    def _launch(self, start: RunStart) -> None:
        self._free_memory()
        # `auto` chooses by the memory that is free now.
        self._bases.invalidate()
        start.create()
        start.run.log.begin_section()
        self._threads[start.run.name] = TrainingThread.launch(
            start.run, start.command, ended=self._ended
        )

    def command(self, training: TrainingSettings) -> LaunchCommand:
        """The command line of a worker, without its run.

        Raises:
            RunError: as `launch_command`.
        """
        if self._argv:
            return LaunchCommand(tuple(self._argv))
        return launch_command(training, self._home.root)

    def _write_config(
        self, run: Run, settings: Settings, report: BuildReport, *, resumes: bool
    ) -> None:
        stored = self._datasets.pseudonymized_settings(settings)
        if counts := self._datasets.turn_taking():
            run.path.mkdir(parents=True, exist_ok=True)
            run.write_turn_taking(counts)
        if scales := self._datasets.likeness_scales():
            run.path.mkdir(parents=True, exist_ok=True)
            run.write_likeness_scales(scales)
        if resumes:
            # Other settings may differ, such as a smaller batch after an OOM.
            run.create(resumed_config(run, self._home, stored))
            return
        base = self._bases.select(self._home)
        run.create(run_config(run, self._home, base, report, stored))

    def checked_report(self, settings: Settings) -> BuildReport:
        """The report of the training data.

        Raises:
            RunError: there is none, or it no longer matches the exports or the settings.
        """
        report = self._datasets.report()
        if report is None:
            raise RunError(tr("배울 데이터가 없습니다. 먼저 '데이터 준비'(preprocess)를 하세요."))
        if reason := self._datasets.outdated_reason(report, settings):
            raise RunError(reason)
        return report

    def _base(self, run: Run | None) -> BaseModelChoice:
        """The base model of the run, or else the one a start would use."""
        if run is not None:
            return base_of(run)
        try:
            return self._bases.select(self._home)
        except BaseModelError as error:
            return BaseModelChoice("", tr("없음"), str(error))


def _fingerprint(run: Run) -> str:
    try:
        return str(run.section("data").get("fingerprint", ""))
    except RunError:
        return ""


def _saved_step(run: Run) -> int:
    return max((step for step, _ in run.checkpoints.complete()), default=0)


def _dataset_text(report: BuildReport) -> str:
    return tr("{pick} · 대답 {replies:,}개 (검증에 쓸 {held_out:,}개 포함)").format(
        pick=pick_text(report.room, report.persona),
        replies=report.train_replies + report.val_replies,
        held_out=report.val_replies,
    )


def _check_none_live(runs: Runs) -> None:
    live = runs.live()
    if live:
        raise RunError(
            tr("학습 '{name}' 이 이미 진행 중입니다. 먼저 멈추거나 끝나기를 기다리세요.").format(
                name=live.name
            )
        )
