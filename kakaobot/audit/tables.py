"""The tables of a report in Korean, for terminal and window."""

from __future__ import annotations

from typing import NamedTuple

from kakaobot.audit.advice import KIND_LABELS, rate_text
from kakaobot.audit.report import AuditReport
from kakaobot.display_name import display_sentence


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
        "앞부분만 주었을 때 뒤를 그대로 말한 줄", "", ("", "배운 말투", "바탕 모델"), tuple(rows)
    )


def _entities(report: AuditReport) -> ReportTable:
    shown = [finding for finding in report.entities if finding.is_worth_showing]
    replies = max((finding.adapter.emitted.trials for finding in shown), default=0)
    rows = (
        TableRow(
            (
                finding.entity_type,
                f"{finding.in_room:,}가지",
                f"{finding.adapter.emitted.hits:,}번",
                f"{finding.adapter.leaked.hits:,}번",
                f"{finding.base.leaked.hits:,}번",
                f"{finding.adapter.tags.hits:,}번",
            ),
            finding.is_leaking,
        )
        for finding in shown
    )
    head = ("종류", "방에 있는 것", "말함", "방의 것 그대로", "바탕 모델", "꼬리표로")
    hint = f"대답 {replies:,}개를 받아 보았습니다. 숫자는 그것이 들어 있던 대답의 수입니다."
    return ReportTable("개인정보", hint, head, tuple(rows))


def _exposures(report: AuditReport) -> ReportTable:
    rows = (
        TableRow(
            (
                display_sentence(exposure.label),
                f"{exposure.repeats:,}번" if exposure.repeats else "",
                f"{exposure.bits:.1f}비트",
                f"{exposure.base_bits:.1f}비트",
                "알고 있음" if exposure.is_known else "",
            ),
            exposure.is_known,
        )
        for exposure in report.exposures
    )
    compared = max((exposure.compared for exposure in report.exposures), default=1)
    most = max((exposure.most_bits for exposure in report.exposures), default=0.0)
    hint = (
        f"비슷한 줄 {compared:,}개 가운데 얼마나 먼저 떠올리는지입니다. 모르면 1비트 안팎, "
        f"확실히 알면 {most:.0f}비트입니다."
    )
    head = ("줄", "심은 수", "배운 말투", "바탕 모델", "")
    return ReportTable("심어 둔 비밀과 건넨 줄", hint, head, tuple(rows))
