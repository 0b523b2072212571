"""Reads iterators that block, such as replies, from an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar, cast

from kakaobot.app.chat import LINE_LENGTH
from kakaobot.asgi import Receive

T = TypeVar("T")
_THREADS = LINE_LENGTH + 4
"""One for each reply that may wait, and some for those that are refused."""


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


class Reader:
    """Threads for blocking calls."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="api")

    async def call(self, function: Callable[[], T]) -> T:
        """What a blocking function returns."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)

    async def values(self, make: Callable[[], Iterator[T]]) -> AsyncIterator[T]:
        """The values of an iterator, which is closed as soon as nobody reads them any more."""
        iterator = await self.call(make)
        end = object()
        step: Future[Any] | None = None
        try:
            while True:
                step = self._threads.submit(next, iterator, end)
                value = await asyncio.shield(asyncio.wrap_future(step))
                if value is end:
                    return
                yield cast("T", value)
        finally:
            # A generator cannot be closed while it runs.
            if step is not None and not step.done():
                step.add_done_callback(lambda _: _close(iterator))
            else:
                self._threads.submit(_close, iterator)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Do the work; it is cancelled once the client has disconnected.

    Args:
        receive: of a request whose body has been read.
        work: returns the result.

    Raises:
        ClientGone: the client has.
    """
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(_disconnect(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientGone
        return task.result()
    finally:
        for one in (task, gone):
            one.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _close(iterator: Iterator[object]) -> None:
    if isinstance(iterator, Generator):
        iterator.close()
