"""What the chat says about itself: header, comparison, copies and audit → HTML. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kakaobot.app.comparison import Answers
from kakaobot.app.personas import Persona
from kakaobot.app.quiz_tallies import fool_rate_rows
from kakaobot.audit.advice import KIND_LABELS, advise
from kakaobot.audit.report import AuditReport, RecitedLine
from kakaobot.audit.tables import report_tables
from kakaobot.chat.copy_meter import Overlap
from kakaobot.display_name import display_name
from kakaobot.likeness import LIKENESS_TITLE
from kakaobot.runs.labels import minute_text
from kakaobot.schema import ChatMessage
from ui import chat_text
from ui.render.templating import render

QuotedLine = tuple[RecitedLine, Sequence[ChatMessage]]
"""A recited line and the messages up to it."""


def chat_header(persona: Persona) -> str:
    """Base, adapter, step, data, likeness and fool rate; what is not known is left out."""
    room = display_name(persona.room) if persona.room else chat_text.ALL_ROOMS
    replies = persona.replies and chat_text.LEARNED_REPLIES.format(count=persona.replies)
    data = ", ".join(str(part) for part in (room, _period_text(persona), replies) if part)
    facts = (
        (chat_text.HEADER_BASE, persona.base),
        (chat_text.HEADER_ADAPTER, _adapter_text(persona.adapter, persona.step)),
        (chat_text.HEADER_DATA, data),
        (LIKENESS_TITLE, persona.likeness),
        *fool_rate_rows(persona.quiz)[:1],
    )
    return render("chat_header", facts=facts)


def comparison(message: str, answers: Answers) -> str:
    """The two answers side by side."""
    sides = (
        ("base", chat_text.COMPARE_BASE, chat_text.COMPARE_BASE_NOTE, answers.base),
        ("adapter", chat_text.COMPARE_ADAPTER, chat_text.COMPARE_ADAPTER_NOTE, answers.adapter),
    )
    return render(
        "compare",
        message=message,
        name=answers.name,
        waiting=answers.note or chat_text.COMPARE_WAITING,
        sides=[
            {
                "key": key,
                "title": title,
                "note": note,
                "bubbles": bubbles,
                "learned": key == "adapter",
            }
            for key, title, note, bubbles in sides
        ],
    )


def copy_note(overlap: Overlap) -> str:
    """How much of a reply is copied; empty if that is nothing to speak of."""
    if not overlap.is_high:
        return ""
    sentence = chat_text.COPY_FOUND.format(letters=overlap.length, share=round(100 * overlap.share))
    return render("copy_note", sentence=sentence, is_high=True)


def no_copy_note(reason: str) -> str:
    """Why replies are not compared with what was learned."""
    sentence = chat_text.COPY_UNKNOWN.format(reason=reason)
    return render("copy_note", sentence=sentence, is_high=False)


def copy_source(messages: Sequence[ChatMessage]) -> str:
    """A training reply in its conversation."""
    title = chat_text.COPY_TITLE if messages else chat_text.COPY_GONE
    return render("quoted", title=title, messages=messages)


def audit_report(
    report: AuditReport, lines: Sequence[QuotedLine], *, outdated: bool = False
) -> str:
    """A report with its advice.

    Args:
        report: the counts.
        lines: recited lines that are shown, the first of all.
        outdated: whether the adapter has learned more since.
    """
    kind = _adapter_text(report.adapter, report.step)
    return render(
        "audit",
        subtitle=chat_text.AUDIT_OF.format(time=minute_text(report.written_at), kind=kind),
        outdated=outdated,
        advice=advise(report),
        tables=report_tables(report),
        lines=[_quoted_line(line, messages) for line, messages in lines if messages],
        lines_note=_lines_note(report, lines),
    )


def _adapter_text(kind: str, step: int | None) -> str:
    name = chat_text.ADAPTER_NAMES.get(kind, kind)
    return chat_text.AT_STEP.format(kind=name, step=step) if step else name


def _period_text(persona: Persona) -> str:
    first, last = (month.replace("-", ".") for month in persona.period)
    return first if first == last else f"{first}~{last}"


def _quoted_line(line: RecitedLine, messages: Sequence[ChatMessage]) -> dict[str, Any]:
    note = chat_text.AUDIT_LINE_KNOWN.format(count=line.known_letters)
    return {"messages": messages, "note": f"{KIND_LABELS[line.kind]} · {note}"}


def _lines_note(report: AuditReport, lines: Sequence[QuotedLine]) -> str:
    if len(lines) == len(report.recited):
        return ""
    return chat_text.AUDIT_LINES_MORE.format(count=len(report.recited))
