"""The canvas on which the loss is drawn: how it is mounted, not what is drawn (`ui.curve`)."""

from __future__ import annotations

import json
from pathlib import Path

import gradio as gr

from ui import text

_SCRIPT = Path(__file__).parent / "static" / "chart.js"
# The template never changes, so gradio keeps the node and its listeners at every new value.
_TEMPLATE = '<div class="kb-chart"><canvas role="img" tabindex="0"></canvas></div>'


def loss_chart(elem_id: str) -> gr.HTML:
    """An empty chart; its value is what `ui.curve.curve` gives."""
    words = json.dumps(text.CHART, ensure_ascii=False)
    return gr.HTML(
        value={"loss": [], "eval": [], "best": None},
        html_template=_TEMPLATE,
        js_on_load=f"const WORDS = {words};\n{_SCRIPT.read_text(encoding='utf-8')}",
        elem_id=elem_id,
    )
