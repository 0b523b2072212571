"""Snapshots → view values. Pure: imports neither gradio nor torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from kakaobot.app.training import SILENCE_SECONDS
from kakaobot.app.training_snapshot import TrainingSnapshot
from kakaobot.display_name import display_name
from kakaobot.likeness import Likeness, run_likeness_text
from kakaobot.runs.eval_samples import EvalTranscript
from kakaobot.runs.exit_reason import without_last_line
from kakaobot.runs.history import RunSummary
from kakaobot.runs.labels import duration_text
from kakaobot.runs.metrics import Point
from kakaobot.runs.status import LIVE, Status
from kakaobot.train.forecast import timing_note
from ui import text
from ui.series import likeness_curve, loss_curve

Tone = Literal["calm", "live", "good", "warn", "bad"]

KILL_AFTER = 15.0
"""Seconds a stop may take before the kill button appears."""

_MAX_NAME = 14
"""Characters of a name in a list."""
_TONES: dict[str, Tone] = {
    "new": "calm",
    "starting": "live",
    "running": "live",
    "stopped": "warn",
    "finished": "good",
    "failed": "bad",
}


@dataclass(frozen=True)
class ButtonView:
    label: str
    enabled: bool = True
    visible: bool = True
    primary: bool = False


@dataclass(frozen=True)
class TrainingView:
    run: str
    headline: str
    tone: Tone
    detail: tuple[str, ...]
    """Sentences under the headline."""
    percent: int | None
    """Value of the progress bar; None for no bar or an indeterminate one."""
    busy: bool
    """Whether the progress bar is indeterminate."""
    facts: tuple[tuple[str, str], ...]
    practice: str
    """Why the practice model was selected; empty for any other base model."""
    base: str
    start: ButtonView
    stop: ButtonView
    kill: ButtonView
    new: ButtonView
    to_chat: ButtonView
    back: ButtonView
    """Back from a run that is only viewed."""
    loss_chart: dict[str, object]
    likeness_chart: dict[str, object]
    eval_samples: EvalTranscript
    best_step: int | None
    log: str
    last_lines: str
    """End of the log; empty unless the run has failed."""
    runs: tuple[RunSummary, ...]
    status_line: str
    status_tone: Tone


def training_view(
    snapshot: TrainingSnapshot,
    *,
    current: TrainingSnapshot | None = None,
    stopping_for: float = 0.0,
    curve: Callable[[Sequence[Point], int | None], dict[str, object]] = loss_curve,
) -> TrainingView:
    """Values of the training tab.

    Args:
        snapshot: the run to show.
        current: the run that the buttons and the status line are about, if it is another one.
        stopping_for: seconds since a stop was requested.
        curve: as `loss_curve`.
    """
    if current is not None and current.run != snapshot.run:
        return _viewed(snapshot, current)
    status, live = snapshot.status, snapshot.status.state in LIVE
    stopping = live and snapshot.stopping
    best, can_start = status.best_step, snapshot.can_start
    base, reason = snapshot.base, snapshot.base_reason
    tone = _tone(snapshot)
    return TrainingView(
        run=snapshot.run,
        headline=_headline(snapshot),
        tone=tone,
        detail=_detail(snapshot),
        percent=percent(status),
        busy=live and not status.max_steps,
        facts=_facts(status, snapshot.likeness),
        practice=reason if snapshot.practice else "",
        base=f"{base} — {reason}" if reason else base,
        start=ButtonView(
            _start_label(snapshot),
            enabled=can_start,
            visible=not live and not snapshot.can_start_new,
            primary=can_start,
        ),
        stop=ButtonView(text.STOP, enabled=snapshot.can_stop and not stopping, visible=live),
        kill=ButtonView(text.KILL, visible=stopping and stopping_for >= KILL_AFTER),
        new=_new_button(snapshot),
        to_chat=ButtonView(
            text.TALK_TO_RUN if _is_unlearned(snapshot) else text.TO_CHAT,
            visible=snapshot.can_chat,
            primary=not (live or can_start or _is_unlearned(snapshot)),
        ),
        back=ButtonView(text.CURRENT_AGAIN, visible=False),
        loss_chart={"run": snapshot.run, **curve(snapshot.points, best)},
        likeness_chart=likeness_curve(
            snapshot.eval_samples.samples, snapshot.points, snapshot.likeness
        ),
        eval_samples=snapshot.eval_samples,
        best_step=best,
        log=snapshot.log,
        last_lines=snapshot.last_lines if status.state == "failed" else "",
        runs=snapshot.runs,
        status_line=status_line(snapshot),
        status_tone=tone,
    )


def _viewed(snapshot: TrainingSnapshot, current: TrainingSnapshot) -> TrainingView:
    """Another run than the current one, which has actions of its own."""
    status, hidden = snapshot.status, ButtonView("", visible=False)
    if status.state == "stopped":
        # Its message tells how it goes on, which only the current run does.
        status = replace(status, message="")
    own = replace(
        snapshot,
        status=status,
        practice=False,
        is_outdated=False,
        start_blocker="",
        resume_step=0,
        dataset="",
    )
    view = training_view(own)
    summary = next(run for run in snapshot.runs if run.name == snapshot.run)
    learned = text.LEARNED.format(dataset=learned_text(summary))
    return replace(
        view,
        headline=text.VIEWED_RUN.format(run=display_name(snapshot.run)),
        tone="calm",
        detail=(f"{text.STATES[status.state]}.", *view.detail, learned),
        base=summary.base,
        start=hidden,
        stop=hidden,
        kill=hidden,
        new=hidden,
        to_chat=ButtonView(text.TALK_TO_RUN, visible=snapshot.can_chat),
        back=ButtonView(text.CURRENT_AGAIN, primary=True),
        status_line=status_line(current),
        status_tone=_tone(current),
    )


def estimate_title(snapshot: TrainingSnapshot) -> str:
    """Title of the estimate card; empty while any run is live."""
    if any(run.state in LIVE for run in snapshot.runs) or snapshot.status.state in LIVE:
        return ""
    # The estimate is for a whole run, not for the rest of one.
    is_first = snapshot.can_start and not snapshot.resume_step
    return text.ESTIMATE_TITLE if is_first else text.ESTIMATE_TITLE_NEW_RUN


def percent(status: Status) -> int | None:
    """Progress in whole percent; only a finished run has 100."""
    if status.state == "finished":
        return 100
    if not status.max_steps:
        return None
    return min(99, 100 * status.step // status.max_steps)


def status_line(snapshot: TrainingSnapshot) -> str:
    """`바탕 모델 · 학습 이름 · 상태`."""
    status, progress = snapshot.status, percent(snapshot.status)
    state = text.SHORT_STATES[status.state]
    if status.state in LIVE and progress is not None:
        state += " " + text.STATUS_STEP.format(
            step=status.step, max_steps=status.max_steps, percent=progress
        )
    return " · ".join(part for part in (snapshot.base, snapshot.run, state) if part)


def learned_text(run: RunSummary) -> str:
    """`별빛 모임 · 도담 · 대답 12개`; says so if it is unknown."""
    if not run.fingerprint:
        return text.RUN_DATA_UNKNOWN
    return text.RUN_DATA.format(
        room=display_name(run.room) or text.ALL_ROOMS,
        persona=display_name(run.persona) or text.WHOLE_ROOM,
        replies=run.replies,
    )


def run_label(run: RunSummary) -> str:
    return text.RUN_LABEL.format(name=display_name(run.name), state=text.SHORT_STATES[run.state])


def export_format_name(format: str) -> str:
    """`W-KO` → `Windows`."""
    return text.EXPORT_FORMATS.get(format[:1], format)


def name_list(names: Sequence[str], max_names: int = 3) -> str:
    """`도담, 마루, 은솔 외 2명`."""
    listed = ", ".join(display_name(name, _MAX_NAME) for name in names[:max_names])
    if len(names) > max_names:
        return text.MORE_PEOPLE.format(names=listed, count=len(names) - max_names)
    return listed


def line_numbers(numbers: Sequence[int], max_numbers: int = 3) -> str:
    """`4줄 (12, 15, 20…)`; empty without numbers."""
    if not numbers:
        return ""
    listed = ", ".join(f"{number:,}" for number in numbers[:max_numbers])
    more = "…" if len(numbers) > max_numbers else ""
    return text.LINE_NUMBERS.format(count=f"{len(numbers):,}", lines=listed + more)


def _tone(snapshot: TrainingSnapshot) -> Tone:
    state = snapshot.status.state
    stopping = snapshot.stopping and state in LIVE
    return "warn" if stopping or _is_unlearned(snapshot) else _TONES[state]


def _is_unlearned(snapshot: TrainingSnapshot) -> bool:
    """Whether a dataset waits that the newest run has not learned."""
    live = snapshot.status.state in LIVE
    return bool(snapshot.run) and snapshot.is_outdated and not live


def _new_button(snapshot: TrainingSnapshot) -> ButtonView:
    live = snapshot.status.state in LIVE
    is_next = snapshot.can_start_new and _is_unlearned(snapshot)
    label = text.START_NEW if snapshot.can_start_new else text.NEW_RUN
    return ButtonView(label, visible=not live and bool(snapshot.run), primary=is_next)


def _headline(snapshot: TrainingSnapshot) -> str:
    status = snapshot.status
    if _is_unlearned(snapshot):
        return text.OUTDATED_RUN
    if status.state in LIVE and snapshot.stopping:
        return text.STOPPING
    progress = percent(status)
    if status.state == "running" and progress is not None:
        return f"{text.STATES['running']} — {progress}%"
    return text.STATES[status.state]


def _detail(snapshot: TrainingSnapshot) -> tuple[str, ...]:
    status = snapshot.status
    if _is_unlearned(snapshot):
        # How the newest run ended says nothing about the next one.
        blocker = "" if snapshot.can_start_new else snapshot.start_blocker
        return *filter(None, (blocker,)), text.WILL_LEARN.format(dataset=snapshot.dataset)
    message = status.message
    if snapshot.last_lines:
        # The card shows the last lines of the log.
        message = without_last_line(message)
    sentences = [message] if message else _options(snapshot)
    if status.state == "running" and status.resumed_from:
        sentences.append(text.RESUMED_AT.format(step=status.resumed_from))
    if note := timing_note(status):
        sentences.append(note)
    if status.state == "failed":
        sentences.append(text.FAILED_HINT)
    if snapshot.silent_seconds >= SILENCE_SECONDS:
        whole_minutes = snapshot.silent_seconds // 60 * 60
        sentences.append(text.SILENT.format(time=duration_text(whole_minutes)))
    sentences += status.notes
    if snapshot.start_blocker:
        sentences.append(snapshot.start_blocker)
    if snapshot.dataset and status.state not in LIVE:
        sentences.append(text.WILL_LEARN.format(dataset=snapshot.dataset))
    return tuple(dict.fromkeys(sentences))


def _options(snapshot: TrainingSnapshot) -> list[str]:
    """Next steps, shown if the worker exited without a message."""
    if snapshot.status.state not in ("stopped", "finished", "failed"):
        return []
    step = snapshot.resume_step
    sentences = [text.SAVED_AT.format(step=step), text.CAN_RESUME.format(step=step)] if step else []
    return [*sentences, text.CAN_CHAT_HINT] if snapshot.can_chat else sentences


def _facts(status: Status, likeness: Likeness | None) -> tuple[tuple[str, str], ...]:
    best = "best" if status.best_metric == "eval_loss" else "best_step"
    values: dict[str, str | None] = dict.fromkeys(("step", "loss", "eval", best))
    if status.max_steps:
        values["step"] = text.STEP_COUNT.format(step=status.step, max_steps=status.max_steps)
    if status.loss is not None:
        values["loss"] = f"{status.loss:.3f}"
    if status.eval_loss is not None:
        values["eval"] = f"{status.eval_loss:.3f}"
    if status.best_eval_loss is not None:
        values[best] = text.BEST_LOSS.format(loss=status.best_eval_loss, step=status.best_step or 0)
    if likeness is not None:
        values["likeness"] = run_likeness_text(likeness, status.best_step)
    values |= dict.fromkeys(("speed", "eta"))
    if status.tokens_per_second is not None:
        values["speed"] = text.SPEED.format(speed=status.tokens_per_second)
    if status.state in LIVE and status.eta_seconds is not None:
        values["eta"] = text.APPROXIMATELY.format(time=duration_text(status.eta_seconds))
    return tuple((text.RUN_FACTS[key], value or text.DASH) for key, value in values.items())


def _start_label(snapshot: TrainingSnapshot) -> str:
    step = snapshot.resume_step
    return text.RESUME.format(step=step) if step else text.START
