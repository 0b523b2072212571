"""Training snapshots → text and JSON of `train`, `stop` and `status`."""

from __future__ import annotations

from dataclasses import asdict

from kakaobot.app.quiz_tallies import fool_rate_rows
from kakaobot.app.training_snapshot import TrainingSnapshot
from kakaobot.cli.console import format_columns
from kakaobot.cli.context import PRACTICE
from kakaobot.cli.hints import command_hint
from kakaobot.display_name import display_name
from kakaobot.language import tr
from kakaobot.likeness import (
    LIKENESS_TITLE,
    likeness_note,
    likeness_text,
    run_likeness_text,
)
from kakaobot.runs.eval_samples import EvalPrompt, EvalTranscript
from kakaobot.runs.exit_reason import LAST_LINE_LABEL
from kakaobot.runs.labels import STATE_LABELS, duration_text
from kakaobot.runs.status import Status
from kakaobot.train.forecast import timing_note


def start_text(snapshot: TrainingSnapshot, resume_step: int) -> str:
    mode = (
        tr("{resume_step:,}단계부터 이어서 배웁니다").format(resume_step=resume_step)
        if resume_step
        else tr("처음부터 배웁니다")
    )
    lines = [
        tr("학습 '{run}': {mode}.").format(run=snapshot.run, mode=mode),
        tr("바탕 모델: {base}. {base_reason}").format(
            base=snapshot.base, base_reason=snapshot.base_reason
        ),
    ]
    if snapshot.practice:
        lines.append(PRACTICE)
    return "\n".join(lines)


def end_text(snapshot: TrainingSnapshot, runs_folder: str) -> str:
    """How the run ended, its best step, and the next command."""
    status = snapshot.status
    if status.state == "finished":
        lines = [
            tr("학습을 마쳤습니다: {run}, {step:,}단계.").format(run=snapshot.run, step=status.step)
        ]
    else:
        lines = [
            tr("{step:,}단계에서 저장하고 멈췄습니다: {run}").format(
                step=status.step, run=snapshot.run
            ),
            tr("이어서 배우기: {command_hint}").format(command_hint=command_hint("train")),
        ]
    if status.best_eval_loss is not None and status.best_step is not None:
        lines.append(
            tr("가장 좋은 때: {best_step:,}단계 (검증 손실 {best_eval_loss:.3f})").format(
                best_step=status.best_step, best_eval_loss=status.best_eval_loss
            )
        )
    if snapshot.likeness:
        shown = run_likeness_text(snapshot.likeness, status.best_step)
        lines.append(f"{LIKENESS_TITLE}: {shown}")
    if snapshot.can_chat:
        chat = command_hint("chat", ("--run", [snapshot.run]))
        lines += [
            tr("어댑터: {runs_folder}/{run}").format(runs_folder=runs_folder, run=snapshot.run),
            tr("대화하기: {chat}").format(chat=chat),
        ]
    else:
        lines.append(tr("아직 대화할 수 있는 어댑터는 없습니다."))
    return "\n".join(lines) + "\n"


def status_line(snapshot: TrainingSnapshot) -> str:
    """The progress of a run in one line."""
    status = snapshot.status
    if status.state != "running" or not status.max_steps:
        return status.message or STATE_LABELS[status.state]
    percent = 100 * status.step // status.max_steps
    parts = [
        tr("{percent:3d}%  {step:,}/{max_steps:,}단계").format(
            percent=percent, step=status.step, max_steps=status.max_steps
        )
    ]
    if status.loss is not None:
        parts.append(tr("손실 {loss:.3f}").format(loss=status.loss))
    if status.best_eval_loss is not None:
        label = tr("최저") if status.best_metric == "eval_loss" else tr("가장 좋은 때의")
        parts.append(
            tr("{label} 검증 손실 {best_eval_loss:.3f}").format(
                label=label, best_eval_loss=status.best_eval_loss
            )
        )
    if snapshot.likeness and not snapshot.likeness.unknown:
        parts.append(f"{LIKENESS_TITLE} {likeness_text(snapshot.likeness)}")
    if status.tokens_per_second is not None:
        parts.append(
            tr("{tokens_per_second:,.0f}토큰/초").format(tokens_per_second=status.tokens_per_second)
        )
    if status.eta_seconds is not None:
        parts.append(
            tr("{eta_seconds} 남음").format(
                eta_seconds=duration_text(status.eta_seconds, fixed=True)
            )
        )
    elif note := timing_note(status):
        parts.append(note)
    if status.slowdown is not None:
        parts.append(tr("컴퓨터가 바빠 {slowdown:.0f}배 느림").format(slowdown=status.slowdown))
    return " · ".join(parts)


