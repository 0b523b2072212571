"""The people of the first page → HTML. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from kakaobot.app.quick_start import LearnablePerson
from ui import start_text
from ui.render.members import avatar
from ui.render.templating import render

_SHOWN = 8
"""People with a card of their own at first; the rest are folded."""


def person_cards(people: Sequence[LearnablePerson], chosen: str | None, *, locked: bool) -> str:
    """A card per person, and one for the whole room; empty without anybody.

    Args:
        people: in display order.
        chosen: name of the person whose card is pressed; empty for the whole room, None for nobody.
        locked: whether their lines need the password.
    """
    if not people:
        return ""
    cards = [
        {
            "stats": person.stats,
            "lines": person.lines,
            "avatar": avatar(person.stats.name),
            "advice": start_text.ADVICE[person.stats.advice],
            "pressed": person.stats.name == chosen,
        }
        for person in people
    ]
    return render(
        "persons",
        shown=cards[:_SHOWN],
        folded=cards[_SHOWN:],
        whole_room={"pressed": chosen == ""} if len(people) > 1 else None,
        locked=locked,
        texts=start_text,
    )


def promise(statements: Sequence[str]) -> str:
    """What is acknowledged before anybody's words are learned."""
    return render("promise", statements=statements)
