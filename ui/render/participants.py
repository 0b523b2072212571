"""Who speaks in a room and what can be learnt of them → HTML. Pure; outside words are escaped here.

What a button asks for lies in its `data-ask` as JSON; the script of the tab hands it over.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from kakaobot.dataset.participant_stats import Advice
from kakaobot.dataset.participant_summaries import ParticipantSummary
from ui import text
from ui.presenters import Tone
from ui.render.cards import ask_button, table

_FIRST = 20
"""People who are shown at once; the rest unfold, up to `_MOST`."""
_MOST = 200
_TONES: dict[Advice, Tone] = {"enough": "good", "few": "warn", "bot": "bad"}


def participants_card(
    people: Sequence[ParticipantSummary], chosen: str = "", *, unfolded: bool = False
) -> str:
    """One row a person, who is left out last; empty where nobody speaks.

    Args:
        people: in the order in which they are shown.
        chosen: whose row is marked as the one that is learnt.
        unfolded: whether the rest is shown, where there are many.
    """
    if not people:
        return ""
    spoken = [person for person in people if not person.is_excluded]
    left_out = [person for person in people if person.is_excluded]
    shown = [*spoken[:_FIRST], *left_out[:_FIRST]]
    rest = [*spoken[_FIRST:], *left_out[_FIRST:]]
    folded = _rest(rest, chosen, unfolded=unfolded) if rest else ""
    return (
        f'<section class="kb-speakers"><h3>{text.PARTICIPANTS_TITLE}</h3>'
        f'<p class="kb-muted">{text.PARTICIPANTS_HINT}</p>{_table(shown, chosen)}{folded}'
        "</section>"
    )


def _rest(people: Sequence[ParticipantSummary], chosen: str, *, unfolded: bool) -> str:
    more = len(people) - _MOST
    unseen = (
        f'<p class="kb-muted">{text.PARTICIPANTS_HIDDEN.format(count=more)}</p>' if more > 0 else ""
    )
    summary = text.PARTICIPANTS_MORE.format(count=len(people))
    return (
        f"<details{' open' if unfolded else ''}><summary>{summary}</summary>"
        f"{_table(people[:_MOST], chosen)}{unseen}</details>"
    )


def _table(people: Sequence[ParticipantSummary], chosen: str) -> str:
    rows = (_row(person, chosen=person.name == chosen) for person in people)
    return table(text.PARTICIPANTS_HEAD, rows, text.PARTICIPANTS_TITLE)


def _row(person: ParticipantSummary, *, chosen: bool) -> str:
    pseudonym = text.PSEUDONYM.format(name=person.pseudonym) if person.pseudonym else ""
    small = f"<small>{escape(pseudonym)}</small>" if pseudonym else ""
    figures = [
        text.COUNT.format(count=person.replies),
        text.CHARS.format(count=person.median_chars) if person.replies else text.DASH,
        f"{person.answers:.0%}",
        f"{person.noise:.0%}",
    ]
    cells = "".join(f"<td>{escape(figure)}</td>" for figure in figures)
    look = "kb-gone" if person.is_excluded else "kb-chosen" if chosen else ""
    return (
        f'<tr class="{look}"><td>{escape(person.name)}{small}</td>{cells}'
        f'<td class="kb-advice">{_advice(person)}</td><td class="kb-do">{_buttons(person, chosen)}'
        "</td></tr>"
    )


def _advice(person: ParticipantSummary) -> str:
    """The verdict in its colour, and what it means."""
    if person.is_excluded:
        return f"<b>{text.PARTICIPANT_EXCLUDED}</b>"
    verdict, _, why = person.sentence.partition(": ")
    # Of enough there is no more to say than its column does.
    rest = f"<span>{escape(why)}</span>" if person.advice != "enough" else ""
    return f'<b class="kb-{_TONES[person.advice]}">{escape(verdict)}</b>{rest}'


def _buttons(person: ParticipantSummary, chosen: bool) -> str:
    name = person.name
    if person.is_excluded:
        return ask_button(text.INCLUDE, {"do": "include", "names": [name]}, about=name)
    learn = "" if chosen else ask_button(text.TRAIN_ON, {"do": "learn", "name": name}, about=name)
    out = ask_button(text.EXCLUDE, {"do": "exclude", "names": [name]}, about=name, calm=False)
    return learn + out
