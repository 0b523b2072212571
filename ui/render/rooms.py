"""Merged rooms, and proposed corrections of their participants → HTML. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kakaobot.app.participants import Proposal, RoomParticipant, RoomReport
from kakaobot.display_name import display_name
from ui import text
from ui.presenters import name_list
from ui.render.templating import render

_MAX_BUTTONS = 4
"""Candidates with a button of their own; others are selected from a list or typed."""
_MAX_QUOTED = 6
"""Names quoted in a question."""

Answer = tuple[str, dict[str, object]]
"""Label and request of a button."""


@dataclass(frozen=True)
class _Question:
    """A proposal, worded as a question to the user."""

    sentence: str
    answers: tuple[Answer, ...]
    typed: dict[str, object] | None = None
    """Request of the button that adds a typed name; None for no text field."""
    options: tuple[str, ...] = ()
    """Suggestions of the text field."""


def rooms_table(rooms: Sequence[RoomReport]) -> str:
    """One row per room; empty if there are none."""
    rows = [(room, name_list(_names(room))) for room in rooms]
    return render("rooms", rooms=rows)


def people_cards(rooms: Sequence[RoomReport]) -> str:
    """One card per room with a proposal to confirm or a change to revert."""
    cards = [
        {
            "number": number,
            "room": room.room,
            "questions": [_question(room, proposal) for proposal in room.proposals],
            "confirmed": _confirmed(room),
        }
        for number, room in enumerate(rooms)
        if _needs_card(room)
    ]
    return render("people", cards=cards)


def _needs_card(room: RoomReport) -> bool:
    """Whether there is anything to confirm or to revert."""
    return bool(room.proposals or room.aliases or _excluded(room))


def name_choices(participants: Sequence[RoomParticipant]) -> list[tuple[str, str]]:
    """Labels and names for a dropdown."""
    return [
        (
            text.PARTICIPANT_LABEL.format(
                name=display_name(participant.name), count=participant.messages
            ),
            participant.name,
        )
        for participant in participants
    ]


def _confirmed(room: RoomReport) -> list[Answer]:
    """Earlier confirmations, each with the request that reverts it."""
    key = room.keys[0] if room.keys else ""
    merged: list[Answer] = [
        (
            f"{display_name(alias)} → {display_name(name)}",
            {"do": "undo", "room": key, "alias": alias},
        )
        for alias, name in room.aliases
    ]
    excluded: list[Answer] = [
        (text.EXCLUDED_CHIP.format(name=display_name(name)), {"do": "include", "names": [name]})
        for name in _excluded(room)
    ]
    return merged + excluded


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
            ((text.ANSWER_SPELLING.format(name=display_name(name)), request),),
        )
    messages = sum(
        participant.messages
        for participant in room.participants
        if participant.name in proposal.names
    )
    return _Question(
        text.ASK_BOT.format(names=_quoted(proposal.names), count=messages),
        ((text.ANSWER_BOT, {"do": "exclude", "names": list(proposal.names)}),),
    )


def _exporter_question(room: RoomReport, proposal: Proposal) -> _Question:
    """A question with a button per likely name, and a text field for any other."""
    request: dict[str, object] = {
        "do": "same",
        "room": room.keys[0],
        "others": list(proposal.names),
    }
    likely = proposal.candidates[:_MAX_BUTTONS] if proposal.is_likely else ()
    not_options = {*likely, *proposal.names}
    return _Question(
        text.ASK_EXPORTER.format(name=display_name(proposal.names[0])),
        tuple((display_name(name), {**request, "name": name}) for name in likely),
        typed=request,
        options=tuple(name for name in _names(room) if name not in not_options),
    )


def _names(room: RoomReport) -> list[str]:
    return [participant.name for participant in room.participants]


def _excluded(room: RoomReport) -> list[str]:
    return [participant.name for participant in room.participants if participant.is_excluded]


def _quoted(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{display_name(name)}'" for name in names[:_MAX_QUOTED])
    more = len(names) - _MAX_QUOTED
    return text.MORE_PEOPLE.format(names=shown, count=more) if more > 0 else shown
