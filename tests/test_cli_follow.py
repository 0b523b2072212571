"""Following a run: what is shown, and what Ctrl+C does. The run is a play with a script."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from kakaobot.app.training import TrainingSnapshot
from kakaobot.cli.console import Console
from kakaobot.cli.training import follow
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


class Play:
    """A run whose worker says one status a second; "^C" is the user's key."""

    def __init__(self, *script: Status | str) -> None:
        self._script = list(script)
        self._now = NOW
        self.asked = 0
        self.shown = ""

    def wait(self, run: str, timeout: float) -> bool:
        said = self._script.pop(0)
        if isinstance(said, str):
            raise KeyboardInterrupt
        self._now = replace(NOW, status=said)
        return not self._script

    def snapshot(self, run: str = "") -> TrainingSnapshot:
        return self._now

    def stop(self, run: str = "") -> TrainingSnapshot:
        if self._now.status.heartbeat < 100:
            raise RunError("지금 진행 중인 학습이 없습니다.")
        self.asked += 1
        return self._now


RUNNING = NOW.status
STOPPED = replace(RUNNING, state="stopped")
OLD = Status("stopped", 1, 4, heartbeat=50)


def followed(play: Play, *, began: float = 100.0) -> tuple[TrainingSnapshot, str]:
    err = io.StringIO()
    console = Console(io.StringIO(), err, io.StringIO(), patience=0)
    try:
        return follow(play, "main", console, began=began), err.getvalue()
    finally:
        play.shown = err.getvalue()


def test_a_run_is_shown_until_it_has_ended() -> None:
    finished = Status("finished", 4, 4, heartbeat=101)
    noted = replace(RUNNING, notes=("4비트를 쓰지 못했습니다.",))
    end, shown = followed(Play(OLD, noted, noted, finished))
    assert end.status == finished
    assert shown.splitlines() == [
        "학습 프로세스를 시작하는 중",
        "참고: 4비트를 쓰지 못했습니다.",
        " 25%  1/4단계 · 손실 2.500 · 1분 5초 남음",
    ]


def test_one_ctrl_c_asks_once_and_waits_for_the_save() -> None:
    play = Play(RUNNING, "^C", RUNNING, RUNNING, STOPPED)
    end, shown = followed(play)
    assert (end.status.state, play.asked) == ("stopped", 1)
    assert "저장하고 멈추는 중입니다." in shown


def test_a_second_ctrl_c_leaves_the_worker_alone() -> None:
    play = Play(RUNNING, "^C", RUNNING, "^C", RUNNING)
    with pytest.raises(KeyboardInterrupt):
        followed(play)
    assert play.asked == 1
    assert "혼자 저장을 마칩니다" in play.shown


def test_a_worker_that_was_just_born_is_asked_when_it_can_hear() -> None:
    play = Play(OLD, "^C", OLD, OLD, RUNNING, RUNNING, STOPPED)
    followed(play)
    assert play.asked == 1


def test_leaving_before_the_worker_could_hear_says_so() -> None:
    play = Play(OLD, "^C", "^C", OLD)
    with pytest.raises(KeyboardInterrupt):
        followed(play)
    assert "학습은 계속됩니다" in play.shown


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (
            Status("failed", 1, 4, message="메모리 부족", heartbeat=101),
            "메모리 부족",
        ),
        (OLD, "끝 줄"),
        (Status(), "끝 줄"),
    ],
)
def test_a_run_that_failed_is_an_error(last: Status, told: str) -> None:
    with pytest.raises(RunError, match=told):
        followed(Play(last))


def test_a_run_that_stopped_before_one_attached_is_no_failure() -> None:
    end, _ = followed(Play(OLD), began=0.0)
    assert end.status == OLD


def test_a_busy_computer_is_told_on_the_line() -> None:
    busy = replace(RUNNING, slowdown=4.2, eta_seconds=300.0)
    _, shown = followed(Play(RUNNING, busy, STOPPED))
    assert shown.splitlines()[-1].endswith("5분 0초 남음 · 컴퓨터가 바빠 4배 느림")


def test_before_there_is_an_eta_the_line_names_the_timing() -> None:
    _, shown = followed(Play(replace(RUNNING, eta_seconds=None), STOPPED))
    assert "첫 걸음을 재고 있습니다." in shown
    _, shown = followed(Play(RUNNING, STOPPED))
    assert "첫 걸음을 재고 있습니다." not in shown
