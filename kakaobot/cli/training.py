"""The commands `train`, `stop` and `status`."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from kakaobot.app.datasets import Datasets
from kakaobot.app.estimates import Estimates, estimate
from kakaobot.app.report_page import follow_training
from kakaobot.app.training import Training
from kakaobot.app.training_snapshot import TrainingSnapshot
from kakaobot.cli.console import Console
from kakaobot.cli.context import CommandContext
from kakaobot.cli.run_text import (
    end_text,
    eval_samples_json,
    eval_samples_text,
    snapshot_json,
    start_text,
    status_line,
    status_table,
)
from kakaobot.errors import RunError
from kakaobot.language import tr
from kakaobot.runs.exit_reason import LAST_LINE_LABEL
from kakaobot.runs.run import LOG

_POLL_SECONDS = 1.0


class TrainingControl(Protocol):
    """The part of `kakaobot.app.training.Training` that `follow` uses."""

    def snapshot(self, run: str = "") -> TrainingSnapshot: ...
    def stop(self, run: str = "") -> TrainingSnapshot: ...
    def wait(self, run: str, timeout: float) -> bool: ...


def train(args: Namespace, context: CommandContext) -> None:
    """Start, resume or attach to a run, and follow it.

    Raises:
        RunError: the run cannot start, or it fails.
    """
    training, console = Training(context.home), context.console
    if args.dry_run:
        console.print("\n".join(estimate(context.home).sentences))
        return
    run = "" if args.new else training.adopt()
    started_at = 0.0
    if run:
        console.notify(tr("이미 진행 중인 학습 '{run}' 에 붙었습니다.").format(run=run))
    else:
        resume_step = 0 if args.new else training.snapshot().resume_step
        started_at = time.time()
        snapshot = training.start(new=args.new)
        run = snapshot.run
        console.notify(start_text(snapshot, resume_step))
    console.notify(tr("Ctrl+C 를 누르면 저장하고 멈춥니다."))
    with report_follows(context):
        _print_end(follow(training, run, console, started_at=started_at), context)


def stop(args: Namespace, context: CommandContext) -> None:
    training, console = Training(context.home), context.console
    run = training.stop(args.run).run
    if not args.wait:
        console.print(
            tr(
                "학습 '{run}' 에 멈추라고 했습니다. 저장하고 끝나는 모습은 status --watch 로 "
                "봅니다."
            ).format(run=run)
        )
        return
    while not training.wait(run, _POLL_SECONDS):
        line = status_line(training.snapshot(run))
        console.show_status(tr("저장하고 끝나기를 기다립니다. {line}").format(line=line))
    with report_follows(context):
        _print_end(_check_ended(training.snapshot(run)), context)


def status(args: Namespace, context: CommandContext) -> None:
    training, console = Training(context.home), context.console
    snapshot = training.snapshot(args.run)
    if args.watch and snapshot.can_stop:
        snapshot = _watch(training, snapshot, console, as_json=args.json)
    if args.json:
        samples = eval_samples_json(snapshot.eval_samples) if args.samples else {}
        indent = None if args.watch else 1
        console.print_json({**snapshot_json(snapshot), **samples}, indent=indent)
    elif snapshot.run:
        console.print(status_table(snapshot), end="")
        if args.samples:
            samples_text = eval_samples_text(snapshot.eval_samples, snapshot.status.best_step)
            console.print(f"\n{samples_text}", end="")
    else:
        hint = snapshot.start_blocker or tr("train 으로 시작하세요.")
        console.print(tr("아직 학습한 적이 없습니다. {hint}").format(hint=hint))


def follow(
    training: TrainingControl, run: str, console: Console, *, started_at: float = 0.0
) -> TrainingSnapshot:
    """Show a run until its worker exits. Ctrl+C asks it to stop; a second one detaches.

    Args:
        training: controls the run.
        run: name of the run.
        console: shows status and notes.
        started_at: Unix time of the start; an older status belongs to an earlier worker.

    Raises:
        RunError: the run failed.
        KeyboardInterrupt: the second Ctrl+C; the worker keeps saving.
    """
    shown_notes: set[str] = set()
    interrupted = requested = False
    while True:
        try:
            if interrupted and not requested:
                requested = _request_stop(training, run)
            if training.wait(run, _POLL_SECONDS):
                return _check_ended(training.snapshot(run), started_at)
            snapshot = training.snapshot(run)
            status = snapshot.status
            if status.heartbeat < started_at:
                console.show_status(tr("학습 프로세스를 시작하는 중"))
                continue
            for note in status.notes:
                if note not in shown_notes:
                    console.notify(tr("참고: {note}").format(note=note))
                    shown_notes.add(note)
            console.show_status(status_line(snapshot))
        except KeyboardInterrupt:
            if interrupted:
                # The first request failed if the worker had not started yet.
                requested = requested or _request_stop(training, run)
                console.notify(
                    tr("먼저 나옵니다. 학습 프로세스는 혼자 저장을 마칩니다. status 로 확인하세요.")
                    if requested
                    else tr("먼저 나옵니다. 학습은 계속됩니다. stop 으로 멈출 수 있습니다.")
                )
                raise
            interrupted = True
            console.notify(
                tr("저장하고 멈추는 중입니다. 다시 Ctrl+C 를 누르면 기다리지 않고 나옵니다.")
            )


@contextmanager
def report_follows(context: CommandContext) -> Iterator[None]:
    """Update report.html once the body has told how a run ended; not if it goes on."""
    failure: RunError | None = None
    try:
        yield
    except RunError as error:
        failure = error
    home, progress = context.home, context.console.progress
    if follow_training(Datasets(home), Estimates(home), progress):
        progress(1.0, tr("보고서를 다 썼습니다"))
    if failure:
        raise failure


def _request_stop(training: TrainingControl, run: str) -> bool:
    """Request a stop; returns False if the worker has not started yet."""
    try:
        training.stop(run)
    except RunError:
        return False
    return True


def _check_ended(snapshot: TrainingSnapshot, started_at: float = 0.0) -> TrainingSnapshot:
    """Return the snapshot if its worker exited normally.

    Raises:
        RunError: the worker neither stopped nor finished.
    """
    status = snapshot.status
    if status.state in ("stopped", "finished") and status.heartbeat >= started_at:
        return snapshot
    if status.state == "failed" and status.message:
        raise RunError(status.message)
    last_line = (snapshot.log.splitlines() or [tr("없음")])[-1]
    raise RunError(
        tr(
            "학습 프로세스가 시작하자마자 끝났습니다. {log} 를 확인하세요. "
            "{last_line_label}: {last_line}"
        ).format(log=LOG, last_line_label=LAST_LINE_LABEL, last_line=last_line)
    )


def _print_end(snapshot: TrainingSnapshot, context: CommandContext) -> None:
    context.console.print(end_text(snapshot, context.home.settings().paths.runs), end="")


def _watch(
    training: TrainingControl, snapshot: TrainingSnapshot, console: Console, *, as_json: bool
) -> TrainingSnapshot:
    """Show a live run until its worker exits; as JSON, one line per change."""
    last = None
    while not training.wait(snapshot.run, _POLL_SECONDS):
        snapshot = training.snapshot(snapshot.run)
        record = snapshot_json(snapshot)
        if not as_json:
            console.show_status(status_line(snapshot))
        elif record != last:
            console.print_json(record, indent=None)
            console.flush()
        last = record
    return training.snapshot(snapshot.run)
