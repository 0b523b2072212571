"""Tells how much of a model's weights is read. Imports transformers only on use."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

_WEIGHTS = "Loading weights"
"""How transformers calls its progress bar."""


@contextlib.contextmanager
def weights_progress(report: Callable[[float], None]) -> Iterator[None]:
    """Report the share of the weights that a load within the block has read, from 0 to 1.

    The progress bars of transformers before 5.23 cannot be watched: nothing is reported.
    """
    from transformers.utils import logging

    set_hook = getattr(logging, "set_tqdm_hook", None)
    if set_hook is None:
        yield
        return

    def watch(bar: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        if arguments and options.get("desc") == _WEIGHTS:
            arguments = (_counted(arguments[0], report), *arguments[1:])
        return bar(*arguments, **options)

    before = set_hook(watch)
    try:
        yield
    finally:
        set_hook(before)


def _counted(items: Iterable[Any], report: Callable[[float], None]) -> Iterator[Any]:
    known = list(items)
    for number, item in enumerate(known):
        report(number / len(known))
        yield item
    report(1.0)
