"""`WaitingLine`: replies use the one model one after the other, first come, first served."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from kakaobot.chat.protocol import Cancelled
from kakaobot.errors import RunError
from kakaobot.language import tr

_FULL = tr(
    "지금 기다리는 대화가 많습니다. 보낸 말은 그대로 있으니, 잠시 뒤 '다시 대답'을 누르세요."
)

_OCCUPIED = tr("지금 대답을 쓰고 있어 지울 수 없습니다. 대답이 끝나거나 멈춘 뒤 다시 하세요.")


class LineFull(RunError):
    """Too many replies wait already."""


class WaitingLine:
    """Tickets in their order; the first one may use the model."""

    def __init__(self, length: int) -> None:
        """Create an empty line that holds `length` tickets."""
        self._length = length
        self.tickets: list[Ticket] = []
        self.moved = threading.Condition()

    def join(self) -> Ticket:
        """A ticket at the end of the line.

        Raises:
            LineFull: the line is full.
        """
        with self.moved:
            if len(self.tickets) >= self._length:
                raise LineFull(_FULL)
            self.tickets.append(Ticket(self))
            return self.tickets[-1]

    def join_empty(self) -> Ticket:
        """The first ticket.

        Raises:
            RunError: a reply is in progress or waits.
        """
        with self.moved:
            if self.tickets:
                raise RunError(_OCCUPIED)
            return self.join()

    def take_over(self) -> Ticket:
        """Cancel all tickets; returns one that becomes the first once the current first is gone."""
        with self.moved:
            for ticket in self.tickets:
                ticket.cancel()
            taken = Ticket(self)
            self.tickets.insert(1, taken)
            return taken


class Ticket:
    """A place in a `WaitingLine`; the end of its `with` block gives it up."""

    def __init__(self, line: WaitingLine) -> None:
        self._line = line
        self.cancelled = threading.Event()

    def cancel(self) -> None:
        """Ask the thread that holds the ticket to give it up."""
        with self._line.moved:
            self.cancelled.set()
            self._line.moved.notify_all()

    def wait(self) -> Iterator[int]:
        """Wait to become the first; yields the number of tickets ahead whenever it changes.

        Raises:
            Cancelled: the ticket was cancelled.
        """
        ahead = -1
        while ahead:
            ahead = self._next_place(ahead)
            if ahead:
                yield ahead

    def _next_place(self, previous: int) -> int:
        with self._line.moved:
            while not self.cancelled.is_set():
                ahead = self._line.tickets.index(self)
                if ahead != previous:
                    return ahead
                self._line.moved.wait()
        raise Cancelled

    def __enter__(self) -> Ticket:
        return self

    def __exit__(self, *_: object) -> None:
        with self._line.moved:
            self._line.tickets.remove(self)
            self._line.moved.notify_all()
