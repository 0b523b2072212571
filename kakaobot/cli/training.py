"""The verbs that train and follow a run: train, stop, status."""

from __future__ import annotations

import time
from argparse import Namespace
from dataclasses import asdict
from typing import Protocol

from kakaobot.app.estimates import estimate, timing_note
from kakaobot.app.training import Training, TrainingSnapshot
from kakaobot.cli.console import Console, format_columns
from kakaobot.cli.context import PRACTICE, CommandContext
from kakaobot.errors import RunError
from kakaobot.runs.eval_samples import EvalTranscript
from kakaobot.runs.labels import STATE_LABELS, duration_text
from kakaobot.runs.run import LOG
from kakaobot.runs.status import Status

_TICK = 1.0
"""Seconds between two looks at the run."""


class TrainingControl(Protocol):
    """What following needs of `kakaobot.app.training.Training`."""

    def snapshot(self, run: str = "") -> TrainingSnapshot: ...
    def stop(self, run: str = "") -> TrainingSnapshot: ...
    def wait(self, run: str, timeout: float) -> bool: ...


def train(args: Namespace, desk: CommandContext) -> None:
    """Start, resume or attach, then follow. Raises RunError when the run fails."""
    training, console = Training(desk.home), desk.console
    if args.dry_run:
        console.say("\n".join(estimate(desk.home).sentences))
        return
    live = "" if args.new else training.adopt()
    began = 0.0
    if live:
        console.tell(f"이미 진행 중인 학습 '{live}' 에 붙었습니다.")
    else:
        resume = 0 if args.new else training.snapshot().resume_step
        began = time.time()
        now = training.start(new=args.new)
        live = now.run
        console.tell(_opening(now, resume))
    console.tell("Ctrl+C 를 누르면 저장하고 멈춥니다.")
    console.say(_ending(follow(training, live, console, began=began), desk), end="")


def stop(args: Namespace, desk: CommandContext) -> None:
    training, console = Training(desk.home), desk.console
    run = training.stop(args.run).run
    if not args.wait:
        console.say(
            f"학습 '{run}' 에 멈추라고 했습니다. 저장하고 끝나는 모습은 status --watch 로 봅니다."
        )
        return
    while not training.wait(run, _TICK):
        console.live(f"저장하고 끝나기를 기다립니다. {_line(training.snapshot(run).status)}")
    console.say(_ending(_ended(training.snapshot(run)), desk), end="")


def status(args: Namespace, desk: CommandContext) -> None:
    training, console = Training(desk.home), desk.console
    now = training.snapshot(args.run)
    if args.watch and now.can_stop:
        now = _watch(training, now, console, as_json=args.json)
    if args.json:
        record = {**_record(now), **(_answers(now.eval_samples) if args.samples else {})}
        console.print_json(record, indent=None if args.watch else 1)
    elif now.run:
        console.say(format_columns(_rows(now)), end="")
        if args.samples:
            console.say("\n" + eval_samples_text(now.eval_samples, now.status.best_step), end="")
    else:
        console.say(f"아직 학습한 적이 없습니다. {now.start_blocker or 'train 으로 시작하세요.'}")


def follow(
    training: TrainingControl, run: str, console: Console, *, began: float = 0.0
) -> TrainingSnapshot:
    """Show a run until its worker has ended. Ctrl+C asks it to stop; a second one leaves.

    Args:
        training: where the run is.
        run: its name.
        console: where it is shown.
        began: Unix time before which nothing was said by this worker.

    Raises:
        RunError: the run failed.
        KeyboardInterrupt: the second Ctrl+C; the worker goes on saving.
    """
    told: set[str] = set()
    interrupted = asked = False
    while True:
        try:
            if interrupted and not asked:
                asked = _ask_to_stop(training, run)
            if training.wait(run, _TICK):
                return _ended(training.snapshot(run), began)
            said = training.snapshot(run).status
            fresh = said.heartbeat >= began
            for note in said.notes if fresh else ():
                if note not in told:
                    console.tell(f"참고: {note}")
                    told.add(note)
            console.live(_line(said) if fresh else "학습 프로세스를 시작하는 중")
        except KeyboardInterrupt:
            if interrupted:
                # Not even one STOP has reached a worker that was just being born.
                asked = asked or _ask_to_stop(training, run)
                console.tell(
                    "먼저 나옵니다. 학습 프로세스는 혼자 저장을 마칩니다. status 로 확인하세요."
                    if asked
                    else "먼저 나옵니다. 학습은 계속됩니다. stop 으로 멈출 수 있습니다."
                )
                raise
            interrupted = True
            console.tell("저장하고 멈추는 중입니다. 다시 Ctrl+C 를 누르면 기다리지 않고 나옵니다.")


