"""Presses of Ctrl+C, held back while something is done that must not be left half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class CtrlC:
    """Counts the presses that are held back: none of them is lost."""

    def __init__(self) -> None:
        self._held = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold presses back within the block; the first of them takes effect at its end."""
        before = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is not threading.main_thread() or not callable(before):
            yield
            return
        signal.signal(signal.SIGINT, self._count)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
        self.release()

    def release(self) -> None:
        """Let one press take effect that was held back, if there is one."""
        if self._held:
            self._held -= 1
            raise KeyboardInterrupt

    def _count(self, *_: object) -> None:
        self._held += 1
