"""The command `audit`: what an adapter has memorized. Requires the password."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from kakaobot.app.audit import Audits
from kakaobot.app.auth import PasswordGate
from kakaobot.app.chat import ChatService
from kakaobot.audit.advice import KIND_LABELS, advise, rate_text
from kakaobot.audit.exposure import Exposure
from kakaobot.audit.report import AuditReport, EntityFinding, report_to_json
from kakaobot.cli.console import Console, decode, format_columns
from kakaobot.cli.context import CommandContext
from kakaobot.cli.parser import UsageError
from kakaobot.display_name import display_sentence


def audit(args: Namespace, context: CommandContext) -> None:
    """Audit an adapter, or with --report print its last report.

    Raises:
        AccessDenied: before anything is read.
    """
    gate = PasswordGate.from_home(context.home)
    access = context.authenticate(gate)
    chat = ChatService(context.home, gate)
    audits = Audits(context.home, gate, chat)
    console = context.console
    if args.report:
        report = audits.report(access, args.run)
        if report is None:
            raise UsageError("아직 점검한 적이 없습니다. --report 없이 다시 실행하세요.")
    else:
        console.notify(display_sentence(chat.persona(args.run).description))
        lines = _lines(Path(args.lines)) if args.lines else ()
        report = None
        for progress in audits.run(access, args.run, lines):
            console.progress(progress.share, progress.text)
            report = progress.report
        assert report is not None
    _print(report, console, as_json=args.json)


def _lines(file: Path) -> tuple[str, ...]:
    text = decode(file.read_bytes())
    lines = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not lines:
        raise UsageError(f"{file.name} 에 줄이 없습니다.")
    return lines


def _print(report: AuditReport, console: Console, *, as_json: bool) -> None:
    if as_json:
        console.print_json(report_to_json(report))
        return
    step = f" {report.step:,}단계" if report.step else ""
    console.print(f"외운 말 점검 ({report.written_at},{step} 어댑터)\n")
    rows = [("", "어댑터", "바탕"), *_recitation_rows(report)]
    console.print(format_columns(rows), end="")
    if entities := [*_entity_rows(report)]:
        header = ("", "방에 있는 것", "말한 대답", "방에 실제로 있는 것", "바탕이 말한 것", "꼬리표")
        console.print("\n" + format_columns([header, *entities]), end="")
    if report.exposures:
        header = ("", "심은 수", "알아보는 세기", "바탕", "")
        rows = [header, *map(_exposure_row, report.exposures)]
        console.print("\n" + format_columns(rows), end="")
    console.print("\n" + "\n".join(advise(report)))


def _recitation_rows(report: AuditReport) -> Iterator[tuple[str, str, str]]:
    for item in report.recitations:
        yield KIND_LABELS[item.kind], rate_text(item.adapter), rate_text(item.base)


def _entity_rows(report: AuditReport) -> Iterator[tuple[str, ...]]:
    """Types that stand in the room or that a reply had."""
    for finding in report.entities:
        if finding.is_worth_showing:
            yield _entity_row(finding)


def _entity_row(finding: EntityFinding) -> tuple[str, ...]:
    adapter, base = finding.adapter, finding.base
    return (
        finding.entity_type,
        f"{finding.in_room:,}가지",
        f"{adapter.emitted.hits:,}번",
        f"{adapter.leaked.hits:,}번",
        f"{base.leaked.hits:,}번",
        f"{adapter.tags.hits:,}번",
    )


def _exposure_row(exposure: Exposure) -> tuple[str, ...]:
    return (
        display_sentence(exposure.label),
        f"{exposure.repeats:,}번" if exposure.repeats else "",
        f"{exposure.bits:.1f} 비트",
        f"{exposure.base_bits:.1f} 비트",
        "알고 있음" if exposure.is_known else "",
    )
