"""Merged rooms and their participants → HTML. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kakaobot.app.participants import Proposal, RoomParticipant, RoomReport
from ui import text
from ui.presenters import name_list
from ui.render.templating import render

_MAX_BUTTONS = 4
"""Candidates that get a button; other names are chosen from a list or typed."""
_MAX_QUOTED = 6

Answer = tuple[str, dict[str, object]]
"""The label of a button and its request."""


@dataclass(frozen=True)
class _Question:
    """A proposal as the user is asked about it."""

    sentence: str
    answers: tuple[Answer, ...]
    typed: dict[str, object] | None = None
    """Request of a button that takes the name typed beside it; None for no such field."""
    options: tuple[str, ...] = ()
    """Names suggested while typing."""


def rooms_table(rooms: Sequence[RoomReport]) -> str:
    """One row per room; empty if there is none."""
    rows = [(room, name_list([member.name for member in room.participants])) for room in rooms]
    return render("rooms", rooms=rows)


def people_cards(rooms: Sequence[RoomReport]) -> str:
    """One card per room with a proposal to confirm or a change to take back."""
    cards = [
        {
            "number": number,
            "room": room.room,
            "questions": [_question(room, proposal) for proposal in room.proposals],
            "settled": _settled(room),
        }
        for number, room in enumerate(rooms)
        if _needs_card(room)
    ]
    return render("people", cards=cards)


def _needs_card(room: RoomReport) -> bool:
    """Whether there is anything to confirm or to take back."""
    return bool(room.proposals or room.aliases or _excluded(room))


def name_choices(people: Sequence[RoomParticipant]) -> list[tuple[str, str]]:
    """Labels and names for a dropdown."""
    return [
        (text.MEMBER_LABEL.format(name=member.name, count=member.messages), member.name)
        for member in people
    ]


def _settled(room: RoomReport) -> list[Answer]:
    """Earlier confirmations, each with the request that reverts it."""
    key = room.keys[0] if room.keys else ""
    joined: list[Answer] = [
        (f"{alias} → {name}", {"do": "undo", "room": key, "alias": alias})
        for alias, name in room.aliases
    ]
    excluded: list[Answer] = [
        (text.EXCLUDED_CHIP.format(name=name), {"do": "include", "names": [name]})
        for name in _excluded(room)
    ]
    return joined + excluded


def _question(room: RoomReport, proposal: Proposal) -> _Question:
    if proposal.kind == "exporter":
        return _exporter_question(room, proposal)
    if proposal.kind == "spelling":
        name, *others = proposal.names
        request: dict[str, object] = {
            "do": "same",
            "room": room.keys[0],
            "name": name,
            "others": others,
        }
        return _Question(
            text.ASK_SPELLING.format(names=_quoted(proposal.names)),
            ((text.ANSWER_SPELLING.format(name=name), request),),
        )
    messages = sum(member.messages for member in room.participants if member.name in proposal.names)
    return _Question(
        text.ASK_BOT.format(names=_quoted(proposal.names), count=messages),
        ((text.ANSWER_BOT, {"do": "exclude", "names": list(proposal.names)}),),
    )


def _exporter_question(room: RoomReport, proposal: Proposal) -> _Question:
    """Likely names get a button each; any other is chosen from a list or typed."""
    request: dict[str, object] = {
        "do": "same",
        "room": room.keys[0],
        "others": list(proposal.names),
    }
    likely = proposal.candidates[:_MAX_BUTTONS] if proposal.is_likely else ()
    listed = {*likely, *proposal.names}
    return _Question(
        text.ASK_EXPORTER.format(name=proposal.names[0]),
        tuple((name, {**request, "name": name}) for name in likely),
        typed=request,
        options=tuple(member.name for member in room.participants if member.name not in listed),
    )


def _excluded(room: RoomReport) -> list[str]:
    return [member.name for member in room.participants if member.is_excluded]


def _quoted(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:_MAX_QUOTED])
    more = len(names) - _MAX_QUOTED
    return text.MORE_PEOPLE.format(names=shown, count=more) if more > 0 else shown
