"""How the window ends its program."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class ProgramEnds(NamedTuple):
    """Callbacks that return before the program ends."""

    quit: Callable[[], None] = lambda: None
    restart: Callable[[], None] = lambda: None
    """End, and start again in the language of the settings."""


NO_ENDS = ProgramEnds()
"""Of a window that its program does not end."""
