"""Trainer events → run folder: status, metrics and adapters; STOP → trainer control."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from kakaobot.language import tr
from kakaobot.runs.checkpoints import ADAPTER_FILES, CHAT_TEMPLATE
from kakaobot.runs.metrics import Point
from kakaobot.runs.run import Run
from kakaobot.runs.status import Status
from kakaobot.train.eval_prompts import Metric, selection_score
from kakaobot.train.pace import Pace

_HEARTBEAT_SECONDS = 1.0
_TRAINING = tr("학습 중입니다.")
_BUSY = tr(
    "컴퓨터가 다른 일로 바빠 학습이 처음보다 약 {times:.0f}배 느립니다. "
    "다른 프로그램을 닫으면 다시 빨라집니다."
)
_METRIC_NAMES: dict[Metric, str] = {
    "eval_loss": tr("검증 손실이"),
    "voice": tr("말투가"),
    "both": tr("검증 손실과 말투가"),
}


class RunCallback(TrainerCallback):
    """Writes status, metrics and adapters of one run.

    Args:
        run: the run folder.
        status: the status written last.
        trained_tokens: returns the tokens trained on so far.
        save_adapter: writes the model's adapter into a folder.
        chat_template: saved beside every adapter.
        patience: evaluations without a better one after which training ends; 0 for no limit.
        steps_per_epoch: may be fractional.
        style_evaluation: samples replies at a step and returns their style distance; calls its
            second argument at every token to know whether to stop.
        metric: selects the best adapter.
        sampling_interval: evaluations from one style evaluation to the next, if the loss alone
            selects the best adapter.
    """

    def __init__(
        self,
        run: Run,
        status: Status,
        *,
        trained_tokens: Callable[[], int],
        save_adapter: Callable[[Path], None],
        chat_template: str,
        patience: int,
        steps_per_epoch: float,
        style_evaluation: Callable[[int, Callable[[], bool]], float | None] | None = None,
        metric: Metric = "eval_loss",
        sampling_interval: int = 4,
    ) -> None:
        self.run = run
        self.status = status
        self.ended_early = False
        self.stopped = False
        self.interrupted = False
        """Whether a signal asked to stop."""
        self._trained_tokens = trained_tokens
        self._save_adapter = save_adapter
        self._chat_template = chat_template
        self._patience = patience
        self._style_evaluation = style_evaluation
        self._metric = metric
        self._sampling_interval = sampling_interval
        self.added_score: Callable[[], float] = lambda: 0.0
        """Returns what the last evaluation adds to the score of the best adapter."""
        self._steps_per_epoch = steps_per_epoch
        self._start: tuple[float, int] | None = None
        """Time and step before the first step of this worker."""
        self._step_start = 0.0
        self._training_seconds = 0.0
        self._pace = Pace(status.start_pace)
        self._last_tokens = 0
        self._evaluations = [point for point in run.points() if point.kind == "eval_loss"]

    def install_signal_handlers(self) -> None:
        """Let SIGINT and SIGTERM mean the same as STOP."""
        for number in _stop_signals():
            signal.signal(number, self._on_signal)

    def remove_signal_handlers(self) -> None:
        """Restore the default handlers, which do not keep the model alive."""
        for number in _stop_signals():
            signal.signal(number, signal.SIG_DFL)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._write(
            state="running",
            step=state.global_step,
            max_steps=state.max_steps,
            resumed_from=state.global_step,
            message=_TRAINING,
        )

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if self._start is None:
            # Not earlier: the initial evaluation of the bare base is not training time.
            self._step_start = time.perf_counter()
            self._start = self._step_start, state.global_step

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._time_step()
        if state.global_step >= state.max_steps:
            control.should_evaluate = True
        elif self._stop_requested:
            self._stop(control)
        if self._heartbeat_due:
            self._write(**self._progress(state))

    def on_prediction_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if self._heartbeat_due:
            self._write(message=tr("검증 중입니다."))

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        if logs and "loss" in logs:
            self.run.append(Point(state.global_step, "loss", float(logs["loss"]), time.time()))
            self._write(
                loss=float(logs["loss"]),
                learning_rate=float(logs.get("learning_rate") or 0.0),
                **self._progress(state),
            )

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        step, loss = state.global_step, float((metrics or {})["eval_loss"])
        point = Point(step, "eval_loss", loss, time.time())
        self.run.append(point)
        self._evaluations.append(point)
        self._write(eval_loss=loss, **self._progress(state))
        due = self._style_evaluation_due(step, state.max_steps, int(args.eval_steps or 1))
        distance = self._style_distance(step) if due else None
        self._write(**self._progress(state))
        # Step 0 is the base without an adapter: a baseline, nothing to save.
        if step:
            self._save_if_best(step, loss, distance)
        if step and step < state.max_steps and self._stop_requested:
            self._stop(control)
        elif self._out_of_patience():
            self.ended_early = True
            control.should_save = control.should_training_stop = True
        self._step_start = time.perf_counter()

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        checkpoint = self.run.checkpoints.path(state.global_step)

        def copy(folder: Path) -> None:
            for name in ADAPTER_FILES:
                shutil.copyfile(checkpoint / name, folder / name)
            self._write_template(folder)

        self.run.checkpoints.replace_adapter("latest", copy)
        self.run.checkpoints.mark_complete(checkpoint)
        self._step_start = time.perf_counter()

    def keep_alive(self, message: str) -> bool:
        """Show that the worker is at something else than training. Returns whether to stop."""
        if self._heartbeat_due:
            self._write(message=message)
        return self._stop_requested

    def finish(self, step: int, conclusion: str = "") -> None:
        """Write the last status of a run that did not fail, ending with `conclusion` if any."""
        if self.stopped:
            message = tr(
                "{step}단계에서 저장하고 멈췄습니다. 다시 시작하면 여기서 이어집니다."
            ).format(step=step)
        elif self.ended_early:
            metric = _METRIC_NAMES[self._metric]
            message = tr("{metric} 더 나아지지 않아 {step}단계에서 끝냈습니다.").format(
                metric=metric, step=step
            )
        else:
            message = tr("{step}단계를 모두 마쳤습니다.").format(step=step)
        if conclusion:
            message += f" {conclusion}"
        elif best := self.status.best_step:
            message += tr(" 가장 좋았던 {best}단계에서 배운 것으로 대화할 수 있습니다.").format(
                best=best
            )
        self._write(
            state="stopped" if self.stopped else "finished",
            step=step,
            eta_seconds=None,
            slowdown=None,
            message=message,
        )

    def _style_evaluation_due(self, step: int, last: int, eval_steps: int) -> bool:
        """At every evaluation if the metric needs it, else less often, as sampling takes time."""
        needed = self._metric != "eval_loss"
        return needed or step == last or (step // eval_steps) % self._sampling_interval == 0

    def _style_distance(self, step: int) -> float | None:
        """Measure and record the style distance; None on a STOP."""
        if self._style_evaluation is None:
            return None

        distance = self._style_evaluation(
            step, lambda: self.keep_alive(tr("대답해 보며 말투를 재는 중입니다."))
        )
        if distance is not None:
            self.run.append(Point(step, "voice", distance, time.time()))
            self._write(style_distance=distance)
        return distance

    def _save_if_best(self, step: int, loss: float, distance: float | None) -> None:
        status = self.status
        score = selection_score(self._metric, loss, distance) + self.added_score()
        # Scores of another metric are not comparable.
        best = status.best_score if status.best_metric == self._metric else None
        if best is None or score < best:
            self.run.checkpoints.replace_adapter("best", self._write_adapter)
            self._write(
                best_eval_loss=loss,
                best_step=step,
                best_style_distance=distance,
                best_score=score,
                best_metric=self._metric,
            )

    @property
    def _stop_requested(self) -> bool:
        return self.interrupted or self.run.stop_requested

    @property
    def _heartbeat_due(self) -> bool:
        return time.time() - self.status.heartbeat > _HEARTBEAT_SECONDS

    def _stop(self, control: TrainerControl) -> None:
        """Save and stop now, without an evaluation that may be due."""
        self.stopped = True
        control.should_evaluate = False
        control.should_save = control.should_training_stop = True

    def _out_of_patience(self) -> bool:
        best = self.status.best_step or 0
        evaluations = sum(point.step > best for point in self._evaluations)
        return bool(self._patience) and evaluations >= self._patience

    def _time_step(self) -> None:
        """Record a step, timed from the end of the last one without evaluations and saves.

        Not from its own start: a GPU computes asynchronously and is only waited for when the loss
        is logged.
        """
        now, tokens = time.perf_counter(), self._trained_tokens()
        self._training_seconds += now - self._step_start
        self._pace.add(now - self._step_start, tokens - self._last_tokens)
        self._step_start, self._last_tokens = now, tokens

    def _progress(self, state: TrainerState) -> dict[str, Any]:
        slowdown, seconds = self._pace.slowdown, self._training_seconds
        return {
            "step": state.global_step,
            "max_steps": state.max_steps,
            "epoch": round(state.global_step / self._steps_per_epoch, 3),
            "tokens_per_second": self._last_tokens / seconds if seconds else None,
            "eta_seconds": self._eta(state) if self._pace.seconds_per_token else None,
            "start_pace": self._pace.start,
            "slowdown": slowdown,
            "message": _BUSY.format(times=slowdown) if slowdown else _TRAINING,
        }

    def _eta(self, state: TrainerState) -> float:
        """Seconds left at the current pace, with evaluations and saves as frequent as so far."""
        assert self._start is not None
        start_time, start_step = self._start
        tokens_per_step = self._last_tokens / (state.global_step - start_step)
        seconds_per_step = tokens_per_step * self._pace.seconds_per_token
        overhead = (time.perf_counter() - start_time) / self._training_seconds
        return (state.max_steps - state.global_step) * seconds_per_step * overhead

    def _write_adapter(self, folder: Path) -> None:
        self._save_adapter(folder)
        self._write_template(folder)

    def _write_template(self, folder: Path) -> None:
        (folder / CHAT_TEMPLATE).write_text(self._chat_template, encoding="utf-8", newline="\n")

    def _write(self, **changes: Any) -> None:
        self.status = replace(self.status, heartbeat=time.time(), **changes)
        self.run.write_status(self.status)

    def _on_signal(self, *_: object) -> None:
        self.interrupted = True


def _stop_signals() -> list[signal.Signals]:
    names = ("SIGINT", "SIGTERM", "SIGBREAK")
    return [getattr(signal, name) for name in names if hasattr(signal, name)]