def _ask_to_stop(training: TrainingControl, run: str) -> bool:
    """Whether it could be asked; a worker that has not said a word yet cannot."""
    try:
        training.stop(run)
    except RunError:
        return False
    return True


def _ended(now: TrainingSnapshot, began: float = 0.0) -> TrainingSnapshot:
    """The last snapshot of a run whose worker has ended.

    Raises:
        RunError: it did not end in one of the ordinary ways.
    """
    said = now.status
    if said.state in ("stopped", "finished") and said.heartbeat >= began:
        return now
    if said.state == "failed" and said.message:
        raise RunError(said.message)
    last = now.log.splitlines()[-1:] or ["없음"]
    raise RunError(
        f"학습 프로세스가 시작하자마자 끝났습니다. {LOG} 를 확인하세요. 마지막 기록: {last[0]}"
    )


def _watch(
    training: TrainingControl, now: TrainingSnapshot, console: Console, *, as_json: bool
) -> TrainingSnapshot:
    seen = None
    while not training.wait(now.run, _TICK):
        now = training.snapshot(now.run)
        record = _record(now)
        if not as_json:
            console.live(_line(now.status))
        elif record != seen:
            console.print_json(record, indent=None)
            console.flush()
        seen = record
    return training.snapshot(now.run)


def _opening(now: TrainingSnapshot, resume: int) -> str:
    how = f"{resume:,}단계부터 이어서 배웁니다" if resume else "처음부터 배웁니다"
    lines = [f"학습 '{now.run}': {how}.", f"바탕 모델: {now.base}. {now.base_reason}"]
    if now.practice:
        lines.append(PRACTICE)
    return "\n".join(lines)


def _ending(now: TrainingSnapshot, desk: CommandContext) -> str:
    """What was saved and what to do next."""
    said, saved = now.status, f"{desk.home.settings().paths.runs}/{now.run}"
    if said.state == "finished":
        lines = [f"학습을 마쳤습니다: {now.run}, {said.step:,}단계."]
    else:
        lines = [
            f"{said.step:,}단계에서 저장하고 멈췄습니다: {now.run}",
            "이어서 배우기: python -m kakaobot train",
        ]
    if said.best_eval_loss is not None and said.best_step is not None:
        distance = said.best_style_distance
        style = f", 말투 거리 {distance:.3f}" if distance is not None else ""
        lines.append(
            f"가장 좋은 때: {said.best_step:,}단계 (검증 손실 {said.best_eval_loss:.3f}{style})"
        )
    if now.can_chat:
        lines += [f"어댑터: {saved}", "대화하기: python -m kakaobot chat"]
    else:
        lines.append("아직 대화할 수 있는 어댑터는 없습니다.")
    return "\n".join(lines) + "\n"


def _line(said: Status) -> str:
    """One run at one moment, on one line."""
    if said.state != "running" or not said.max_steps:
        return said.message or STATE_LABELS[said.state]
    parts = [f"{100 * said.step // said.max_steps:3d}%  {said.step:,}/{said.max_steps:,}단계"]
    if said.loss is not None:
        parts.append(f"손실 {said.loss:.3f}")
    if said.best_eval_loss is not None:
        name = "최저" if said.best_metric == "eval_loss" else "가장 좋은 때의"
        parts.append(f"{name} 검증 손실 {said.best_eval_loss:.3f}")
    if said.style_distance is not None:
        parts.append(f"말투 거리 {said.style_distance:.3f}")
    if said.tokens_per_second is not None:
        parts.append(f"{said.tokens_per_second:,.0f}토큰/초")
    if said.eta_seconds is not None:
        parts.append(f"{duration_text(said.eta_seconds, fixed=True)} 남음")
    elif note := timing_note(said):
        parts.append(note)
    if said.slowdown is not None:
        parts.append(f"컴퓨터가 바빠 {said.slowdown:.0f}배 느림")
    return " · ".join(parts)


