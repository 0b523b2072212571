"""Tabs whose contents a page gets when it shows them for the first time (`ui.late_blocks`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import gradio as gr
from gradio.context import Context

from ui import window_text
from ui.events import Trigger, on
from ui.late_blocks import LateBlocks
from ui.password_bar import PageAccess

_STATIC = Path(__file__).parent / "static"
_ASK_SCRIPT = "trigger('submit')"
_SHOWN_SCRIPT = (_STATIC / "shown.js").read_text("utf-8")


@dataclass(frozen=True)
class LateTab:
    shown: Trigger
    """Whenever the tab is shown, as soon as it has its contents."""
    page: PageAccess
    """Changes when the contents have arrived, and whenever the page locks or unlocks then."""


@contextmanager
def late_tab(label: str, name: str, access: gr.State) -> Iterator[LateTab]:
    """Lay out a tab with what follows in the context; `access` is that of the page.

    What events from elsewhere write into the tab before its contents have arrived is lost.
    """
    with gr.Tab(label, id=name, elem_id=f"tab-{name}"):
        waiting = gr.HTML(window_text.LATE_TAB, js_on_load=_ASK_SCRIPT, elem_id=f"late-{name}")
        with gr.Column(elem_id=f"contents-{name}") as contents:
            seen = gr.HTML(
                js_on_load=_SHOWN_SCRIPT, elem_id=f"shown-{name}", elem_classes="kb-shown"
            )
            # What changes while an event is on its way is not to be missed.
            changed = partial(seen.change, trigger_mode="always_last")
            yield LateTab(seen.select, PageAccess(access, changed, seen.stop))
    asked = on(waiting.submit, _hide_note, None, waiting)
    window = cast("LateBlocks", Context.root_block)
    window.contents[asked["id"]] = contents._id


def _hide_note() -> gr.HTML:
    return gr.HTML(visible=False)
