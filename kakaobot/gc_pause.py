"""Pause of the garbage collector while millions of small acyclic objects are created."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def pause_gc() -> Iterator[None]:
    """Disable the cyclic collector, which would rescan all messages again and again for no gain.

    Saves a third of the time, measured on a Windows export of 100,000 messages.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
