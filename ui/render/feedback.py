"""What was said about replies → HTML. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from kakaobot.app.feedback import KIND_LABELS
from kakaobot.app.refining import RefineOffer
from kakaobot.dataset.feedback import FeedbackEntry
from kakaobot.display_name import display_name, display_sentence
from kakaobot.language import tr
from kakaobot.runs.labels import minute_text
from ui import feedback_text as text
from ui.presenters import Tone
from ui.render import cards
from ui.render.templating import render

_MAX_ENTRIES = 200
_MAX_TITLE = 40


def refine_card(offer: RefineOffer) -> str:
    """What a refine would learn, what keeps it from starting, and how the last one ended."""
    sentences = [text.REFINE_HOW if not offer.blocker else offer.blocker]
    if offer.held_out:
        sentences.append(text.HELD_OUT.format(count=offer.held_out))
    sentences += [
        text.LEFT_OUT.format(reason=tr(reason), count=count) for reason, count in offer.left_out
    ]
    tone: Tone = "calm"
    if offer.verdict:
        sentences.append(text.LAST.format(run=offer.last, reason=offer.verdict.reason))
        tone = "good" if offer.verdict.promoted else "warn"
    return cards.note(text.REFINE_TITLE, *sentences, tone=tone)


def entries_card(entries: Sequence[FeedbackEntry]) -> str:
    """One row per entry."""
    if not entries:
        return cards.empty(text.EMPTY_TITLE, text.EMPTY_HINT)
    return render(
        "feedback",
        title=text.FEEDBACK_TAB,
        columns=text.COLUMNS,
        rows=[
            (
                KIND_LABELS[entry.kind],
                entry.context[-1].text if entry.context else "",
                entry.reply,
                entry.wanted,
                minute_text(entry.at),
            )
            for entry in entries[:_MAX_ENTRIES]
        ],
    )


def entry_title(entry: FeedbackEntry) -> str:
    """An entry in one short line, for a choice."""
    title = " / ".join((entry.wanted or entry.reply).split("\n"))
    title = title if len(title) <= _MAX_TITLE else f"{title[:_MAX_TITLE]}…"
    return f"{display_name(entry.name)}: {display_sentence(title)}"
