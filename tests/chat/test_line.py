"""`WaitingLine`: order, places, leaving and taking over."""

from __future__ import annotations

import threading

import pytest

from kakaobot.chat.line import Ticket, WaitingLine
from kakaobot.chat.protocol import Cancelled
from kakaobot.errors import RunError
from tests.patience import wait_for


class Waiter(threading.Thread):
    """Waits with a ticket, and holds the first place until `done` is set."""

    def __init__(self, ticket: Ticket) -> None:
        super().__init__(daemon=True)
        self.ticket = ticket
        self.places: list[int] = []
        self.is_first = False
        self.was_cancelled = False
        self.done = threading.Event()
        self.start()

    def run(self) -> None:
        with self.ticket:
            try:
                for ahead in self.ticket.wait():
                    self.places.append(ahead)
            except Cancelled:
                self.was_cancelled = True
                return
            self.is_first = True
            while not self.done.is_set() and not self.ticket.cancelled.is_set():
                self.done.wait(0.01)


def line_of(count: int) -> tuple[WaitingLine, list[Waiter]]:
    line = WaitingLine(count)
    waiters = [Waiter(line.join()) for _ in range(count)]
    wait_for(lambda: waiters[0].is_first and all(waiter.places for waiter in waiters[1:]))
    return line, waiters


def test_places_are_in_the_order_of_joining_and_move_up() -> None:
    _, (first, second, third) = line_of(3)
    assert (second.places, third.places) == ([1], [2])
    first.done.set()
    wait_for(lambda: second.is_first and third.places == [2, 1])
    assert not third.is_first
    second.done.set()
    wait_for(lambda: third.is_first)


def test_who_leaves_lets_the_others_move_up() -> None:
    _, (first, second, third) = line_of(3)
    second.ticket.cancel()
    wait_for(lambda: third.places == [2, 1])
    assert second.was_cancelled
    first.ticket.cancel()
    wait_for(lambda: third.is_first)


def test_a_full_line_refuses_the_next_one_until_a_place_is_free() -> None:
    line, (first, *_) = line_of(2)
    with pytest.raises(RunError, match="기다리는 대화가 많습니다"):
        line.join()
    first.done.set()
    first.join()
    line.join()


def test_who_takes_over_comes_before_all_who_wait() -> None:
    line, waiters = line_of(3)
    taken = Waiter(line.take_over())
    wait_for(lambda: taken.is_first)
    assert [waiter.was_cancelled for waiter in waiters] == [False, True, True]
    late = Waiter(line.join())
    wait_for(lambda: late.places == [1])
    taken.done.set()
    wait_for(lambda: late.is_first)


def test_an_empty_line_is_taken_over_at_once() -> None:
    line = WaitingLine(1)
    with line.take_over() as taken:
        assert list(taken.wait()) == []
