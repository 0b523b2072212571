"""Work on the next item while the last one is used."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def prefetch(
    work: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[tuple[Item, Result]]:
    """Yield each item with its result, computing one item ahead in a thread."""
    with ThreadPoolExecutor(1) as thread:
        pending: deque[tuple[Item, Future[Result]]] = deque()
        for item in items:
            pending.append((item, thread.submit(work, item)))
            if len(pending) == 2:
                done, result = pending.popleft()
                yield done, result.result()
        while pending:
            done, result = pending.popleft()
            yield done, result.result()
