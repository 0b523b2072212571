"""Snapshots → what is on the screen. Pure: imports neither gradio nor torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kakaobot.app.chat import ChatLine
from kakaobot.app.estimates import timing_note
from kakaobot.app.training import SILENCE_SECONDS, TrainingSnapshot
from kakaobot.runs.eval_samples import EvalTranscript
from kakaobot.runs.history import RunSummary
from kakaobot.runs.labels import duration_text
from kakaobot.runs.status import LIVE, Status
from ui import text
from ui.series import loss_curve, style_curve

Tone = Literal["calm", "live", "good", "warn", "bad"]

PATIENCE = 15.0
"""Seconds after which a stop that has not ended offers to use force."""

_NAME = 14
"""Characters of a name in a list of several."""
_MARKUP = re.compile(r"<(?=[A-Za-z/!?])|&(?=[A-Za-z#])")
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
    headline: str
    tone: Tone
    detail: tuple[str, ...]
    """Sentences under the headline: what it does, what was saved, what can be done now."""
    percent: int | None
    """None where there is no bar to show or nothing can be said yet."""
    busy: bool
    """A bar without an end: it works, but knows no step yet."""
    facts: tuple[tuple[str, str], ...]
    practice: str
    """Why the practice model is used; empty where a real one is."""
    base: str
    start: ButtonView
    stop: ButtonView
    kill: ButtonView
    new: ButtonView
    talk: ButtonView
    chart: dict[str, object]
    voice: dict[str, object]
    answers: EvalTranscript
    best_step: int | None
    log: str
    last_lines: str
    """Of the log, where the run has failed."""
    runs: tuple[RunSummary, ...]
    status_line: str


def training_view(now: TrainingSnapshot, *, stopping_for: float = 0.0) -> TrainingView:
    """What the training tab shows; `stopping_for` is seconds since a stop was asked."""
    status, live = now.status, now.status.state in LIVE
    asked = live and now.stopping
    best = status.best_step
    return TrainingView(
        headline=_headline(now),
        tone="warn" if asked else _TONES[status.state],
        detail=_detail(now),
        percent=percent(status),
        busy=live and not status.max_steps,
        facts=_facts(status),
        practice=now.base_reason if now.practice else "",
        base=f"{now.base} — {now.base_reason}" if now.base_reason else now.base,
        start=ButtonView(
            _start_label(now), enabled=now.can_start, visible=not live, primary=now.can_start
        ),
        stop=ButtonView(text.STOP, enabled=now.can_stop and not asked, visible=live),
        kill=ButtonView(text.KILL, visible=asked and stopping_for >= PATIENCE),
        new=ButtonView(text.NEW_RUN, visible=not live and bool(now.run)),
        talk=ButtonView(text.TO_CHAT, visible=now.can_chat, primary=not (live or now.can_start)),
        chart=loss_curve(now.points, best),
        voice=style_curve(now.points, best),
        answers=now.eval_samples,
        best_step=best,
        log=now.log,
        last_lines=now.last_lines if status.state == "failed" else "",
        runs=now.runs,
        status_line=status_line(now),
    )


def estimate_title(now: TrainingSnapshot) -> str:
    """Of what is told before a start; empty while anything is being trained."""
    if any(run.state in LIVE for run in now.runs) or now.status.state in LIVE:
        return ""
    # What is told is of a whole training, not of the rest of one.
    return (
        text.ESTIMATE_TITLE
        if now.can_start and not now.resume_step
        else text.ESTIMATE_TITLE_NEW_RUN
    )


def percent(status: Status) -> int | None:
    """Whole percent of the steps; 100 is kept for a run that is finished."""
    if status.state == "finished":
        return 100
    if not status.max_steps:
        return None
    return min(99, 100 * status.step // status.max_steps)


def status_line(now: TrainingSnapshot) -> str:
    """`바탕 모델 · 학습 이름 · 상태`, in one line."""
    state = text.SHORT_STATES[now.status.state]
    done = percent(now.status)
    if now.status.state in LIVE and done is not None:
        state += " " + text.STATUS_STEP.format(
            step=now.status.step, max_steps=now.status.max_steps, percent=done
        )
    return " · ".join(part for part in (now.base, now.run, state) if part)


def run_label(run: RunSummary) -> str:
    state = text.SHORT_STATES[run.state]
    return text.RUN_LABEL.format(name=run.name, state=state)


def bubbles(lines: Sequence[ChatLine]) -> list[dict[str, str]]:
    """What was said, as a chat window takes it: one message a bubble.

    The first bubble of each of the model's turns starts with who speaks and that it is an AI: so
    the mark is also in what is copied.
    """
    shown, before = [], None
    for line in lines:
        if line.from_user:
            shown.append({"role": "user", "content": _plain(line.text)})
            before = None
            continue
        who = line.name or text.UNKNOWN_NAME
        first, *rest = line.text.split("\n")
        if who != before:
            first = f"{who} · {text.AI_MARK}\n{first}"
        shown += [{"role": "assistant", "content": _plain(words)} for words in (first, *rest)]
        before = who
    return shown


def export_format_name(format: str) -> str:
    """`W-KO` → `Windows`."""
    return text.EXPORT_FORMATS.get(format[:1], format)


def name_list(people: Sequence[str], most: int = 3) -> str:
    names = ", ".join(truncate(name, _NAME) for name in people[:most])
    if len(people) > most:
        return text.MORE_PEOPLE.format(names=names, count=len(people) - most)
    return names


def truncate(words: str, most: int) -> str:
    """`words`, or the start of them with an ellipsis."""
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def line_numbers(numbers: Sequence[int], most: int = 3) -> str:
    """`4줄 (12, 15, 20…)`; empty where every line was understood."""
    if not numbers:
        return ""
    listed = ", ".join(f"{number:,}" for number in numbers[:most])
    more = "…" if len(numbers) > most else ""
    return text.LINE_NUMBERS.format(count=f"{len(numbers):,}", lines=listed + more)


def _plain(words: str) -> str:
    """Words that gradio's chat cannot take for HTML.

    It reads tags and entities even with markdown off, and copies what it was given: an invisible
    character behind the sign keeps both the view and the copy right.
    """
    return _MARKUP.sub("\\g<0>\u2060", words)


def _headline(now: TrainingSnapshot) -> str:
    status = now.status
    if status.state in LIVE and now.stopping:
        return text.STOPPING
    done = percent(status)
    if status.state == "running" and done is not None:
        return f"{text.STATES['running']} — {done}%"
    return text.STATES[status.state]


def _detail(now: TrainingSnapshot) -> tuple[str, ...]:
    status = now.status
    message = status.message
    if now.last_lines:
        # It stands below, with those before it.
        message = message.partition(f" {text.LAST_LINES}: ")[0]
    lines = [message] if message else _what_is_left(now)
    if status.state == "running" and status.resumed_from:
        lines.append(text.RESUMED_AT.format(step=status.resumed_from))
    if note := timing_note(status):
        lines.append(note)
    if status.state == "failed":
        lines.append(text.FAILED_HINT)
    if now.silent_seconds >= SILENCE_SECONDS:
        lines.append(text.QUIET.format(time=duration_text(now.silent_seconds // 60 * 60)))
    lines += status.notes
    if now.start_blocker:
        lines.append(now.start_blocker)
    return tuple(dict.fromkeys(lines))


def _what_is_left(now: TrainingSnapshot) -> list[str]:
    """For a worker that ended without saying what can be done now."""
    if now.status.state not in ("stopped", "finished", "failed"):
        return []
    lines = []
    if now.resume_step:
        lines = [
            text.SAVED_AT.format(step=now.resume_step),
            text.CAN_RESUME.format(step=now.resume_step),
        ]
    return [*lines, text.CAN_CHAT_HINT] if now.can_chat else lines


def _facts(status: Status) -> tuple[tuple[str, str], ...]:
    live, lowest = status.state in LIVE, status.best_metric == "eval_loss"
    voice = (
        {"style": text.STYLE_DISTANCE.format(distance=status.style_distance)}
        if status.style_distance is not None
        else {}
    )
    found: dict[str, str | None] = {
        "step": text.STEP_COUNT.format(step=status.step, max_steps=status.max_steps)
        if status.max_steps
        else None,
        "loss": f"{status.loss:.3f}" if status.loss is not None else None,
        "eval": f"{status.eval_loss:.3f}" if status.eval_loss is not None else None,
        "best" if lowest else "best_step": text.BEST_LOSS.format(
            loss=status.best_eval_loss, step=status.best_step or 0
        )
        if status.best_eval_loss is not None
        else None,
        **voice,
        "speed": text.SPEED.format(speed=status.tokens_per_second)
        if status.tokens_per_second is not None
        else None,
        "eta": text.APPROXIMATELY.format(time=duration_text(status.eta_seconds))
        if live and status.eta_seconds is not None
        else None,
    }
    return tuple((text.RUN_FACTS[key], value or text.DASH) for key, value in found.items())


def _start_label(now: TrainingSnapshot) -> str:
    return text.RESUME.format(step=now.resume_step) if now.resume_step else text.START
