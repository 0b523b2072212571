"""Event wiring: private endpoints, errors as toasts, no progress overlay by default."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
from gradio.context import Context

from kakaobot.schema import Progress
from ui.errors import GuardedBlocks, show_errors

Trigger = Callable[..., Any]
"""A gradio event listener: `button.click`, `tab.select`, `dependency.then`."""
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
    """Call `handler` on `trigger`. Passes `options` to gradio; returns its dependency.

    At every message on any event, the page visits all components that ever bore progress, and
    copies their values. So events without progress let a hidden component bear it.
    """
    if progress == "hidden" and isinstance(window := Context.root_block, GuardedBlocks):
        options.setdefault("show_progress_on", window.quiet)
    return trigger(
        show_errors(handler),
        inputs,
        outputs,
        show_progress=progress,
        api_visibility="private",
        **options,
    )


def end(trigger: Trigger, events: Sequence[Any]) -> None:
    """End `events` that are in progress on `trigger`."""
    trigger(None, None, None, cancels=list(events), api_visibility="private")


def open_tab(trigger: Trigger, tabs: gr.Tabs, tab_id: str) -> None:
    """Select a tab on `trigger`."""
    on(trigger, lambda: gr.Tabs(selected=tab_id), None, tabs)


def to_progress(bar: gr.Progress) -> Progress:
    """Adapt gradio's progress bar to the callback of a service."""
    return lambda share, message: bar(share, desc=message)


def skip(count: int) -> Updates:
    """Leave `count` outputs unchanged."""
    return (gr.skip(),) * count
