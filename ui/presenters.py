"""Snapshots → view values. Pure: imports neither gradio nor torch."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kakaobot.app.training import SILENCE_SECONDS
from kakaobot.app.training_snapshot import TrainingSnapshot
from kakaobot.chat.lines import ChatLine
from kakaobot.display_name import display_name
from kakaobot.likeness import Likeness, run_likeness_text
from kakaobot.runs.eval_samples import EvalTranscript
from kakaobot.runs.exit_reason import without_last_line
from kakaobot.runs.history import RunSummary
from kakaobot.runs.labels import duration_text
from kakaobot.runs.status import LIVE, Status
from kakaobot.train.forecast import timing_note
from ui import chat_text, text
from ui.series import likeness_curve, loss_curve

Tone = Literal["calm", "live", "good", "warn", "bad"]

KILL_AFTER = 15.0
"""Seconds a stop may take before the kill button appears."""

_MAX_NAME = 14
"""Characters of a name in a list."""
_WORD_JOINER = "\u2060"
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
    loss_chart: dict[str, object]
    likeness_chart: dict[str, object]
    eval_samples: EvalTranscript
    best_step: int | None
    log: str
    last_lines: str
    """End of the log; empty unless the run has failed."""
    runs: tuple[RunSummary, ...]
    status_line: str


def training_view(snapshot: TrainingSnapshot, *, stopping_for: float = 0.0) -> TrainingView:
    """Values of the training tab.

    Args:
        snapshot: the run to show.
        stopping_for: seconds since a stop was requested.
    """
    status, live = snapshot.status, snapshot.status.state in LIVE
    stopping = live and snapshot.stopping
    best, can_start = status.best_step, snapshot.can_start
    base, reason = snapshot.base, snapshot.base_reason
    return TrainingView(
        headline=_headline(snapshot),
        tone="warn" if stopping else _TONES[status.state],
        detail=_detail(snapshot),
        percent=percent(status),
        busy=live and not status.max_steps,
        facts=_facts(status, snapshot.likeness),
        practice=reason if snapshot.practice else "",
        base=f"{base} — {reason}" if reason else base,
        start=ButtonView(
            _start_label(snapshot), enabled=can_start, visible=not live, primary=can_start
        ),
        stop=ButtonView(text.STOP, enabled=snapshot.can_stop and not stopping, visible=live),
        kill=ButtonView(text.KILL, visible=stopping and stopping_for >= KILL_AFTER),
        new=ButtonView(text.NEW_RUN, visible=not live and bool(snapshot.run)),
        to_chat=ButtonView(
            text.TO_CHAT, visible=snapshot.can_chat, primary=not (live or can_start)
        ),
        loss_chart=loss_curve(snapshot.points, best),
        likeness_chart=likeness_curve(
            snapshot.eval_samples.samples, snapshot.points, snapshot.likeness
        ),
        eval_samples=snapshot.eval_samples,
        best_step=best,
        log=snapshot.log,
        last_lines=snapshot.last_lines if status.state == "failed" else "",
        runs=snapshot.runs,
        status_line=status_line(snapshot),
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


def run_label(run: RunSummary) -> str:
    return text.RUN_LABEL.format(name=display_name(run.name), state=text.SHORT_STATES[run.state])


def bubbles(lines: Sequence[ChatLine], note: str = "") -> list[dict[str, str]]:
    """Lines of a conversation as messages of `gr.Chatbot`, one per bubble.

    The first bubble of a model turn carries its name and the AI mark, so that a copied
    conversation keeps both.

    Args:
        lines: the conversation.
        note: a last bubble by the program itself.
    """
    messages: list[dict[str, str]] = []
    previous = None
    for line in lines:
        if line.is_break:
            messages.append({"role": "assistant", "content": small_note(line.text)})
            previous = None
            continue
        if line.from_user:
            messages.append({"role": "user", "content": _inert(line.text)})
            previous = None
            continue
        name = line.name or text.UNKNOWN_NAME
        first, *rest = line.text.split("\n")
        if name != previous:
            first = f"{display_name(name)} · {text.AI_MARK}\n{first}"
        messages += [{"role": "assistant", "content": _inert(part)} for part in (first, *rest)]
        previous = name
    return [*messages, {"role": "assistant", "content": _inert(note)}] if note else messages


def line_of_bubble(lines: Sequence[ChatLine], index: object) -> int | None:
    """Which line the message with this index in `bubbles` belongs to; None if none does."""
    ends = itertools.accumulate(len(bubbles([line])) for line in lines)
    numbers = (
        number for number, end in enumerate(ends) if isinstance(index, int) and 0 <= index < end
    )
    return next(numbers, None)


def original_text(content: object) -> str:
    """The text of a message that the chatbot sends back."""
    return content.replace(_WORD_JOINER, "") if isinstance(content, str) else ""


def small_note(note: str) -> str:
    """A note of the program that is shown small and without a bubble."""
    return f"{chat_text.NOTE_MARK}{note}"


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


def _inert(content: str) -> str:
    """Text that gradio's chatbot does not interpret as HTML.

    It interprets tags and entities even with Markdown off, and its copy button copies the raw
    value. A word joiner after `<` and `&` keeps both intact.
    """
    return _MARKUP.sub(f"\\g<0>{_WORD_JOINER}", content)


def _headline(snapshot: TrainingSnapshot) -> str:
    status = snapshot.status
    if status.state in LIVE and snapshot.stopping:
        return text.STOPPING
    progress = percent(status)
    if status.state == "running" and progress is not None:
        return f"{text.STATES['running']} — {progress}%"
    return text.STATES[status.state]


def _detail(snapshot: TrainingSnapshot) -> tuple[str, ...]:
    status = snapshot.status
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
