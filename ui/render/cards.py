"""Small cards of the window: values → HTML. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kakaobot.app.exports import FileReport
from kakaobot.app.personas import Persona
from kakaobot.dataset.build_report import BuildReport, Example
from kakaobot.display_name import display_name
from kakaobot.report.page import render_charts
from kakaobot.runs.labels import minute_text
from kakaobot.train.forecast import Estimate
from ui import glossary_text, text
from ui.presenters import Tone, TrainingView, export_format_name, line_numbers, name_list
from ui.render.templating import render

_ICON = (Path(__file__).parent.parent / "static" / "icon.svg").read_text(encoding="utf-8")


def brand() -> str:
    """Icon, name and slogan of the program."""
    return render("brand", icon=_ICON)


def page_title(title: str) -> str:
    """The heading of a tab, for screen readers."""
    return render("page_title", title=title)


def contents() -> str:
    """The table of contents of a tab, which ui/static/contents.js fills where the tab is long."""
    return render("contents")


def note(title: str, *sentences: str, tone: Tone = "calm") -> str:
    """A box with a heading and sentences; empty sentences are omitted."""
    return render("note", title=title, sentences=sentences, tone=tone)


def notify_button() -> str:
    """The switch for a notification at the end of a training; ui/static/watch.js shows it."""
    return render("notify")


def question(title: str, *sentences: str) -> str:
    """What is asked before something is done."""
    return render("question", title=title, sentences=sentences)


UNFILLED = '<i class="kb-unfilled" hidden></i>'
"""In place of what a tab reads when it is shown: until then, nothing can be typed or pressed there.

What follows from a state that has not been read could be false, and the answer would overwrite what
is typed meanwhile.
"""


def lead(sentence: str, *details: str) -> str:
    """The sentence at the top of a tab, with smaller ones below."""
    return render("lead", sentence=sentence, details=details)


def empty(title: str, hint: str) -> str:
    """A placeholder with a hint."""
    return render("empty", title=title, hint=hint)


def status(line: str, tone: Tone) -> str:
    """The status line in the header of the window."""
    return render("status", line=line, tone=tone)


def lock_note(sentence: str) -> str:
    """The sentence of the password bar."""
    return render("lock_note", sentence=sentence)


def progress(share: float, activity: str) -> str:
    """A bar with the current activity."""
    return render("progress", activity=activity, percent=round(100 * share))


def field_error(sentence: str, hint: str = "") -> str:
    """An error beside the field that it is about; empty without one."""
    return render("field_error", sentence=sentence, hint=hint).strip()


def password_form(title: str, *sentences: str) -> str:
    """The heading of the form in which a password is set or changed."""
    return render("password_form", title=title, sentences=sentences)


def locked(title: str) -> str:
    """What a locked page shows in place of somebody's words."""
    return render("locked", title=title)


def gate_card(is_set: bool) -> str:
    """Where to enter the password, or to set one if there is none."""
    return render("gate", is_set=is_set)


def persona_card(persona: Persona) -> str:
    """The persona, marked as an AI."""
    return render("persona", persona=persona)


def export_help() -> str:
    """How to export a chat from each KakaoTalk app."""
    return render("export_help")


def files_table(files: Sequence[FileReport]) -> str:
    """One row per file, with buttons that carry the file's hash and an action."""
    return render("files", files=[_file_row(file) for file in files])


def glossary(words: Sequence[tuple[str, str]]) -> str:
    """Words and their meanings, folded."""
    return render("glossary", title=glossary_text.TITLE, words=words)


def removed_files(files: Sequence[FileReport]) -> str:
    """Files that were just removed, with buttons that carry their hash; empty without any."""
    return render("removed", files=files)


def report_card(report: BuildReport, outdated_reason: str = "") -> str:
    """Figures of the dataset, and its dropped messages by reason.

    Args:
        report: the last build.
        outdated_reason: why it must be rebuilt, in Korean; empty if it is up to date.
    """
    origin = text.BUILT_AT.format(
        room=display_name(report.room) or text.ALL_ROOMS,
        persona=display_name(report.persona) or text.WHOLE_ROOM,
        at=minute_text(report.written_at),
    )
    values = {
        "messages": f"{report.messages:,}",
        "sessions": f"{report.sessions:,}",
        "replies": text.REPLY_COUNTS.format(
            replies=report.train_replies + report.val_replies, held_out=report.val_replies
        ),
        "tokens": text.TOKEN_COUNTS.format(
            target_tokens=report.target_tokens, tokens=report.tokens
        ),
        "longest": text.LONGEST_ROW.format(longest=report.longest_row, limit=report.max_seq_len),
    }
    return render(
        "report",
        report=report,
        outdated=outdated_reason,
        origin=origin + (text.BUILT_WITH_PSEUDONYMS if report.has_pseudonyms else ""),
        figures=[(text.DATASET_FACTS[key], value) for key, value in values.items()],
    )


def report_charts(report: BuildReport) -> str:
    """The charts of report.html, each in a card."""
    return render("report_charts", charts=render_charts(report))


def styles_card(report: BuildReport) -> str:
    """The style of each participant in sentences."""
    return render("styles", styles=report.styles)


def examples_card(examples: Sequence[Example], persona: str) -> str:
    """Training rows as chat bubbles; targets are highlighted.

    Args:
        examples: rows to show.
        persona: whose bubbles are on the right; empty for a whole room, with all on the left.
    """
    return render("examples", examples=examples, persona=persona)


def estimate_card(title: str, estimate: Estimate | None) -> str:
    """Memory and time of a run, with advice; empty without a title or an estimate."""
    if estimate is None or not title:
        return ""
    return render("estimate", title=title, estimate=estimate)


def training_card(view: TrainingView) -> str:
    """Headline, sentences, progress bar and figures of a run."""
    return render("training", view=view)


def _file_row(file: FileReport) -> dict[str, object]:
    """Values of a row; only name and error if the file could not be read."""
    if file.error:
        return {"name": file.file, "error": file.error}
    return {
        "name": file.file,
        "error": "",
        "hash": file.hash,
        "about": " · ".join(filter(None, (export_format_name(file.format), file.note))),
        "room": file.room,
        "cells": [
            name_list(file.participants),
            f"{file.first[:10]} ~ {file.last[:10]}",
            f"{file.messages:,}",
            line_numbers(file.not_understood) or text.DASH,
        ],
    }
