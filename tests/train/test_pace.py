"""The speed of steps: what a busy computer does to it, and to the time that is left."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import TrainerControl, TrainerState, TrainingArguments

from kakaobot.runs.run import Run, Status
from kakaobot.train.callback import RunCallback
from kakaobot.train.pace import RECENT, START, Pace

TOKENS = (900, 120, 410, 75, 640, 300)
"""Of one step after the other: batches differ in length."""


def fed(pace: Pace, steps: int, seconds_per_token: float) -> Pace:
    for number in range(steps):
        tokens = TOKENS[number % len(TOKENS)]
        pace.add(tokens * seconds_per_token, tokens)
    return pace


def test_a_steady_run_is_never_slow_whatever_its_batches_are() -> None:
    pace = Pace()
    for number in range(200):
        tokens = TOKENS[number % len(TOKENS)]
        # A cost of its own in each step, and noise.
        pace.add(0.02 + tokens * 0.001 * (0.8 + 0.4 * (number * 7 % 11) / 11), tokens)
        assert pace.slowdown is None
    assert pace.seconds_per_token == pytest.approx(0.001, rel=0.2)


def test_three_times_as_slow_is_told_within_five_steps_and_taken_back() -> None:
    pace = fed(Pace(), 40, 0.001)
    assert pace.slowdown is None
    fed(pace, RECENT, 0.0031)
    assert pace.slowdown == pytest.approx(3.1)
    assert pace.seconds_per_token == pytest.approx(0.0031)
    # Between the two bounds it stays as it is, so that the words do not flicker.
    fed(pace, RECENT, 0.0025)
    assert pace.slowdown == pytest.approx(2.5)
    fed(pace, RECENT, 0.0011)
    assert pace.slowdown is None
    assert pace.seconds_per_token == pytest.approx(0.0011, rel=0.1)


def test_twice_as_slow_is_not_told_but_changes_the_speed() -> None:
    pace = fed(fed(Pace(), 40, 0.001), RECENT, 0.002)
    assert pace.slowdown is None
    assert pace.seconds_per_token == pytest.approx(0.002)


def test_short_rows_that_cost_as_much_as_long_ones_are_not_taken_for_a_busy_computer() -> None:
    pace, seconds, fed = Pace(), 0.0, 0
    for number in range(120):
        tokens = 800 if number % 5 == 0 else 100
        cost = 0.1 + tokens * 1e-4
        pace.add(cost, tokens)
        seconds, fed = seconds + cost, fed + tokens
        assert pace.slowdown is None
    # Nor does the time that is left follow the majority of the batches alone.
    assert pace.seconds_per_token == pytest.approx(seconds / fed, rel=0.1)


def test_a_step_too_short_for_the_clock_is_left_out() -> None:
    pace = Pace()
    for _ in range(30):
        pace.add(0.0, 100)
    assert (pace.seconds_per_token, pace.start) == (0.0, None)


def test_one_long_step_changes_nothing() -> None:
    pace = fed(Pace(), 40, 0.001)
    pace.add(30.0, 300)
    fed(pace, 4, 0.001)
    assert pace.slowdown is None


def test_the_first_step_is_not_measured() -> None:
    pace = Pace()
    pace.add(60.0, 100)
    assert pace.seconds_per_token == 0
    assert fed(pace, START, 0.001).start == pytest.approx(0.001)


def test_a_worker_that_goes_on_is_compared_with_the_start_of_the_run() -> None:
    pace = fed(Pace(start=0.001), RECENT + 1, 0.004)
    assert pace.slowdown == pytest.approx(4)


class Clock:
    """Stands still but for what a step is said to take."""

    now = 1000.0

    def perf_counter(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


class Steps:
    """A run of 1,000 steps whose callback is told of each by hand."""

    def __init__(self, folder: Path, clock: Clock, status: Status) -> None:
        self.run = Run(folder)
        self.run.path.mkdir(exist_ok=True)
        self.clock, self.tokens = clock, 0
        self.state = TrainerState(global_step=0, max_steps=1000)
        arguments = TrainingArguments(output_dir=str(folder))
        self.options: tuple[TrainingArguments, TrainerState, TrainerControl]
        self.options = arguments, self.state, TrainerControl()
        self.callback = RunCallback(
            self.run, status, trained_tokens=lambda: self.tokens, save_adapter=lambda folder: None,
            chat_template="", patience=0, steps_per_epoch=10,
        )  # fmt: skip
        self.callback.on_train_begin(*self.options)

    def take(self, steps: int, seconds_per_token: float) -> Status:
        for _ in range(steps):
            self.callback.on_step_begin(*self.options)
            tokens = TOKENS[self.state.global_step % len(TOKENS)]
            self.tokens += tokens
            self.clock.now += tokens * seconds_per_token
            self.state.global_step += 1
            self.callback.on_step_end(*self.options)
            self.callback.on_log(*self.options, logs={"loss": 1.0})
        return self.run.said()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("kakaobot.train.callback.time", clock)
    return clock


def test_a_busy_computer_is_told_and_the_time_left_follows(tmp_path: Path, clock: Clock) -> None:
    steps = Steps(tmp_path / "main", clock, Status())
    mean = sum(TOKENS) / len(TOKENS)
    calm = steps.take(60, 0.01)
    assert calm.message == "학습 중입니다."
    assert calm.slowdown is None
    assert calm.eta_seconds == pytest.approx(940 * mean * 0.01, rel=0.02)
    busy = steps.take(RECENT, 0.04)
    assert busy.slowdown == pytest.approx(4)
    assert "바빠 학습이 처음보다 약 4배 느립니다." in busy.message
    assert busy.eta_seconds == pytest.approx(935 * mean * 0.04, rel=0.1)
    again = steps.take(RECENT, 0.01)
    assert again.slowdown is None
    assert again.message == "학습 중입니다."
    assert again.eta_seconds == pytest.approx(930 * mean * 0.01, rel=0.1)


def test_a_run_that_goes_on_keeps_the_speed_of_its_start(tmp_path: Path, clock: Clock) -> None:
    first = Steps(tmp_path / "main", clock, Status()).take(20, 0.01)
    assert first.start_pace == pytest.approx(0.01)
    from kakaobot.train.job import initial_status

    steps = Steps(tmp_path / "main", clock, initial_status(first))
    assert steps.take(RECENT + 1, 0.05).slowdown == pytest.approx(5)
    # Once it has ended, this is no longer said.
    steps.callback.finish(26)
    assert steps.run.said().slowdown is None


def test_an_evaluation_between_two_steps_is_no_part_of_them(tmp_path: Path, clock: Clock) -> None:
    steps = Steps(tmp_path / "main", clock, Status())
    for _ in range(8):
        # Longer than three times all steps.
        said = steps.take(2, 0.01)
        clock.now += 60
        steps.callback.on_evaluate(*steps.options, metrics={"eval_loss": 1.0})
    assert said.slowdown is None
    assert said.tokens_per_second == pytest.approx(100)
    # But it comes again and again in the time that is left.
    mean = sum(TOKENS) / len(TOKENS)
    left = steps.run.said().eta_seconds
    assert left == pytest.approx(984 * (mean * 0.01 + 30), rel=0.1)
