"""One window per home, even if several are started at the same moment."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from kakaobot.config import Home
from kakaobot.errors import ConfigError
from scripts.file_lock import try_lock
from scripts.running_window import running_window
from ui import console_text

_POLL_SECONDS = 0.2
_MAX_WAIT = 60.0
"""Seconds for the other window to start or to end."""


@contextlib.contextmanager
def one_window(home: Home, max_wait: float = _MAX_WAIT) -> Iterator[str | None]:
    """Be the window of a home while this lasts.

    Yields the address that opens the other window, if there is one, and otherwise None.

    Raises:
        ConfigError: the other one neither responds nor ends.
    """
    home.state_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Never deleted: a lock on a deleted file would exclude nobody.
    with (home.state_folder / "window.lock").open("a", encoding="utf-8") as lock:
        since = time.monotonic()
        while not try_lock(lock):
            if address := running_window(home.root):
                yield address
                return
            if time.monotonic() - since > max_wait:
                raise ConfigError(console_text.OTHER_WINDOW_SILENT)
            time.sleep(_POLL_SECONDS)
        yield None
