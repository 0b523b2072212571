"""Which states of a streamed reply a page shows, and what stands below it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import replace

from kakaobot.chat.lines import Reply
from ui import chat_text
from ui.bubbles import small_note
from ui.events import Updates

UPDATE_PERIOD = 0.2
"""Seconds between two states of a bubble that grows: a browser draws a long one slowly."""


class PagesInProgress:
    """Which reply each page waits for, at most one at a time."""

    def __init__(self) -> None:
        self._replies: dict[str, object] = {}
        self._lock = threading.Lock()

    def pass_on(self, page: str, replies: Generator[Updates, None, None]) -> Iterator[Updates]:
        """Yield updates until the page is stopped; none if it waits for another reply already."""
        reply = object()
        with self._lock:
            if self._replies.setdefault(page, reply) is not reply:
                return
        try:
            with contextlib.closing(replies):
                for update in replies:
                    if self._replies.get(page) is not reply:
                        return
                    yield update
        finally:
            with self._lock:
                if self._replies.get(page) is reply:
                    del self._replies[page]

    def has(self, page: str) -> bool:
        """Whether a page waits for a reply."""
        return page in self._replies

    def stop(self, page: str) -> None:
        """Let nothing more of a reply through; its model stops as soon as it can."""
        with self._lock:
            self._replies.pop(page, None)


def changes(replies: Iterator[Reply]) -> Iterator[Reply | None]:
    """The replies after an empty first one; None for each that repeats the one before.

    Of those that come faster than the page is to change, the newest is yielded.
    """
    shown: Reply | None = None
    due = 0.0
    for number, reply in enumerate(replies):
        if number and reply == shown:
            yield None
            continue
        if shown and _only_grows(shown, reply) and time.monotonic() < due:
            # Repeated soon if nothing newer comes.
            continue
        if number or reply.bubbles or reply.note:
            due = time.monotonic() + UPDATE_PERIOD
            yield reply
        shown = reply


def note_below(reply: Reply, *, at_once: bool) -> str:
    """What stands below a reply: what it waits for, that somebody types, or that nobody does."""
    if reply.note:
        return small_note(reply.note)
    types = not (reply.done or (at_once and reply.bubbles))
    return chat_text.TYPING if types else ""


def _only_grows(before: Reply, after: Reply) -> bool:
    """Whether nothing but the text of the last bubble changes."""
    if len(before.bubbles) != len(after.bubbles):
        return False
    start = replace(before, bubbles=before.bubbles[:-1])
    return start == replace(after, bubbles=after.bubbles[:-1])
