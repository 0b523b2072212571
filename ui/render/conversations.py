"""The list of kept conversations → HTML. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from kakaobot.app.conversations import last_text, time_text
from kakaobot.chat.store import ConversationSummary
from kakaobot.display_name import display_name, shorten
from ui import chat_text
from ui.presenters import name_list
from ui.render.templating import render

_LISTED = 100
_CHARACTERS = 60


def conversation_list(
    summaries: Sequence[ConversationSummary], opened: str, query: str, now: float
) -> str:
    """One button per conversation; that of the page is marked.

    Args:
        summaries: newest first.
        opened: id of the conversation that the page shows.
        query: what was searched for.
        now: seconds since the epoch.
    """
    items = [
        {
            "id": summary.id,
            "title": display_name(summary.title) or name_list(summary.names),
            "names": name_list(summary.names) if summary.title else "",
            "last": shorten(display_name(last_text(summary), 2 * _CHARACTERS), _CHARACTERS),
            "time": time_text(summary.updated_at, now),
            "opened": summary.id == opened,
        }
        for summary in summaries[:_LISTED]
    ]
    more = len(summaries) - len(items)
    note = "" if items else chat_text.NOTHING_FOUND if query else chat_text.NO_CONVERSATIONS
    if more:
        note = chat_text.MORE_CONVERSATIONS.format(count=more)
    return render("conversations", items=items, note=note, texts=chat_text)


def conversations_problem(sentence: str) -> str:
    """Why there is no list."""
    return render("conversations", items=(), note=sentence, texts=chat_text)


def fold_button() -> str:
    """The button that shows the list on a narrow screen."""
    return render("chat_fold", texts=chat_text)


def delete_question() -> str:
    """What is asked before a conversation is deleted."""
    return render("chat_question", texts=chat_text)
