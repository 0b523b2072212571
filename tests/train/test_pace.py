"""Pace of steps on a busy computer, and the time left that follows from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import TrainerControl, TrainerState, TrainingArguments

from kakaobot.runs.run import Run
from kakaobot.runs.status import Status
from kakaobot.train.callback import RunCallback
from kakaobot.train.pace import RECENT_STEPS, START_STEPS, Pace

TOKENS = (900, 120, 410, 75, 640, 300)
"""Per step, in turn: batches differ in length."""


def add_steps(pace: Pace, steps: int, seconds_per_token: float) -> Pace:
    for number in range(steps):
        tokens = TOKENS[number % len(TOKENS)]
        pace.add(tokens * seconds_per_token, tokens)
    return pace


def test_a_steady_run_has_no_slowdown_whatever_its_batches() -> None:
    pace = Pace()
    for number in range(200):
        tokens = TOKENS[number % len(TOKENS)]
        # A constant cost per step, and noise.
        pace.add(0.02 + tokens * 0.001 * (0.8 + 0.4 * (number * 7 % 11) / 11), tokens)
        assert pace.slowdown is None
    assert pace.seconds_per_token == pytest.approx(0.001, rel=0.2)


def test_threefold_slowdown_is_reported_within_five_steps_and_withdrawn() -> None:
    pace = add_steps(Pace(), 40, 0.001)
    assert pace.slowdown is None
    add_steps(pace, RECENT_STEPS, 0.0031)
    assert pace.slowdown == pytest.approx(3.1)
    assert pace.seconds_per_token == pytest.approx(0.0031)
    # Hysteresis between the two thresholds, so that the message does not flicker.
    add_steps(pace, RECENT_STEPS, 0.0025)
    assert pace.slowdown == pytest.approx(2.5)
    add_steps(pace, RECENT_STEPS, 0.0011)
    assert pace.slowdown is None
    assert pace.seconds_per_token == pytest.approx(0.0011, rel=0.1)


def test_twofold_slowdown_changes_the_pace_but_is_not_reported() -> None:
    pace = add_steps(add_steps(Pace(), 40, 0.001), RECENT_STEPS, 0.002)
    assert pace.slowdown is None
    assert pace.seconds_per_token == pytest.approx(0.002)


def test_expensive_short_rows_are_no_slowdown() -> None:
    pace, total_seconds, total_tokens = Pace(), 0.0, 0
    for number in range(120):
        tokens = 800 if number % 5 == 0 else 100
        seconds = 0.1 + tokens * 1e-4
        pace.add(seconds, tokens)
        total_seconds, total_tokens = total_seconds + seconds, total_tokens + tokens
        assert pace.slowdown is None
    # The pace also counts the rarer, longer batches.
    assert pace.seconds_per_token == pytest.approx(total_seconds / total_tokens, rel=0.1)


def test_a_step_too_short_for_the_clock_is_ignored() -> None:
    pace = Pace()
    for _ in range(30):
        pace.add(0.0, 100)
    assert (pace.seconds_per_token, pace.start) == (0.0, None)


def test_a_single_long_step_is_no_slowdown() -> None:
    pace = add_steps(Pace(), 40, 0.001)
    pace.add(30.0, 300)
    add_steps(pace, 4, 0.001)
    assert pace.slowdown is None


def test_the_first_step_is_not_measured() -> None:
    pace = Pace()
    pace.add(60.0, 100)
    assert pace.seconds_per_token == 0
    assert add_steps(pace, START_STEPS, 0.001).start == pytest.approx(0.001)


def test_a_resumed_worker_is_compared_with_the_start_of_the_run() -> None:
    pace = add_steps(Pace(start=0.001), RECENT_STEPS + 1, 0.004)
    assert pace.slowdown == pytest.approx(4)


class FakeClock:
    """Stands in for the `time` module; advanced by hand."""

    now = 1000.0

    def perf_counter(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


class FakeTraining:
    """A run of 1,000 steps whose callback is called by hand."""

    def __init__(self, folder: Path, clock: FakeClock, status: Status) -> None:
        self.run = Run(folder)
        self.run.path.mkdir(exist_ok=True)
        self.clock, self.tokens = clock, 0
        self.state = TrainerState(global_step=0, max_steps=1000)
        arguments = TrainingArguments(output_dir=str(folder))
        self.options: tuple[TrainingArguments, TrainerState, TrainerControl]
        self.options = arguments, self.state, TrainerControl()
        self.callback = RunCallback(
            self.run, status, trained_tokens=lambda: self.tokens,
            save_adapter=lambda folder: None, chat_template="", patience=0, steps_per_epoch=10,
        )  # fmt: skip
        self.callback.on_train_begin(*self.options)

    def train(self, steps: int, seconds_per_token: float) -> Status:
        for _ in range(steps):
            self.callback.on_step_begin(*self.options)
            tokens = TOKENS[self.state.global_step % len(TOKENS)]
            self.tokens += tokens
            self.clock.now += tokens * seconds_per_token
            self.state.global_step += 1
            self.callback.on_step_end(*self.options)
            self.callback.on_log(*self.options, logs={"loss": 1.0})
        return self.run.recorded_status()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    clock = FakeClock()
    monkeypatch.setattr("kakaobot.train.callback.time", clock)
    return clock


def test_status_shows_a_busy_computer_and_the_time_left(tmp_path: Path, clock: FakeClock) -> None:
    training = FakeTraining(tmp_path / "main", clock, Status())
    mean = sum(TOKENS) / len(TOKENS)
    calm = training.train(60, 0.01)
    assert calm.message == "학습 중입니다."
    assert calm.slowdown is None
    assert calm.eta_seconds == pytest.approx(940 * mean * 0.01, rel=0.02)
    busy = training.train(RECENT_STEPS, 0.04)
    assert busy.slowdown == pytest.approx(4)
    assert "바빠 학습이 처음보다 약 4배 느립니다." in busy.message
    assert busy.eta_seconds == pytest.approx(935 * mean * 0.04, rel=0.1)
    again = training.train(RECENT_STEPS, 0.01)
    assert again.slowdown is None
    assert again.message == "학습 중입니다."
    assert again.eta_seconds == pytest.approx(930 * mean * 0.01, rel=0.1)


def test_a_resumed_run_keeps_the_pace_of_its_start(tmp_path: Path, clock: FakeClock) -> None:
    first = FakeTraining(tmp_path / "main", clock, Status()).train(20, 0.01)
    assert first.start_pace == pytest.approx(0.01)
    training = FakeTraining(tmp_path / "main", clock, first.restarted())
    assert training.train(RECENT_STEPS + 1, 0.05).slowdown == pytest.approx(5)
    # An ended run shows no slowdown.
    training.callback.finish(26)
    assert training.run.recorded_status().slowdown is None


def test_evaluations_between_steps_count_for_the_time_left_only(
    tmp_path: Path, clock: FakeClock
) -> None:
    training = FakeTraining(tmp_path / "main", clock, Status())
    for _ in range(8):
        # More than three times as long as all steps.
        status = training.train(2, 0.01)
        clock.now += 60
        training.callback.on_evaluate(*training.options, metrics={"eval_loss": 1.0})
    assert status.slowdown is None
    assert status.tokens_per_second == pytest.approx(100)
    mean = sum(TOKENS) / len(TOKENS)
    left = training.run.recorded_status().eta_seconds
    assert left == pytest.approx(984 * (mean * 0.01 + 30), rel=0.1)
