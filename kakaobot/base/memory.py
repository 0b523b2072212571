"""Returns the memory of a dropped model to the system. Imports no torch."""

from __future__ import annotations

import ctypes
import functools
import gc
import sys
import traceback
from collections.abc import Callable


def release_memory() -> None:
    """Free what nothing refers to any more, in this process and on its GPU.

    Freed weights otherwise stay with the allocators: torch caches GPU memory, glibc keeps its heap.
    """
    # A peft model refers to itself.
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        elif torch.backends.mps.is_available():
            torch.mps.empty_cache()
    trim = _malloc_trim()
    if trim:
        trim(0)


def forget_locals(error: BaseException) -> None:
    """Clear the local variables that the tracebacks of an error and its causes keep alive."""
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        current = pending.pop()
        if current is not None and id(current) not in seen:
            seen.add(id(current))
            traceback.clear_frames(current.__traceback__)
            pending += [current.__cause__, current.__context__]


@functools.cache
def _malloc_trim() -> Callable[[int], int] | None:
    """Glibc's function of that name; None elsewhere: other allocators return memory themselves."""
    if sys.platform != "linux":
        return None
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        # musl
        return None
    trim.argtypes, trim.restype = [ctypes.c_size_t], ctypes.c_int
    return trim
