"""View values → HTML. Every word that comes from outside is escaped where it becomes HTML. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from kakaobot.app.chat import Persona
from kakaobot.app.estimates import Estimate
from kakaobot.app.exports import FileReport
from kakaobot.dataset.build_report import BuildReport, Example, ExampleMessage
from kakaobot.report.page import render_charts
from ui import text
from ui.presenters import Tone, TrainingView, export_format_name, line_numbers, name_list

_SIGN = (Path(__file__).parent.parent / "static" / "icon.svg").read_text(encoding="utf-8")


def brand() -> str:
    """Name and sign of the program."""
    return f'<div class="kb-brand">{_SIGN}<b>{text.APP}</b><span>{text.SLOGAN}</span></div>'


def note(title: str, *sentences: str, tone: Tone = "calm") -> str:
    """A box with a heading and sentences."""
    body = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences if sentence)
    return f'<div class="kb-note kb-{tone}"><strong>{escape(title)}</strong>{body}</div>'


def lead(sentence: str, *small: str) -> str:
    """The sentence at the top of a tab, with smaller ones under it."""
    rest = "".join(f"<span>{escape(each)}</span>" for each in small)
    return f'<div class="kb-lead"><p>{escape(sentence)}</p>{rest}</div>'


def empty(title: str, hint: str) -> str:
    return f'<div class="kb-empty"><strong>{escape(title)}</strong><p>{escape(hint)}</p></div>'


def files_table(files: Sequence[FileReport]) -> str:
    """One row a file; buttons in it carry the file's hash and what is asked for it."""
    if not files:
        return empty(text.FILES_EMPTY, text.FILES_EMPTY_HINT)
    return table(text.FILES_HEAD, (_file_row(file) for file in files), text.FILES_TITLE)


def report_card(report: BuildReport, outdated_reason: str = "") -> str:
    """What will be learnt, and what was left out and why.

    Args:
        report: of the last build.
        outdated_reason: why it must be built again, in Korean; empty where it need not.
    """
    made = text.BUILT_AT.format(
        room=report.room or text.ALL_ROOMS,
        person=report.persona or text.WHOLE_ROOM,
        at=report.written_at[:16].replace("T", " "),
    )
    made += text.BUILT_WITH_PSEUDONYMS if report.pseudonyms else ""
    values = {
        "messages": f"{report.messages:,}",
        "sessions": f"{report.sessions:,}",
        "replies": f"{report.train_replies:,}",
        "val": f"{report.val_replies:,}",
        "tokens": text.TOKEN_COUNTS.format(
            target_tokens=report.target_tokens, tokens=report.tokens
        ),
        "longest": text.LONGEST_ROW.format(longest=report.longest, limit=report.max_seq_len),
    }
    figures = _facts((text.DATASET_FACTS[key], value) for key, value in values.items())
    return (
        (note(text.OUTDATED, outdated_reason, tone="warn") if outdated_reason else "")
        + (note(text.NOTICE, report.warning, tone="warn") if report.warning else "")
        + f'<section class="kb-card"><h3>{text.DATASET_TITLE}</h3>'
        + f'<p class="kb-muted">{escape(made)}</p>{figures}'
        + f"<h4>{text.DROPPED_TITLE}</h4>{_removed(report.removed)}{_masked(report)}</section>"
    )


def report_charts(report: BuildReport) -> str:
    """The same pictures as in report.html, a card each."""
    cards = "".join(
        f'<section class="kb-card"><h3>{escape(title)}</h3>{picture}</section>'
        for title, picture in render_charts(report)
    )
    return f'<div class="kb-pictures">{cards}</div>' if cards else ""


def estimate_card(title: str, outlook: Estimate | None) -> str:
    """Memory and time of a training, and what to lower; empty without a title or an estimate."""
    if outlook is None or not title:
        return ""
    told, *advice = outlook.sentences
    base = f"<small>{escape(text.ESTIMATE_BASE.format(base=outlook.base))}</small>"
    rest = "".join(f'<p class="kb-warn-text">{escape(each)}</p>' for each in advice)
    return (
        f'<section class="kb-note kb-outlook{"" if outlook.enough else " kb-warn"}">'
        f"<p><strong>{escape(title)}</strong><span>{escape(told)}</span>"
        f"{base if outlook.base else ''}</p>{rest}</section>"
    )


