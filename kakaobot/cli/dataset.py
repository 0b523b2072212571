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
from kakaobot.language import tr

_MAX_PARTICIPANTS = 10


def preprocess(args: Namespace, context: CommandContext) -> None:
    console = context.console
    datasets = Datasets(context.home)
    report = datasets.report() if args.report else datasets.build(console.progress)
    if report is None:
        raise DatasetError(tr("만든 데이터가 없습니다. --report 없이 preprocess 를 먼저 하세요."))
    if not args.report:
        console.progress(1.0, tr("다 했습니다"))
    if args.json:
        console.print_json(report_to_json(report))
    else:
        console.print(format_columns(_rows(report)), end="")
    if not args.report:
        estimate = Estimates(context.home).get(console.progress)
        datasets.update_report_page(estimate, console.progress)
        console.progress(1.0, tr("보고서를 다 썼습니다"))
    if not args.json:
        console.notify(
            tr("그림이 있는 보고서: {report_page}").format(report_page=datasets.report_page())
        )
        console.notify(tr("다음: {command_hint}").format(command_hint=command_hint("train")))
    for warning in filter(None, (report.warning, datasets.outdated_reason(report))):
        console.notify(tr("주의: {warning}").format(warning=warning))


def _rows(report: BuildReport) -> list[tuple[str, str]]:
    others = len(report.participants) - _MAX_PARTICIPANTS
    more = tr(" 외 {others}명").format(others=others) if others > 0 else ""
    return [
        (tr("방"), display_name(report.room) or tr("모든 방")),
        (tr("배우는 사람"), display_name(report.persona) or tr("방 전체")),
        (tr("사람"), display_names(report.participants[:_MAX_PARTICIPANTS]) + more),
        *([(tr("이름"), tr("모두 지어낸 이름으로 바꿈"))] if report.has_pseudonyms else []),
        (tr("읽은 메시지"), tr("{messages:,}개").format(messages=report.messages)),
        *(
            (tr("뺀 것: {reason}").format(reason=tr(reason)), tr("{count:,}개").format(count=count))
            for reason, count in report.removed
        ),
        (
            tr("대화 묶음"),
            tr("{sessions:,}개 (차례 {turns:,}개)").format(
                sessions=report.sessions, turns=report.turns
            ),
        ),
        (tr("학습"), _size(report.train_rows, report.train_replies)),
        (tr("검증"), _size(report.val_rows, report.val_replies)),
        (
            tr("학습 토큰"),
            tr("{tokens:,}개 가운데 {target_tokens:,}개를 배움").format(
                tokens=report.tokens, target_tokens=report.target_tokens
            ),
        ),
        (
            tr("가장 긴 줄"),
            tr("{longest_row:,}토큰 (한도 {max_seq_len:,})").format(
                longest_row=report.longest_row, max_seq_len=report.max_seq_len
            ),
        ),
        (tr("토크나이저"), tr(report.tokenizer)),
    ]


def _size(rows: int, replies: int) -> str:
    return tr("{train_rows:,}줄, 대답 {train_replies:,}개").format(
        train_rows=rows, train_replies=replies
    )
