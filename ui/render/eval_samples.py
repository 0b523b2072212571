"""What a run answered to the same prompts as it learnt → HTML. Pure; escapes outside words.

All of it is what people have said, or what was learnt of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from kakaobot.runs.eval_samples import EvalPrompt, EvalSample, EvalTranscript
from ui import text

_FIRST = 4
"""Prompts that are shown at once; the rest unfold."""
_COLUMN = 156
"""Pixels below which a column is not squeezed: the table is scrolled instead."""


def eval_samples_card(answers: EvalTranscript, best_step: int | None) -> str:
    """A row a prompt, a column a step; empty where nothing was answered."""
    beside = answers.selected(best_step)
    rows = [
        _row(asked, [_reply(sample, place) for sample in beside])
        for place, asked in enumerate(answers.prompts)
    ]
    if not beside or not rows:
        return ""
    head = _head(beside, answers.samples[-1].step, best_step)
    width = _COLUMN * (len(beside) + 2)
    return (
        f'<section class="kb-card kb-rehearsal"><h3>{text.EVAL_SAMPLES_TITLE}</h3>'
        f'<p class="kb-muted">{text.EVAL_SAMPLES_HINT}</p><div class="kb-scroll" tabindex="0" '
        f'role="region" aria-label="{text.EVAL_SAMPLES_TITLE}"><div style="min-width:{width}px">'
        f"{_table(head, rows[:_FIRST])}{_rest(head, rows[_FIRST:])}</div></div></section>"
    )


def _rest(head: str, rows: Sequence[str]) -> str:
    if not rows:
        return ""
    more = text.EVAL_SAMPLES_MORE.format(count=len(rows))
    # By `data-run` it is known again when all is shown anew (ui/render/runs.py).
    return f'<details data-run="*"><summary>{more}</summary>{_table(head, rows)}</details>'


def _table(head: str, rows: Sequence[str]) -> str:
    return (
        f'<table class="kb-table" aria-label="{text.EVAL_SAMPLES_TITLE}">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _head(beside: Sequence[EvalSample], newest: int, best: int | None) -> str:
    titles = "".join(_title(sample.step, newest, best) for sample in beside)
    return (
        f'<th scope="col">{text.EVAL_PROMPT}</th>{titles}'
        f'<th scope="col" class="kb-real">{text.EVAL_REFERENCE}</th>'
    )


def _title(step: int, newest: int, best: int | None) -> str:
    words = text.AT_STEP.format(step=step) if step else text.EVAL_BASE
    marks = f'<i class="kb-mark">{text.EVAL_BEST}</i>' if step == best else ""
    marks += f"<small>{text.EVAL_LATEST}</small>" if step and step == newest else ""
    return f'<th scope="col">{words}{marks}</th>'


def _row(asked: EvalPrompt, replies: Sequence[str]) -> str:
    said = "".join(_said(message.name, message.content) for message in asked.context)
    said = said or f'<p class="kb-muted">{text.EVAL_OPENING}</p>'
    to = escape(text.EVAL_REPLY_OF.format(name=asked.participant)) if asked.participant else ""
    cells = "".join(f"<td>{_words(reply)}</td>" for reply in replies)
    return (
        f"<tr><td>{said}{f'<small>{to}</small>' if to else ''}</td>{cells}"
        f'<td class="kb-real">{_words(asked.reference)}</td></tr>'
    )


def _said(who: str, what: str) -> str:
    name = f"<b>{escape(who)}</b>" if who else ""
    return f"<p>{name}{escape(what)}</p>"


def _reply(sample: EvalSample, place: int) -> str:
    return sample.replies[place] if place < len(sample.replies) else ""


def _words(reply: str) -> str:
    """A line is a bubble."""
    lines = [line for line in reply.split("\n") if line.strip()]
    return "".join(f"<p>{escape(line)}</p>" for line in lines) or text.DASH
