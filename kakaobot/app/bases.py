"""Which base model the settings mean on this machine, remembered for a moment. Torch-free."""

from __future__ import annotations

import time
from collections.abc import Callable

from kakaobot.base.choice import Choice, choose

_FRESH_SECONDS = 60.0


class Bases:
    """Asking the hardware and the hub takes up to seconds; the window asks every second."""

    def __init__(self, choose: Callable[[str], Choice] = choose) -> None:
        self._choose = choose
        self._known: dict[str, tuple[float, Choice]] = {}

    def choice(self, wanted: str) -> Choice:
        """What `model.base_model` means now.

        Raises:
            BaseModelError: it names a folder or file that is not there.
        """
        at, known = self._known.get(wanted, (0.0, None))
        if known is None or time.monotonic() - at > _FRESH_SECONDS:
            known = self._choose(wanted)
            self._known[wanted] = (time.monotonic(), known)
        return known
