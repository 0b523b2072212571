"""`follow`: status lines, notes and Ctrl+C, with a scripted run."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from kakaobot.app.training_snapshot import TrainingSnapshot
from kakaobot.cli.console import Console
from kakaobot.cli.training import TrainingControl, follow
from kakaobot.errors import RunError
from kakaobot.runs.status import Status

NOW = TrainingSnapshot(
    run="main",
    status=Status("running", 1, 4, loss=2.5, eta_seconds=65, heartbeat=100),
    stopping=False,
    points=(),
    log="첫 줄\n끝 줄",
    base="연습용",
    base_reason="",
    practice=True,
    runs=(),
    can_start=False,
    can_stop=True,
    resume_step=0,
    start_blocker="",
    can_chat=False,
)


class ScriptedTraining(TrainingControl):
    """A run with one scripted status per poll; "^C" is a key press."""

    def __init__(self, *script: Status | str) -> None:
        self._script = list(script)
        self._now = NOW
        self.stop_requests = 0
        self.output = ""

    def wait(self, run: str, timeout: float) -> bool:
        status = self._script.pop(0)
        if isinstance(status, str):
            raise KeyboardInterrupt
        self._now = replace(NOW, status=status)
        return not self._script

    def snapshot(self, run: str = "") -> TrainingSnapshot:
        return self._now

    def stop(self, run: str = "") -> TrainingSnapshot:
        if self._now.status.heartbeat < 100:
            raise RunError("지금 진행 중인 학습이 없습니다.")
        self.stop_requests += 1
        return self._now


RUNNING = NOW.status
STOPPED = replace(RUNNING, state="stopped")
EARLIER = Status("stopped", 1, 4, heartbeat=50)


def run_follow(
    training: ScriptedTraining, *, started_at: float = 100.0
) -> tuple[TrainingSnapshot, str]:
    err = io.StringIO()
    console = Console(io.StringIO(), err, io.StringIO(), status_interval=0)
    try:
        return follow(training, "main", console, started_at=started_at), err.getvalue()
    finally:
        training.output = err.getvalue()


def test_run_is_shown_until_it_ends() -> None:
    finished = Status("finished", 4, 4, heartbeat=101)
    with_note = replace(RUNNING, notes=("4비트를 쓰지 못했습니다.",))
    end, shown = run_follow(ScriptedTraining(EARLIER, with_note, with_note, finished))
    assert end.status == finished
    assert shown.splitlines() == [
        "학습 프로세스를 시작하는 중",
        "참고: 4비트를 쓰지 못했습니다.",
        " 25%  1/4단계 · 손실 2.500 · 1분 5초 남음",
    ]


def test_ctrl_c_requests_one_stop_and_waits_for_the_save() -> None:
    training = ScriptedTraining(RUNNING, "^C", RUNNING, RUNNING, STOPPED)
    end, shown = run_follow(training)
    assert (end.status.state, training.stop_requests) == ("stopped", 1)
    assert "저장하고 멈추는 중입니다." in shown


def test_second_ctrl_c_detaches() -> None:
    training = ScriptedTraining(RUNNING, "^C", RUNNING, "^C", RUNNING)
    with pytest.raises(KeyboardInterrupt):
        run_follow(training)
    assert training.stop_requests == 1
    assert "혼자 저장을 마칩니다" in training.output


def test_early_ctrl_c_requests_the_stop_once_the_worker_has_started() -> None:
    training = ScriptedTraining(EARLIER, "^C", EARLIER, EARLIER, RUNNING, RUNNING, STOPPED)
    run_follow(training)
    assert training.stop_requests == 1


def test_detaching_before_the_worker_has_started_keeps_the_run() -> None:
    training = ScriptedTraining(EARLIER, "^C", "^C", EARLIER)
    with pytest.raises(KeyboardInterrupt):
        run_follow(training)
    assert "학습은 계속됩니다" in training.output


@pytest.mark.parametrize(
    ("last", "message"),
    [
        (
            Status("failed", 1, 4, message="메모리 부족", heartbeat=101),
            "메모리 부족",
        ),
        (EARLIER, "끝 줄"),
        (Status(), "끝 줄"),
    ],
)
def test_failed_run_raises(last: Status, message: str) -> None:
    with pytest.raises(RunError, match=message):
        run_follow(ScriptedTraining(last))


def test_run_that_stopped_before_attaching_is_not_a_failure() -> None:
    end, _ = run_follow(ScriptedTraining(EARLIER), started_at=0.0)
    assert end.status == EARLIER


def test_slowdown_is_shown_on_the_status_line() -> None:
    busy = replace(RUNNING, slowdown=4.2, eta_seconds=300.0)
    _, shown = run_follow(ScriptedTraining(RUNNING, busy, STOPPED))
    assert shown.splitlines()[-1].endswith("5분 0초 남음 · 컴퓨터가 바빠 4배 느림")


def test_status_line_shows_timing_until_there_is_an_eta() -> None:
    _, shown = run_follow(ScriptedTraining(replace(RUNNING, eta_seconds=None), STOPPED))
    assert "첫 걸음을 재고 있습니다." in shown
    _, shown = run_follow(ScriptedTraining(RUNNING, STOPPED))
    assert "첫 걸음을 재고 있습니다." not in shown
