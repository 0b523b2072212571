"""The people that can be talked to, as buttons with their initials."""

from __future__ import annotations

from zlib import crc32

from kakaobot.app.people import Company, People
from kakaobot.display_name import display_name
from ui import chat_text
from ui.render.templating import render

_COLORS = 6
"""Number of `kb-color-` classes in window.css."""


def members_card(people: People, company: Company) -> str:
    """One button per whole room and per person; those who take part are pressed."""
    rooms = [
        {
            "run": room.run,
            "room": room.room,
            "pressed": room.run == company.run and not company.members,
        }
        for room in people.rooms
    ]
    persons = [
        {
            "name": name,
            **avatar(name),
            "pressed": name in company.members,
        }
        for name in people.names
    ]
    return render("members", rooms=rooms, persons=persons, texts=chat_text)


def avatar(name: str) -> dict[str, object]:
    """What stands for a person: the first letter, and the number of a color."""
    color = crc32(name.encode("utf-8", "surrogatepass")) % _COLORS
    return {"initial": initial(name), "color": color}


def initial(name: str) -> str:
    """The first letter of a name; its first sign if it has none."""
    shown = display_name(name)
    return next((sign for sign in shown if sign.isalnum()), shown[:1]).upper()
