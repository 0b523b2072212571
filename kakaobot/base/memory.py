"""Returns the memory of a dropped model to the system. Imports no torch."""

from __future__ import annotations

import ctypes
import functools
import gc
import sys
import traceback
from collections.abc import Callable
from typing import cast

_M_ARENA_MAX = -8
"""Of `mallopt` in glibc's malloc.h."""
_ARGUMENTS = {"malloc_trim": [ctypes.c_size_t], "mallopt": [ctypes.c_int, ctypes.c_int]}


def use_one_heap() -> None:
    """Let all threads allocate from one heap, so that `release_memory` frees what they leave.

    Glibc gives threads heaps of their own and keeps up to 64 MiB at the end of each. Call it before
    there are threads. No effect elsewhere than on Linux.
    """
    mallopt = _glibc("mallopt")
    if mallopt:
        mallopt(_M_ARENA_MAX, 1)


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
    trim_heaps()


def trim_heaps() -> None:
    """Return what is free in the middle of heaps as well."""
    trim = _glibc("malloc_trim")
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
def _glibc(name: str) -> Callable[..., int] | None:
    """One of its functions; None elsewhere: other allocators return memory themselves."""
    if sys.platform != "linux":
        return None
    try:
        function = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError):
        # musl
        return None
    function.argtypes, function.restype = _ARGUMENTS[name], ctypes.c_int
    return cast("Callable[..., int]", function)
