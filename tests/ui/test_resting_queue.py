"""The queue of the window: it answers at once, and costs nothing while nobody asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest

from tests.patience import patience
from tests.ui.serving import ServedWindow, serving
from ui.resting_queue import RestingQueue, let_queue_rest

REST = 1.0
LOOKS = 10
"""At most, of a queue at rest: gradio's own looks about a hundred times a second."""


class CountingQueue(RestingQueue):
    """Counts how often it is asked whether there is anything to do."""

    looks = 0

    def __len__(self) -> int:
        self.looks += 1
        return int(super().__len__())


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


@pytest.fixture
def window(gate: threading.Event) -> gr.Blocks:
    window = gr.Blocks()
    with window:
        box = gr.Textbox()
        quick = gr.Button()
        quick.click(lambda text: text + "!", box, box)
        slow = gr.Button()
        slow.click(lambda text: gate.wait(patience()) and text, box, box)
    window.queue(max_size=8)
    let_queue_rest(window)
    window._queue.__class__ = CountingQueue
    return window


@pytest.fixture
def served(window: gr.Blocks) -> Iterator[ServedWindow]:
    with serving(window) as served:
        yield served


def test_the_queue_rests_until_an_event_comes(window: gr.Blocks, served: ServedWindow) -> None:
    queue = window._queue
    assert isinstance(queue, CountingQueue)
    for _ in range(3):
        time.sleep(REST / 4)
        before = queue.looks
        time.sleep(REST)
        assert queue.looks - before <= LOOKS
        for word in ("one", "two"):
            assert served.call(0, [word])["output"]["data"] == [word + "!"]
        assert queue.looks > before


def test_an_event_does_not_wait_for_another_one(
    served: ServedWindow, gate: threading.Event
) -> None:
    answers: list[dict[str, Any]] = []

    def ask(page: str) -> None:
        answers.append(served.call(1, ["slow"], page=page))

    waiting = [threading.Thread(target=ask, args=(page,)) for page in ("first", "second")]
    for thread in waiting:
        thread.start()
    time.sleep(REST / 4)
    assert served.call(0, ["quick"])["output"]["data"] == ["quick!"]
    assert not answers
    # The second one waits in the queue until the first one is done.
    gate.set()
    for thread in waiting:
        thread.join(patience())
    assert [answer["output"]["data"] for answer in answers] == [["slow"]] * 2


def test_a_resting_queue_ends_with_its_server(window: gr.Blocks) -> None:
    with serving(window):
        time.sleep(REST / 4)
        since = time.monotonic()
    assert time.monotonic() - since < patience(10)
