"""The commands `feedback` and `refine`: what was said about replies, and learning from it."""

from __future__ import annotations

import time
from argparse import Namespace
from dataclasses import asdict

from kakaobot.app.auth import PasswordGate
from kakaobot.app.feedback import KIND_LABELS, Feedback
from kakaobot.app.refining import RefineOffer, Refining
from kakaobot.app.training import Training
from kakaobot.app.training_snapshot import TrainingSnapshot
from kakaobot.cli.console import format_columns
from kakaobot.cli.context import CommandContext
from kakaobot.cli.hints import command_hint
from kakaobot.cli.parser import UsageError
from kakaobot.cli.training import follow, report_follows
from kakaobot.dataset.feedback import FeedbackEntry
from kakaobot.display_name import display_name
from kakaobot.errors import RunError
from kakaobot.language import tr
from kakaobot.runs.labels import minute_text

_MAX_SHOWN = 30
"""Characters of a reply in the table."""
_TITLES = (
    tr("번호"),
    tr("때"),
    tr("누구"),
    tr("무엇"),
    tr("앞의 말"),
    tr("대답"),
    tr("이 사람이라면"),
)


def feedback(args: Namespace, context: CommandContext) -> None:
    """List the feedback, or delete some of it.

    Raises:
        AccessDenied: before anything is read.
        DatasetError: there is no entry of that number.
    """
    gate = PasswordGate.from_home(context.home)
    access, console = context.authenticate(gate), context.console
    service = Feedback(context.home, gate)
    for number in [_number(text) for text in args.delete]:
        service.delete(access, number)
        console.notify(tr("{number}번 고친 말을 지웠습니다.").format(number=number))
    if args.delete:
        return
    entries = service.entries(access, args.run)
    if args.json:
        console.print_json([asdict(entry) for entry in entries])
    elif entries:
        console.print(format_columns([_TITLES, *map(_columns, entries)]), end="")
        console.print(
            tr("\n다시 배우기: {command_hint}").format(command_hint=command_hint("refine"))
        )
    else:
        console.print(tr("고친 말이 없습니다. 창의 '대화'에서 대답 아래의 단추로 모읍니다."))


def refine(args: Namespace, context: CommandContext) -> None:
    """Start or continue a refine, and follow it.

    Raises:
        AccessDenied: before anything is read.
        RunError: it cannot start, or it fails.
    """
    gate = PasswordGate.from_home(context.home)
    access, console = context.authenticate(gate), context.console
    training = Training(context.home)
    refining = Refining(context.home, gate, training)
    offer = refining.offer(access, args.run)
    if args.dry_run:
        console.print(_offer_text(offer))
        return
    if offer.blocker:
        raise RunError(offer.blocker)
    console.notify(_offer_text(offer))
    started_at = time.time()
    name = refining.start(access, args.run).run
    console.notify(tr("학습 '{name}': Ctrl+C 를 누르면 저장하고 멈춥니다.").format(name=name))
    with report_follows(context):
        snapshot = follow(training, name, console, started_at=started_at)
        console.print(_end_text(snapshot), end="")


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise UsageError(tr("번호가 아닙니다: {text}").format(text=text)) from error


def _columns(entry: FeedbackEntry) -> tuple[str, ...]:
    said = entry.context[-1].text if entry.context else ""
    return (
        str(entry.id),
        minute_text(entry.at),
        display_name(entry.name),
        KIND_LABELS[entry.kind],
        *map(_shortened, (said, entry.reply, entry.wanted)),
    )


def _shortened(text: str) -> str:
    line = " / ".join(text.split("\n"))
    line = "".join(char if char.isprintable() else "?" for char in line)
    return line if len(line) <= _MAX_SHOWN else f"{line[:_MAX_SHOWN]}…"


def _offer_text(offer: RefineOffer) -> str:
    lines = [offer.blocker] if offer.blocker else []
    if offer.learned:
        kept = (
            tr(" {held_out}개는 배우지 않고 확인하는 데 씁니다.").format(held_out=offer.held_out)
            if offer.held_out
            else ""
        )
        goes_on = tr("이어서 ") if offer.resumes else ""
        lines.append(
            tr(
                "'{source}' 의 어댑터에서 고친 말 {learned}개로 {goes_on}다시 배웁니다.{kept}"
            ).format(source=offer.source, learned=offer.learned, goes_on=goes_on, kept=kept)
        )
    lines += [
        tr("배우지 않는 말: {reason} {count}개").format(reason=tr(reason), count=count)
        for reason, count in offer.left_out
    ]
    return "\n".join(lines)


def _end_text(snapshot: TrainingSnapshot) -> str:
    message = snapshot.status.message
    if snapshot.status.state == "finished":
        hint = tr("대화하기: {command_hint}").format(command_hint=command_hint("chat"))
    else:
        hint = tr("이어서 배우기: {command_hint}").format(command_hint=command_hint("refine"))
    return f"{message}\n{hint}\n"