def styles_card(report: BuildReport) -> str:
    """How each person speaks, in sentences."""
    cards = "".join(
        f'<section class="kb-card"><h3>{escape(each.name)}</h3>'
        + "".join(f"<p>{escape(line)}</p>" for line in each.lines)
        + "</section>"
        for each in report.speeches
    )
    return f'<h3>{text.STYLES_TITLE}</h3><div class="kb-pictures">{cards}</div>' if cards else ""


def examples_card(given: Sequence[Example], persona: str) -> str:
    """Conversations as bubbles; what is learnt is highlighted.

    Args:
        given: what is shown.
        persona: who is learnt and sits on the right, as the owner of a phone; empty for a whole
            room, in which everybody sits on the left.
    """
    if not given:
        return ""
    learnt, context = text.EXAMPLES_LEGEND
    cards = "".join(_example(example, persona) for example in given)
    return (
        f'<section class="kb-examples"><header><h3>{text.EXAMPLES_TITLE}</h3>'
        f'<span class="kb-key kb-learnt">{learnt}</span><span class="kb-key">{context}</span>'
        f'</header><div class="kb-grid">{cards}</div></section>'
    )


def training_card(view: TrainingView) -> str:
    """Headline, sentences, bar and figures of a run."""
    detail = "".join(f"<p>{escape(sentence)}</p>" for sentence in view.detail)
    practice = (
        note(text.PRACTICE, view.practice, text.PRACTICE_HINT, tone="warn") if view.practice else ""
    )
    base = f'<p class="kb-muted">{text.BASE_MODEL}: {escape(view.base)}</p>' if view.base else ""
    return (
        f'{practice}<section class="kb-card kb-run kb-{view.tone}">'
        f'<h3><i class="kb-dot"></i>{escape(view.headline)}</h3>{detail}{_bar(view)}'
        f"{_facts(view.facts)}{_last_lines(view)}{'' if view.practice else base}</section>"
    )


def status(line: str, tone: Tone) -> str:
    """The one line at the top of the window."""
    return (
        f'<span class="kb-pill kb-{tone}"><i class="kb-dot"></i><span>{escape(line)}</span></span>'
    )


def persona_card(voice: Persona) -> str:
    """Who speaks, and that it is an AI."""
    practice = f'<p class="kb-warn-text">{text.PRACTICE}</p>' if voice.practice else ""
    return (
        f'<div class="kb-voice"><span class="kb-ai">{text.AI_MARK}</span><div>'
        f"<p>{escape(voice.description)}</p>{practice}"
        f'<p class="kb-muted">{text.AI_NOTE}</p></div></div>'
    )


def gate_card(is_set: bool) -> str:
    if is_set:
        return f"<h3>{text.GATE_TITLE}</h3><p>{text.GATE_LEAD}</p>"
    return (
        f"<h3>{text.GATE_NOT_SET_TITLE}</h3><p>{text.GATE_NOT_SET}</p>"
        f"<pre>{text.GATE_EXAMPLE}</pre>"
    )


def export_help() -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(way)}</dd>" for name, way in text.HELP)
    return f'<dl class="kb-help">{rows}</dl><p class="kb-muted">{text.HELP_NOTE}</p>'


