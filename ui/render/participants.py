"""Participant stats of a room → HTML. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kakaobot.dataset.participant_stats import Advice, ParticipantStats
from ui.presenters import Tone
from ui.render.templating import render

_SHOWN = 20
"""Participants shown at first; the rest are folded, up to `_MAX_FOLDED`."""
_MAX_FOLDED = 200
_TONES: dict[Advice, Tone] = {"enough": "good", "few": "warn", "bot": "bad"}


def participants_card(
    participants: Sequence[ParticipantStats], chosen: str = "", *, unfolded: bool = False
) -> str:
    """One row per participant, excluded ones last; empty if there are none.

    Args:
        participants: in display order.
        chosen: name of the persona, whose row is marked.
        unfolded: whether the folded rows are visible.
    """
    if not participants:
        return ""
    included = [stats for stats in participants if not stats.is_excluded]
    excluded = [stats for stats in participants if stats.is_excluded]
    rest = [*included[_SHOWN:], *excluded[_SHOWN:]]
    return render(
        "participants",
        shown=[_row(stats, chosen) for stats in [*included[:_SHOWN], *excluded[:_SHOWN]]],
        folded=[_row(stats, chosen) for stats in rest[:_MAX_FOLDED]],
        dropped=max(0, len(rest) - _MAX_FOLDED),
        unfolded=unfolded,
    )


def _row(stats: ParticipantStats, chosen: str) -> dict[str, Any]:
    verdict, _, reason = stats.sentence.partition(": ")
    return {
        "stats": stats,
        "is_chosen": stats.name == chosen,
        "tone": _TONES[stats.advice],
        "verdict": verdict,
        # For "enough" the reason repeats the number of replies in the row.
        "reason": reason if stats.advice != "enough" else "",
    }
