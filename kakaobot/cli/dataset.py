"""The command `preprocess`."""

from __future__ import annotations

from argparse import Namespace

from kakaobot.app.datasets import Datasets
from kakaobot.app.estimates import Estimates
from kakaobot.cli.console import format_columns
from kakaobot.cli.context import CommandContext
from kakaobot.cli.hints import command_hint
from kakaobot.dataset.build_report import BuildReport, report_to_json
from kakaobot.display_name import display_name, display_names
from kakaobot.errors import DatasetError

_MAX_PARTICIPANTS = 10


def preprocess(args: Namespace, context: CommandContext) -> None:
    console = context.console
    datasets = Datasets(context.home)
    report = datasets.report() if args.report else datasets.build(console.progress)
    if report is None:
        raise DatasetError("만든 데이터가 없습니다. --report 없이 preprocess 를 먼저 하세요.")
    if not args.report:
        console.progress(1.0, "다 했습니다")
    if args.json:
        console.print_json(report_to_json(report))
    else:
        console.print(format_columns(_rows(report)), end="")
    if not args.report:
        estimate = Estimates(context.home).get(console.progress)
        datasets.update_report_page(estimate, console.progress)
        console.progress(1.0, "보고서를 다 썼습니다")
    if not args.json:
        console.notify(f"그림이 있는 보고서: {datasets.report_page()}")
        console.notify(f"다음: {command_hint('train')}")
    for warning in filter(None, (report.warning, datasets.outdated_reason(report))):
        console.notify(f"주의: {warning}")


def _rows(report: BuildReport) -> list[tuple[str, str]]:
    others = len(report.participants) - _MAX_PARTICIPANTS
    more = f" 외 {others}명" if others > 0 else ""
    return [
        ("방", display_name(report.room) or "모든 방"),
        ("배우는 사람", display_name(report.persona) or "방 전체"),
        ("사람", display_names(report.participants[:_MAX_PARTICIPANTS]) + more),
        *([("이름", "모두 지어낸 이름으로 바꿈")] if report.has_pseudonyms else []),
        ("읽은 메시지", f"{report.messages:,}개"),
        *((f"뺀 것: {reason}", f"{count:,}개") for reason, count in report.removed),
        ("대화 묶음", f"{report.sessions:,}개 (차례 {report.turns:,}개)"),
        ("학습", f"{report.train_rows:,}줄, 배울 대답 {report.train_replies:,}개"),
        ("검증", f"{report.val_rows:,}줄, 배울 대답 {report.val_replies:,}개"),
        ("학습 토큰", f"{report.tokens:,}개 가운데 {report.target_tokens:,}개를 배움"),
        ("가장 긴 줄", f"{report.longest_row:,}토큰 (한도 {report.max_seq_len:,})"),
        ("토크나이저", report.tokenizer),
    ]
