"""Trainer ↔ run folder: what happened is written down, and STOP is heard at every step."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from kakaobot.runs.run import Point, Run, Status
from kakaobot.train.distributed import ProcessGroup
from kakaobot.train.eval_prompts import Metric, selection_score
from kakaobot.train.pace import Pace

_HEARTBEAT_SECONDS = 1.0
_TRAINING = "학습 중입니다."
_BUSY = (
    "컴퓨터가 다른 일로 바빠 학습이 처음보다 약 {times:.0f}배 느립니다. "
    "다른 프로그램을 닫으면 다시 빨라집니다."
)
_ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")


class SyncCallback(TrainerCallback):
    """Has every process do what the main one decided; added after whatever decides.

    A STOP is heard and patience is lost in the main process. Whoever went on alone would wait for
    the others for ever.
    """

    def __init__(self, ranks: ProcessGroup) -> None:
        self._ranks = ranks

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._agree(control)

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._agree(control)

    def _agree(self, control: TrainerControl) -> None:
        for name, decided in self._ranks.told(dict(vars(control))).items():
            setattr(control, name, decided)


class RunCallback(TrainerCallback):
    """Writes status, metrics and adapters of one run.

    Args:
        tokens_fed: called with nothing, gives the tokens the trainer has been fed so far.
        save_adapter: writes the model's adapter into a folder.
        chat_template: saved beside every adapter.
        patience: evaluations without a better loss after which training ends; 0 for never.
        steps_per_epoch: steps in which each conversation comes once.
        rehearse: has prompts answered at a step and tells how far their voice is from the room's;
            it asks back at every token whether it shall end. None where nothing is asked.
        metric: what the best adapter is chosen by.
        answered_every: evaluations from one with answers to the next, where the loss alone decides.
    """

    def __init__(
        self,
        run: Run,
        status: Status,
        *,
        tokens_fed: Callable[[], int],
        save_adapter: Callable[[Path], None],
        chat_template: str,
        patience: int,
        steps_per_epoch: float,
        rehearse: Callable[[int, Callable[[], bool]], float | None] | None = None,
        metric: Metric = "eval_loss",
        answered_every: int = 4,
    ) -> None:
        self.run = run
        self.status = status
        self.ended_early = False
        self.stopped = False
        self._tokens_fed = tokens_fed
        self._save_adapter = save_adapter
        self._chat_template = chat_template
        self._patience = patience
        self._rehearse = rehearse
        self._metric = metric
        self._answered_every = answered_every
        self._signalled = False
        self._steps_per_epoch = steps_per_epoch
        self._began: tuple[float, int] | None = None
        self._step_began = 0.0
        self._training_seconds = 0.0
        self._pace = Pace(status.start_pace)
        self._tokens_before = 0
        self._evaluations = [point for point in run.points() if point.kind == "eval_loss"]

    def listen(self) -> None:
        """Let Ctrl+C and a polite kill mean the same as STOP."""
        for number in _signals():
            signal.signal(number, self._on_signal)

    @property
    def heard_a_signal(self) -> bool:
        """Whether Ctrl+C or a polite kill came."""
        return self._signalled

    def listen_no_more(self) -> None:
        """Let go: who listens is not forgotten, nor the model it trains."""
        for number in _signals():
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
        if self._began is None:
            # After the evaluation of the bare base, which comes once.
            self._step_began = time.perf_counter()
            self._began = self._step_began, state.global_step

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._time_step()
        if state.global_step >= state.max_steps:
            control.should_evaluate = True
        elif self._asked_to_stop:
            self._stop(control)
        if time.time() - self.status.heartbeat > _HEARTBEAT_SECONDS:
            self._write(**self._progress(state))

    def on_prediction_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if time.time() - self.status.heartbeat > _HEARTBEAT_SECONDS:
            self._write(message="검증 중입니다.")

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
        loss = float((metrics or {})["eval_loss"])
        point = Point(state.global_step, "eval_loss", loss, time.time())
        self.run.append(point)
        self._evaluations.append(point)
        self._write(eval_loss=loss, **self._progress(state))
        due = self._answers_are_due(state.global_step, state.max_steps, int(args.eval_steps or 1))
        voice = self._voice(state.global_step) if due else None
        self._write(**self._progress(state))
        # Step 0 is the base without an adapter: a mark to compare with, nothing to keep.
        if state.global_step:
            self._keep_if_best(state.global_step, loss, voice)
        if state.global_step and state.global_step < state.max_steps and self._asked_to_stop:
            self._stop(control)
        elif self._out_of_patience():
            self.ended_early = True
            control.should_save = control.should_training_stop = True
        self._step_began = time.perf_counter()

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        checkpoint = self.run.path / f"checkpoint-{state.global_step}"

        def copy(folder: Path) -> None:
            for name in _ADAPTER_FILES:
                shutil.copyfile(checkpoint / name, folder / name)
            self._write_template(folder)

        self.run.swap_in("latest", copy)
        self.run.complete(checkpoint)
        self._step_began = time.perf_counter()

    def finish(self, **changes: Any) -> None:
        """Write the last status."""
        self._write(slowdown=None, **changes)

    def _answers_are_due(self, step: int, last: int, every: int) -> bool:
        """At each evaluation where the voice decides, else at some: speaking takes its time."""
        decides = self._metric != "eval_loss"
        return decides or step == last or (step // every) % self._answered_every == 0

    def _voice(self, step: int) -> float | None:
        """How far the answers' voice is from the room's, written down; nothing on a STOP."""
        if self._rehearse is None:
            return None

        def enough() -> bool:
            if time.time() - self.status.heartbeat > _HEARTBEAT_SECONDS:
                self._write(message="대답해 보며 말투를 재는 중입니다.")
            return self._asked_to_stop

        voice = self._rehearse(step, enough)
        if voice is not None:
            self.run.append(Point(step, "voice", voice, time.time()))
            self._write(voice=voice)
        return voice

    def _keep_if_best(self, step: int, loss: float, voice: float | None) -> None:
        stands, status = selection_score(self._metric, loss, voice), self.status
        # What stood best by another metric is no match.
        best = status.best_standing if status.best_metric == self._metric else None
        if best is None or stands < best:
            self.run.swap_in("best", self._write_adapter)
            self._write(
                best_eval_loss=loss,
                best_step=step,
                best_voice=voice,
                best_standing=stands,
                best_metric=self._metric,
            )

    @property
    def _asked_to_stop(self) -> bool:
        return self._signalled or self.run.asked_to_stop

    def _stop(self, control: TrainerControl) -> None:
        """Save now. An evaluation that is due can wait, the user cannot."""
        self.stopped = True
        control.should_evaluate = False
        control.should_save = control.should_training_stop = True

    def _out_of_patience(self) -> bool:
        best = self.status.best_step or 0
        since = sum(point.step > best for point in self._evaluations)
        return bool(self._patience) and since >= self._patience

    def _time_step(self) -> None:
        """Take in a step, from the end of the one before, evaluations and saves left out.

        Not from its own beginning: a graphics card goes on computing after the step was handed to
        it, and is waited for when the loss is logged.
        """
        now, tokens = time.perf_counter(), self._tokens_fed()
        self._training_seconds += now - self._step_began
        self._pace.add(now - self._step_began, tokens - self._tokens_before)
        self._step_began, self._tokens_before = now, tokens

    def _progress(self, state: TrainerState) -> dict[str, Any]:
        slowdown, seconds = self._pace.slowdown, self._training_seconds
        return {
            "step": state.global_step,
            "max_steps": state.max_steps,
            "epoch": round(state.global_step / self._steps_per_epoch, 3),
            "tokens_per_second": self._tokens_before / seconds if seconds else None,
            "eta_seconds": self._eta(state) if self._pace.seconds_per_token else None,
            "start_pace": self._pace.start,
            "slowdown": slowdown,
            "message": _BUSY.format(times=slowdown) if slowdown else _TRAINING,
        }

    def _eta(self, state: TrainerState) -> float:
        """Seconds left at the current pace, with evaluations and saves as frequent as so far."""
        assert self._began is not None
        began, first = self._began
        tokens_per_step = self._tokens_before / (state.global_step - first)
        step = tokens_per_step * self._pace.seconds_per_token
        all_of_it = (time.perf_counter() - began) / self._training_seconds
        return (state.max_steps - state.global_step) * step * all_of_it

    def _write_adapter(self, folder: Path) -> None:
        self._save_adapter(folder)
        self._write_template(folder)

    def _write_template(self, folder: Path) -> None:
        (folder / "chat_template.jinja").write_text(
            self._chat_template, encoding="utf-8", newline="\n"
        )

    def _write(self, **changes: Any) -> None:
        self.status = replace(self.status, heartbeat=time.time(), **changes)
        self.run.write_status(self.status)

    def _on_signal(self, *_: object) -> None:
        self._signalled = True


def _signals() -> list[signal.Signals]:
    names = ("SIGINT", "SIGTERM", "SIGBREAK")
    return [getattr(signal, name) for name in names if hasattr(signal, name)]
