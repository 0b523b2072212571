"""Gradio's queue without its timers: it looks for events only while there are some."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any

import gradio as gr
from gradio.queueing import Queue

_BUSY_SECONDS = 0.02
"""Between looks for an event while another one is on its way."""
_PROGRESS_SECONDS = 0.1
"""Between looks at the progress of an event."""


class RestingQueue(Queue):
    """As gradio's, whose loops look every few milliseconds, also in a program that nobody uses."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.sleep_when_free = _BUSY_SECONDS
        self.progress_update_sleep_when_free = _PROGRESS_SECONDS
        self._pushed = asyncio.Event()

    async def push(self, *args: Any, **options: Any) -> Any:
        answer = await super().push(*args, **options)
        self._pushed.set()
        return answer

    async def start_processing(self) -> None:
        await _Resting(super().start_processing(), self)

    async def start_progress_updates(self) -> None:
        await _Resting(super().start_progress_updates(), self)

    async def rest(self) -> None:
        """Wait as long as there is nothing to do."""
        while not (self.stopped or len(self) or any(self.active_jobs)):
            self._pushed.clear()
            await self._pushed.wait()


class _Resting:
    """A loop of the queue, which rests before it goes on from any of its pauses."""

    def __init__(self, loop: Coroutine[Any, Any, None], queue: RestingQueue) -> None:
        self._loop, self._queue = loop, queue

    def __await__(self) -> Generator[Any, Any, None]:
        try:
            for pause in self._loop.__await__():
                yield from self._queue.rest().__await__()
                yield pause
        finally:
            # Cancelled at the end of the server, it ends as if it were the loop.
            self._loop.close()


def let_queue_rest(window: gr.Blocks) -> None:
    """Replace the queue of a window that is not yet served."""
    queue = window._queue
    window._queue = RestingQueue(
        live_updates=queue.live_updates,
        concurrency_count=queue.max_thread_count,
        update_intervals=queue.update_intervals,
        max_size=queue.max_size,
        blocks=window,
        default_concurrency_limit=queue.default_concurrency_limit,
    )
