"""How every event is wired: private, errors shown, and no overlay unless it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ui.errors import shown


def on(
    event: Callable[..., Any],
    handler: Callable[..., Any],
    inputs: Any = None,
    outputs: Any = None,
    *,
    progress: str = "hidden",
    **more: Any,
) -> Any:
    """Call `handler` at `event`; `more` goes to gradio. Returns gradio's dependency."""
    return event(
        shown(handler),
        inputs,
        outputs,
        show_progress=progress,
        api_visibility="private",
        **more,
    )