def _rows(now: TrainingSnapshot) -> list[tuple[str, str]]:
    said = now.status
    own = next((run for run in now.runs if run.name == now.run), None)
    best = f" ({said.best_step:,}단계)" if said.best_step is not None else ""
    lowest = "가장 낮은" if said.best_metric == "eval_loss" else "가장 좋은 때의"
    rows = [
        ("학습", now.run),
        ("상태", "저장하고 멈추는 중" if now.stopping else STATE_LABELS[said.state]),
        ("단계", f"{said.step:,}/{said.max_steps:,}"),
        ("바탕 모델", own.base if own else now.base),
        ("배운 사람", (own.persona if own else "") or "방 전체"),
        ("손실", _number(said.loss)),
        ("검증 손실", _number(said.eval_loss)),
        (f"{lowest} 검증 손실", _number(said.best_eval_loss) + best),
        *_voice(said),
        ("빠르기", f"{said.tokens_per_second:,.0f}토큰/초" if said.tokens_per_second else "-"),
        ("남은 시간", _time_left(said)),
        ("대화", "할 수 있음" if now.can_chat else "아직 할 수 없음"),
    ]
    if said.message:
        rows.append(("하는 일" if now.can_stop else "마지막 말", said.message))
    rows += [("마지막 기록", line) for line in now.last_lines.splitlines()]
    if not now.can_stop and now.can_start and now.resume_step:
        rows.append(("다음", f"train 을 하면 {now.resume_step:,}단계부터 이어집니다."))
    return rows + [("참고", note) for note in said.notes]


def _time_left(status: Status) -> str:
    if status.eta_seconds is not None:
        return duration_text(status.eta_seconds, fixed=True)
    return timing_note(status) or "-"


def _voice(said: Status) -> list[tuple[str, str]]:
    """Nothing where no voice is measured."""
    if said.style_distance is None:
        return []
    distance = said.best_style_distance
    best = f" (가장 좋은 때 {distance:.3f})" if distance is not None else ""
    return [("말투 거리", f"{said.style_distance:.3f}{best}, 0이면 방과 같음")]


def eval_samples_text(answers: EvalTranscript, best_step: int | None) -> str:
    """Each prompt with what was answered to it, a line a step, and what was really said."""
    beside = answers.selected(best_step)
    if not beside or not answers.prompts:
        return "같은 말에 대답해 본 것이 없습니다. training.sample_replies 를 1 이상으로 두세요.\n"
    blocks = []
    for place, asked in enumerate(answers.prompts):
        said = [
            f"{message.name}: {_joined(message.content)}"
            if message.name
            else _joined(message.content)
            for message in asked.context
        ]
        rows = [
            (_when(each.step, best_step), _joined("".join(each.replies[place : place + 1])))
            for each in beside
        ]
        rows.append(("방에서 실제로", _joined(asked.reference)))
        to = f" → {asked.participant}" if asked.participant else ""
        title = f"{place + 1}. {'  '.join(said) or '(대화의 첫마디)'}{to}"
        blocks.append(f"{title}\n{format_columns(rows, indent='   ')}")
    best = "\n● 가장 좋은 때\n" if any(each.step == best_step for each in beside) else ""
    return "\n".join(blocks) + best


def _when(step: int, best: int | None) -> str:
    return (f"{step:,}단계" if step else "배우기 전") + (" ●" if step == best else "")


def _joined(words: str) -> str:
    """Bubbles on one line."""
    return " / ".join(line for line in words.splitlines() if line.strip()) or "-"


def _answers(answers: EvalTranscript) -> dict[str, object]:
    """All of them, for programs."""
    return {
        "asked": [prompt.to_json() for prompt in answers.prompts],
        "samples": [asdict(each) for each in answers.samples],
    }


def _record(now: TrainingSnapshot) -> dict[str, object]:
    return {
        "run": now.run,
        **now.status.to_json(),
        "stopping": now.stopping,
        "base": now.base,
        "base_reason": now.base_reason,
        "practice": now.practice,
        "can_start": now.can_start,
        "can_stop": now.can_stop,
        "can_talk": now.can_chat,
        "resume_step": now.resume_step,
        "why_not": now.start_blocker,
    }


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