def status_table(snapshot: TrainingSnapshot) -> str:
    """A table of labels and values."""
    status = snapshot.status
    summary = next((run for run in snapshot.runs if run.name == snapshot.run), None)
    best_step = (
        tr(" ({best_step:,}단계)").format(best_step=status.best_step)
        if status.best_step is not None
        else ""
    )
    best = tr("가장 낮은") if status.best_metric == "eval_loss" else tr("가장 좋은 때의")
    speed = (
        tr("{tokens_per_second:,.0f}토큰/초").format(tokens_per_second=status.tokens_per_second)
        if status.tokens_per_second
        else "-"
    )
    rows = [
        (tr("학습"), snapshot.run),
        (tr("상태"), tr("저장하고 멈추는 중") if snapshot.stopping else STATE_LABELS[status.state]),
        (tr("단계"), f"{status.step:,}/{status.max_steps:,}"),
        (tr("바탕 모델"), summary.base if summary else snapshot.base),
        (tr("배운 사람"), display_name(summary.persona if summary else "") or tr("방 전체")),
        (tr("손실"), _number(status.loss)),
        (tr("검증 손실"), _number(status.eval_loss)),
        (tr("{best} 검증 손실").format(best=best), _number(status.best_eval_loss) + best_step),
        *_likeness_rows(snapshot),
        *(fool_rate_rows(summary.quiz) if summary else []),
        (tr("빠르기"), speed),
        (tr("남은 시간"), _time_left(status)),
        (tr("대화"), tr("할 수 있음") if snapshot.can_chat else tr("아직 할 수 없음")),
    ]
    if status.message:
        rows.append((tr("하는 일") if snapshot.can_stop else tr("마지막 말"), status.message))
    rows += [(LAST_LINE_LABEL, line) for line in snapshot.last_lines.splitlines()]
    if not snapshot.can_stop and snapshot.can_start and snapshot.resume_step:
        rows.append(
            (
                tr("다음"),
                tr("train 을 하면 {resume_step:,}단계부터 이어집니다.").format(
                    resume_step=snapshot.resume_step
                ),
            )
        )
    rows += [(tr("참고"), note) for note in status.notes]
    return format_columns(rows)


def eval_samples_text(transcript: EvalTranscript, best_step: int | None) -> str:
    """Each eval prompt with its sampled replies by step and the reference reply."""
    samples = transcript.selected(best_step)
    if not samples or not transcript.prompts:
        return tr(
            "같은 말에 대답해 본 것이 없습니다. training.sample_replies 를 1 이상으로 두세요.\n"
        )
    figures = [
        (_step_label(sample.step, best_step), likeness_text(sample.likeness))
        for sample in samples
        if sample.likeness
    ]
    blocks = [f"{LIKENESS_TITLE}\n{format_columns(figures, indent='   ')}"] if figures else []
    for index, prompt in enumerate(transcript.prompts):
        rows = [
            (
                _step_label(sample.step, best_step),
                _on_one_line("".join(sample.replies[index : index + 1])),
            )
            for sample in samples
        ]
        rows.append((tr("방에서 실제로"), _on_one_line(prompt.reference)))
        title = f"{index + 1}. {_prompt_text(prompt)}"
        blocks.append(f"{title}\n{format_columns(rows, indent='   ')}")
    has_best = any(sample.step == best_step for sample in samples)
    return "\n".join(blocks) + (tr("\n● 가장 좋은 때\n") if has_best else "")


def snapshot_json(snapshot: TrainingSnapshot) -> dict[str, object]:
    return {
        "run": snapshot.run,
        **snapshot.status.to_json(),
        "likeness": snapshot.likeness.to_json() if snapshot.likeness else None,
        "stopping": snapshot.stopping,
        "base": snapshot.base,
        "base_reason": snapshot.base_reason,
        "practice": snapshot.practice,
        "can_start": snapshot.can_start,
        "can_stop": snapshot.can_stop,
        "can_talk": snapshot.can_chat,
        "resume_step": snapshot.resume_step,
        "why_not": snapshot.start_blocker,
    }


def eval_samples_json(transcript: EvalTranscript) -> dict[str, object]:
    return {
        "asked": [prompt.to_json() for prompt in transcript.prompts],
        "samples": [asdict(sample) for sample in transcript.samples],
    }


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _time_left(status: Status) -> str:
    if status.eta_seconds is not None:
        return duration_text(status.eta_seconds, fixed=True)
    return timing_note(status) or "-"


def _likeness_rows(snapshot: TrainingSnapshot) -> list[tuple[str, str]]:
    """The likeness and what it means, if replies were sampled."""
    likeness = snapshot.likeness
    if likeness is None:
        return []
    shown = run_likeness_text(likeness, snapshot.status.best_step)
    people = [
        (f"  {display_name(part.name)}", likeness_text(part)) for part in likeness.participants
    ]
    return [(LIKENESS_TITLE, shown), *people, ("", likeness_note(likeness))]


def _prompt_text(prompt: EvalPrompt) -> str:
    messages = [
        f"{display_name(message.name)}: {_on_one_line(message.content)}"
        if message.name
        else _on_one_line(message.content)
        for message in prompt.context
    ]
    target = f" → {display_name(prompt.participant)}" if prompt.participant else ""
    return f"{'  '.join(messages) or tr('(대화의 첫마디)')}{target}"


def _step_label(step: int, best_step: int | None) -> str:
    return (tr("{step:,}단계").format(step=step) if step else tr("배우기 전")) + (
        " ●" if step == best_step else ""
    )


def _on_one_line(text: str) -> str:
    return " / ".join(line for line in text.splitlines() if line.strip()) or "-"