def table(head: Sequence[str], rows: Iterable[str], label: str) -> str:
    """`rows` are HTML, the other words are not."""
    cells = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    return (
        f'<div class="kb-scroll"><table class="kb-table" aria-label="{escape(label)}">'
        f"<thead><tr>{cells}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def ask_button(
    words: str,
    ask: Mapping[str, object],
    *,
    about: str = "",
    typed: bool = False,
    calm: bool = True,
) -> str:
    """A button that says what it asks for in `data-ask`, as JSON.

    Args:
        words: on the button.
        ask: what is asked for.
        about: whom or what, for those who hear the button alone.
        typed: whether what was typed beside it goes along.
        calm: whether it takes nothing away.
    """
    data = escape(json.dumps(ask, ensure_ascii=False))
    own = " data-typed" if typed else ""
    label = f' aria-label="{escape(about)} {escape(words)}"' if about else ""
    look = " kb-calm" if calm else ""
    return (
        f'<button type="button" class="kb-small{look}" data-ask="{data}"{own}{label}>'
        f"{escape(words)}</button>"
    )


def _file_row(file: FileReport) -> str:
    if file.error:
        return (
            f'<tr class="kb-bad"><td>{escape(file.file)}</td>'
            f'<td colspan="{len(text.FILES_HEAD) - 1}">{escape(file.error)}</td></tr>'
        )
    period = f"{file.first[:10]} ~ {file.last[:10]}"
    cells = [
        file.room,
        name_list(file.people),
        period,
        f"{file.messages:,}",
        line_numbers(file.not_understood) or text.DASH,
    ]
    about = " · ".join(filter(None, (export_format_name(file.format), file.note)))
    name = f"{escape(file.file)}<small>{escape(about)}</small>"
    buttons = _file_button(file, "diagnose", text.DIAGNOSE, " kb-calm")
    buttons += _file_button(file, "remove", text.REMOVE)
    middle = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr><td>{name}</td>{middle}<td class="kb-do">{buttons}</td></tr>'


def _file_button(file: FileReport, do: str, words: str, look: str = "") -> str:
    return (
        f'<button type="button" class="kb-small{look}" data-do="{do}" '
        f'data-hash="{escape(file.hash)}" aria-label="{escape(file.file)} {words}">{words}</button>'
    )


def _removed(removed: Sequence[tuple[str, int]]) -> str:
    if not removed:
        return f'<p class="kb-muted">{text.NOTHING_DROPPED}</p>'
    rows = "".join(
        f"<li><span>{escape(reason)}</span><b>{text.COUNT.format(count=count)}</b></li>"
        for reason, count in removed
    )
    return f'<ul class="kb-removed">{rows}</ul>'


def _masked(report: BuildReport) -> str:
    if not report.masked:
        return ""
    return f"<h4>{text.MASKED_TITLE}</h4>{_removed(report.masked)}"


def _example(example: Example, persona: str) -> str:
    parts = "".join(
        _part(part, mine=bool(persona) and part.who == persona) for part in example.parts
    )
    return (
        f'<article class="kb-talk"><header>{escape(example.title)}'
        f"<span>{text.SPLITS[example.split]}</span></header>{parts}</article>"
    )


def _part(part: ExampleMessage, *, mine: bool) -> str:
    side = " kb-mine" if mine else ""
    learnt = " kb-learnt" if part.is_target else ""
    words = "".join(f"<p>{escape(line)}</p>" for line in part.text.split("\n") if line.strip())
    return f'<div class="kb-said{side}{learnt}"><small>{escape(part.who)}</small>{words}</div>'


def _bar(view: TrainingView) -> str:
    if view.percent is None and not view.busy:
        return ""
    now = "" if view.percent is None else f' aria-valuenow="{view.percent}"'
    width = 100 if view.percent is None else view.percent
    kind = " kb-busy" if view.busy else ""
    return (
        f'<div class="kb-bar{kind}" role="progressbar" aria-valuemin="0" aria-valuemax="100"{now}>'
        f'<i style="width:{width}%"></i></div>'
    )


def _last_lines(view: TrainingView) -> str:
    if not view.last_lines:
        return ""
    return f"<h4>{text.LAST_LINES}</h4><pre>{escape(view.last_lines)}</pre>"


def _facts(pairs: Iterable[tuple[str, str]]) -> str:
    cells = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs
    )
    return f'<dl class="kb-facts">{cells}</dl>'
