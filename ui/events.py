"""Event wiring: private endpoints, errors shown as toasts, no overlay unless requested."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from kakaobot.schema import Progress
from ui.errors import show_errors

Trigger = Callable[..., Any]
"""What a handler is attached to: `button.click`, `tab.select`, `dependency.then`."""
Updates = tuple[object, ...]
"""One value for each output of a handler, in their order."""


def on(
    trigger: Trigger,
    handler: Callable[..., Any],
    inputs: Any = None,
    outputs: Any = None,
    *,
    progress: str = "hidden",
    **options: Any,
) -> Any:
    """Call `handler` at `trigger`; `options` go to gradio. Returns gradio's dependency."""
    return trigger(
        show_errors(handler),
        inputs,
        outputs,
        show_progress=progress,
        api_visibility="private",
        **options,
    )


def open_tab(trigger: Trigger, tabs: gr.Tabs, tab_id: str) -> None:
    """Select a tab at `trigger`."""
    on(trigger, lambda: gr.Tabs(selected=tab_id), None, tabs)


def to_progress(bar: gr.Progress) -> Progress:
    """A service's progress callback that moves gradio's bar."""
    return lambda share, message: bar(share, desc=message)


def skip(count: int) -> Updates:
    """Leave `count` outputs as they are."""
    return (gr.skip(),) * count
