"""What became of every line of a file → HTML. Pure; whatever comes from outside is escaped here."""

from __future__ import annotations

from html import escape

from kakaobot.app.exports import LINE_KIND_LABELS, LineReport, summarize_line_counts
from ui import text
from ui.presenters import export_format_name


def line_report_card(found: LineReport) -> str:
    """A bar of the kinds of lines, their sum, and the lines that were not understood."""
    kinds = {kind: getattr(found.counts, kind) for kind in LINE_KIND_LABELS}
    bar = "".join(
        f'<i class="kb-kind-{kind}" style="flex-grow:{count}"></i>'
        for kind, count in kinds.items()
        if count
    )
    legend = "".join(
        f'<div><dt><i class="kb-kind-{kind}"></i>{LINE_KIND_LABELS[kind]}</dt><dd>{count:,}</dd>'
        f"<span>{text.LINE_KIND_NOTES[kind]}</span></div>"
        for kind, count in kinds.items()
    )
    about = f"{export_format_name(found.format)} ({found.format}) · {found.room}"
    return (
        f'<section class="kb-card kb-diagnosis" aria-label="{text.LINE_REPORT_TITLE}"><header>'
        f"<h3>{text.LINE_REPORT_TITLE}<small>{escape(found.file)}</small></h3>"
        f'<button type="button" class="kb-small" data-do="close">{text.CLOSE}</button></header>'
        f'<p class="kb-muted">{escape(about)}</p>'
        f'<div class="kb-kinds" aria-hidden="true">{bar}</div>'
        f'<p class="kb-sum">{escape(summarize_line_counts(found.lines, found.counts))}</p>'
        f'<dl class="kb-legend">{legend}</dl>{_lost(found)}</section>'
    )


def _lost(found: LineReport) -> str:
    if not found.counts.not_understood:
        return f'<p class="kb-good-text">{text.ALL_PARSED}</p>'
    rows = "".join(
        f"<tr><td>{number:,}</td><td>{escape(line)}</td></tr>"
        for number, line in found.not_understood_lines
    )
    more = text.UNPARSED_MORE.format(count=found.omitted) if found.omitted else ""
    title = text.UNPARSED_TITLE.format(count=found.counts.not_understood)
    return (
        f"<h4>{title}</h4><p class='kb-muted'>{text.UNPARSED_HINT}</p>"
        f'<div class="kb-lost"><table aria-label="{title}"><tbody>{rows}</tbody></table></div>'
        + (f'<p class="kb-muted">{more}</p>' if more else "")
    )
