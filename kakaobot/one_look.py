"""One look at the disk for questions that are asked together.

What the window's pulse asks every two seconds leads many times to the same settings and runs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")

_seen: ContextVar[dict[Hashable, Any] | None] = ContextVar("_seen", default=None)


@contextmanager
def one_look() -> Iterator[None]:
    """Answer each question that is `asked_once` from one reading, in this thread; write nothing."""
    token = _seen.set({})
    try:
        yield
    finally:
        _seen.reset(token)


def asked_once(
    key: Callable[Parameters, Hashable],
) -> Callable[[Callable[Parameters, Answer]], Callable[Parameters, Answer]]:
    """Let a reader answer once in a look; outside of one, each call reads anew.

    Args:
        key: of the arguments: what is read, such as a path.
    """

    def decorate(read: Callable[Parameters, Answer]) -> Callable[Parameters, Answer]:
        @functools.wraps(read)
        def answer(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Answer:
            seen = _seen.get()
            if seen is None:
                return read(*args, **kwargs)
            question = (read, key(*args, **kwargs))
            if question not in seen:
                seen[question] = read(*args, **kwargs)
            known: Answer = seen[question]
            return known

        return answer

    return decorate
