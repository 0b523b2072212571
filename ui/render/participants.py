"""Participants of a room and how much of each can be trained on → HTML. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kakaobot.dataset.participant_stats import Advice, ParticipantStats
from ui.presenters import Tone
from ui.render.templating import render

_SHOWN = 20
"""Participants shown at once; the rest unfold, up to `_MAX_FOLDED`."""
_MAX_FOLDED = 200
_TONES: dict[Advice, Tone] = {"enough": "good", "few": "warn", "bot": "bad"}


def participants_card(
    people: Sequence[ParticipantStats], chosen: str = "", *, unfolded: bool = False
) -> str:
    """One row per participant, excluded ones last; empty if there is none.

    Args:
        people: in display order.
        chosen: name of the persona, whose row is marked.
        unfolded: whether the rest is visible, if there are many.
    """
    if not people:
        return ""
    included = [person for person in people if not person.is_excluded]
    excluded = [person for person in people if person.is_excluded]
    rest = [*included[_SHOWN:], *excluded[_SHOWN:]]
    return render(
        "participants",
        shown=[_row(person, chosen) for person in [*included[:_SHOWN], *excluded[:_SHOWN]]],
        folded=[_row(person, chosen) for person in rest[:_MAX_FOLDED]],
        dropped=max(0, len(rest) - _MAX_FOLDED),
        unfolded=unfolded,
    )


def _row(person: ParticipantStats, chosen: str) -> dict[str, Any]:
    verdict, _, reason = person.sentence.partition(": ")
    return {
        "person": person,
        "is_chosen": person.name == chosen,
        "tone": _TONES[person.advice],
        "verdict": verdict,
        # For "enough" the reason repeats the number of replies in the row.
        "reason": reason if person.advice != "enough" else "",
    }
