"""Line report of an export → HTML. Pure."""

from __future__ import annotations

from kakaobot.app.exports import (
    LINE_KIND_LABELS,
    LineReport,
    summarize_captions,
    summarize_line_counts,
)
from kakaobot.display_name import display_name
from ui.presenters import export_format_name
from ui.render.templating import render


def line_report_card(report: LineReport, *, shows_lines: bool = True) -> str:
    """Line counts as a bar and a sum, and the lines that no rule matched."""
    return render(
        "line_report",
        report=report,
        shows_lines=shows_lines,
        about=f"{export_format_name(report.format)} ({report.format}) · "
        f"{display_name(report.room)}",
        counts={kind: getattr(report.counts, kind) for kind in LINE_KIND_LABELS},
        names=LINE_KIND_LABELS,
        sum=summarize_line_counts(report.lines, report.counts),
        captions=summarize_captions(report.captions),
    )
