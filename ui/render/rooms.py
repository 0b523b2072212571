"""Rooms after merging, and who is who in them → HTML. Pure; outside words are escaped here.

What a button asks for lies in its `data-ask` as JSON; the script of the tab hands it over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from kakaobot.app.people import Proposal, RoomParticipant, RoomReport
from ui import text
from ui.presenters import name_list
from ui.render.cards import ask_button, table

_MOST_ANSWERS = 4
"""Names that get a button of their own; others are chosen or typed."""


def rooms_table(rooms: Sequence[RoomReport]) -> str:
    """One row a room; empty where there is none."""
    if not rooms:
        return ""
    return f"<h3>{text.ROOMS_TITLE}</h3>" + table(
        text.ROOMS_HEAD, (_row(room) for room in rooms), text.ROOMS_TITLE
    )


def people_cards(rooms: Sequence[RoomReport]) -> str:
    """For each room in which something may be or was put right; empty where there is none."""
    return "".join(_card(room, number) for number, room in enumerate(rooms) if has_more(room))


def has_more(room: RoomReport) -> bool:
    """Whether there is anything to confirm or to take back."""
    return bool(room.proposals or room.aliases or _excluded(room))


def _row(room: RoomReport) -> str:
    names = name_list([member.name for member in room.people])
    repeated = text.COUNT.format(count=room.repeated) if room.repeated else text.DASH
    cells = [
        text.COUNT.format(count=room.files),
        f"<b>{text.COUNT.format(count=room.messages)}</b>",
        repeated,
        f"{text.PEOPLE_COUNT.format(count=len(room.people))}<small>{escape(names)}</small>",
        escape(f"{room.first[:10]} ~ {room.last[:10]}"),
    ]
    middle = "".join(f"<td>{cell}</td>" for cell in cells)
    lost = "".join(f'<small class="kb-bad-text">{escape(why)}</small>' for why in room.lost)
    return f"<tr><td>{escape(room.room)}{lost}</td>{middle}</tr>"


def _card(room: RoomReport, place: int) -> str:
    asked = "".join(
        _question(room, proposal, f"kb-names-{place}-{number}")
        for number, proposal in enumerate(room.proposals)
    )
    done = "".join(
        _chip(f"{alias} → {name}", {"do": "undo", "room": room.keys[0], "alias": alias})
        for alias, name in room.aliases
    ) + "".join(
        _chip(text.EXCLUDED_CHIP.format(name=name), {"do": "include", "names": [name]})
        for name in _excluded(room)
    )
    questions = f'<ul class="kb-asks">{asked}</ul>' if asked else ""
    settled = f'<div class="kb-chips">{done}</div>' if done else ""
    return (
        f'<section class="kb-card kb-people"><h3>{text.PEOPLE_TITLE}'
        f"<small>{escape(room.room)}</small></h3>{questions}{settled}</section>"
    )


def _question(room: RoomReport, proposal: Proposal, list_id: str) -> str:
    if proposal.kind == "exporter":
        nickname = proposal.names[0]
        says = text.ASK_EXPORTER.format(name=nickname)
        answers = _exporter(room, proposal, list_id)
    elif proposal.kind == "spelling":
        name, *others = proposal.names
        says = text.ASK_SPELLING.format(names=_quoted(proposal.names))
        ask = {"do": "same", "room": room.keys[0], "name": name, "others": others}
        answers = ask_button(text.ANSWER_SPELLING.format(name=name), ask)
    else:
        says = text.ASK_BOT.format(names=_quoted(proposal.names), count=_said(room, proposal.names))
        answers = ask_button(text.ANSWER_BOT, {"do": "exclude", "names": list(proposal.names)})
    return f'<li><p>{escape(says)}</p><div class="kb-answers">{answers}</div></li>'


def _exporter(room: RoomReport, proposal: Proposal, list_id: str) -> str:
    """The likely names have a button each; any other can be chosen from a list or typed."""
    ask = {"do": "same", "room": room.keys[0], "others": list(proposal.names)}
    likely = proposal.candidates[:_MOST_ANSWERS] if proposal.sure else ()
    buttons = "".join(ask_button(name, {**ask, "name": name}) for name in likely)
    rest = [m.name for m in room.people if m.name not in (*likely, *proposal.names)]
    options = "".join(f'<option value="{escape(name)}"></option>' for name in rest)
    return (
        f'{buttons}<input type="text" list="{list_id}" maxlength="100" '
        f'placeholder="{text.OTHER_NAME}" aria-label="{text.OTHER_NAME}">'
        f'<datalist id="{list_id}">{options}</datalist>'
        + ask_button(text.THIS_NAME, ask, typed=True)
    )


def _chip(words: str, ask: Mapping[str, object]) -> str:
    return f"<span>{escape(words)}{ask_button(text.REVERT, ask)}</span>"


def _excluded(room: RoomReport) -> list[str]:
    return [member.name for member in room.people if member.is_excluded]


def _said(room: RoomReport, names: Sequence[str]) -> int:
    return sum(member.messages for member in room.people if member.name in names)


def _quoted(names: Sequence[str], most: int = 6) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:most])
    more = len(names) - most
    return text.MORE_PEOPLE.format(names=shown, count=more) if more > 0 else shown


def choices(people: Sequence[RoomParticipant]) -> list[tuple[str, str]]:
    """Labels and names for a dropdown."""
    return [
        (text.MEMBER_LABEL.format(name=each.name, count=each.messages), each.name)
        for each in people
    ]
