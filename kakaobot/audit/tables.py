"""The tables of a report in Korean, for terminal and window."""

from __future__ import annotations

from typing import NamedTuple

from kakaobot.audit.advice import KIND_LABELS, rate_text
from kakaobot.audit.report import AuditReport
from kakaobot.display_name import display_sentence
from kakaobot.language import tr


class TableRow(NamedTuple):
    cells: tuple[str, ...]
    is_bad: bool = False
    """Whether it shows something memorized."""


class ReportTable(NamedTuple):
    title: str
    hint: str
    head: tuple[str, ...]
    rows: tuple[TableRow, ...]


def report_tables(report: AuditReport) -> tuple[ReportTable, ...]:
    """The tables that have rows."""
    tables = _recitations(report), _entities(report), _exposures(report)
    return tuple(table for table in tables if table.rows)


def _recitations(report: AuditReport) -> ReportTable:
    rows = (
        TableRow((KIND_LABELS[item.kind], rate_text(item.adapter), rate_text(item.base)))
        for item in report.recitations
    )
    return ReportTable(
        tr("앞부분만 주었을 때 뒤를 그대로 말한 줄"),
        "",
        (tr("종류"), tr("배운 말투"), tr("바탕 모델")),
        tuple(rows),
    )


def _entities(report: AuditReport) -> ReportTable:
    shown = [finding for finding in report.entities if finding.is_worth_showing]
    replies = max((finding.adapter.emitted.trials for finding in shown), default=0)
    rows = (
        TableRow(
            (
                tr(finding.entity_type),
                tr("{in_room:,}가지").format(in_room=finding.in_room),
                tr("{hits:,}번").format(hits=finding.adapter.emitted.hits),
                tr("{hits:,}번").format(hits=finding.adapter.leaked.hits),
                tr("{hits:,}번").format(hits=finding.base.leaked.hits),
                tr("{hits:,}번").format(hits=finding.adapter.tags.hits),
            ),
            finding.is_leaking,
        )
        for finding in shown
    )
    head = (
        tr("종류"),
        tr("방에 있는 것"),
        tr("말함"),
        tr("방의 것 그대로"),
        tr("바탕 모델"),
        tr("꼬리표로"),
    )
    hint = tr(
        "대답 {replies:,}개를 받아 보았습니다. 숫자는 그것이 들어 있던 대답의 수입니다."
    ).format(replies=replies)
    return ReportTable(tr("개인정보"), hint, head, tuple(rows))


def _exposures(report: AuditReport) -> ReportTable:
    rows = (
        TableRow(
            (
                display_sentence(exposure.label),
                tr("{repeats:,}번").format(repeats=exposure.repeats) if exposure.repeats else "",
                tr("{bits:.1f}비트").format(bits=exposure.bits),
                tr("{base_bits:.1f}비트").format(base_bits=exposure.base_bits),
                tr("알고 있음") if exposure.is_known else "",
            ),
            exposure.is_known,
        )
        for exposure in report.exposures
    )
    compared = max((exposure.compared for exposure in report.exposures), default=1)
    most = max((exposure.most_bits for exposure in report.exposures), default=0.0)
    hint = tr(
        "비슷한 줄 {compared:,}개 가운데 얼마나 먼저 떠올리는지입니다. 모르면 1비트 "
        "안팎, 확실히 알면 {most:.0f}비트입니다."
    ).format(compared=compared, most=most)
    head = (tr("줄"), tr("심은 수"), tr("배운 말투"), tr("바탕 모델"), tr("결과"))
    return ReportTable(tr("심어 둔 비밀과 건넨 줄"), hint, head, tuple(rows))
