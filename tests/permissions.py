"""Makes tests that run as root obey the permissions of files, as a user has to."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator

_DAC_OVERRIDE, _DAC_READ_SEARCH = 1 << 1, 1 << 2
_VERSION = 0x20080522
_Sets = ctypes.c_uint32 * 6


@contextlib.contextmanager
def obeyed_permissions() -> Iterator[None]:
    """Drop this thread's right to ignore permissions; only root on Linux has one."""
    if sys.platform != "linux" or os.geteuid():
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = (ctypes.c_uint32 * 2)(_VERSION, 0), _Sets()
    assert libc.capget(header, sets) == 0
    before = list(sets)
    sets[0] &= ~(_DAC_OVERRIDE | _DAC_READ_SEARCH)
    assert libc.capset(header, sets) == 0
    try:
        yield
    finally:
        assert libc.capset(header, _Sets(*before)) == 0
