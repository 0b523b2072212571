"""The command `audit`: what an adapter has memorized. Requires the password."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from kakaobot.app.audit import Audits
from kakaobot.app.auth import PasswordGate
from kakaobot.app.chat import ChatService
from kakaobot.audit.advice import advise
from kakaobot.audit.report import AuditReport, report_to_json
from kakaobot.audit.tables import report_tables
from kakaobot.cli.console import Console, decode, format_columns
from kakaobot.cli.context import CommandContext
from kakaobot.cli.parser import UsageError
from kakaobot.display_name import display_sentence
from kakaobot.language import tr
from kakaobot.runs.labels import minute_text


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
            raise UsageError(tr("아직 점검한 적이 없습니다. --report 없이 다시 실행하세요."))
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
        raise UsageError(tr("{name} 에 줄이 없습니다.").format(name=file.name))
    return lines


def _print(report: AuditReport, console: Console, *, as_json: bool) -> None:
    if as_json:
        console.print_json(report_to_json(report))
        return
    step = tr(" {step:,}단계").format(step=report.step) if report.step else ""
    console.print(
        tr("외운 말 점검 ({written_at},{step} 어댑터)\n").format(
            written_at=minute_text(report.written_at), step=step
        )
    )
    for table in report_tables(report):
        rows = [table.head, *(row.cells for row in table.rows)]
        hint = f"\n{table.hint}" if table.hint else ""
        console.print(f"{table.title}{hint}\n{format_columns(rows, indent='  ')}")
    console.print("\n".join(advise(report)))
