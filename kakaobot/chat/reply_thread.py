"""`ReplyThread`: produces a reply in a thread of its own, so that its reader may leave."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Generic, TypeVar

from kakaobot.base.memory import forget_locals, trim_heaps
from kakaobot.chat.line import Ticket
from kakaobot.chat.protocol import Cancelled

T = TypeVar("T")
_PULSE = 0.5
"""Seconds without a new value after which the last one is repeated."""
_PARTING = 0.1
"""Seconds to wait for the thread when its reader leaves. Gradio closes a generator on the event
loop, which must not wait for a long prompt or for a model that loads."""


class _End:
    """Comes after the last value; holds the error that ended the thread, if any."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error


class ReplyThread(Generic[T]):
    """Produces values until its ticket is cancelled, and then gives up the ticket.

    Only this thread refers to the model, so that the next ticket can drop it from memory.
    """

    def __init__(
        self,
        ticket: Ticket,
        produce: Callable[[Ticket, Callable[[T], None]], Generator[T, None, None]],
    ) -> None:
        """Start the thread.

        Args:
            ticket: given up at the end.
            produce: waits for the first place in the line and yields values. What it is given
                takes further values, in the middle of a long step.
        """
        self._ticket = ticket
        self._produce = produce
        self._values: queue.SimpleQueue[T | _End] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def values(self) -> Iterator[T]:
        """The values; the last one is repeated while nothing happens, so that a reader can leave.

        Ends early if the ticket is cancelled. Closing the iterator cancels it.
        """
        last: list[T] = []
        try:
            while True:
                try:
                    value = self._values.get(timeout=_PULSE)
                except queue.Empty:
                    yield from last
                    continue
                if isinstance(value, _End):
                    if value.error:
                        raise value.error
                    return
                last = [value]
                yield value
        except (GeneratorExit, KeyboardInterrupt):
            self._ticket.cancel()
            self._thread.join(_PARTING)
            raise

    def _run(self) -> None:
        error: Exception | None = None
        with self._ticket:
            try:
                self._read_producer()
            except Cancelled:
                pass
            except Exception as caught:  # noqa: BLE001 -- re-raised in the reading thread
                # Its traceback refers to the model.
                forget_locals(caught)
                error = caught
        self._values.put(_End(error))
        # Otherwise a heap keeps the holes that replies of other lengths do not fit into.
        trim_heaps()

    def _read_producer(self) -> None:
        with contextlib.closing(self._produce(self._ticket, self._values.put)) as values:
            for value in values:
                if self._ticket.cancelled.is_set():
                    return
                self._values.put(value)
