"""The canvas on which a curve is drawn: how it is mounted, not what is drawn (`ui.series`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import gradio as gr

from ui import text

_SCRIPT = Path(__file__).parent / "static" / "chart.js"
# The template never changes, so gradio keeps the node and its listeners at every new value.
_TEMPLATE = '<div class="kb-chart"><canvas role="img" tabindex="0"></canvas></div>'


def loss_chart(elem_id: str) -> gr.HTML:
    """An empty chart; its value is what `ui.series.loss_curve` gives."""
    return _chart(elem_id, text.LOSS_CHART)


def style_chart(elem_id: str) -> gr.HTML:
    """An empty chart, not seen while it is; its value is what `ui.series.style_curve` gives."""
    return _chart(elem_id, text.STYLE_CHART)


def _chart(elem_id: str, said: Mapping[str, str]) -> gr.HTML:
    words = json.dumps(said, ensure_ascii=False)
    return gr.HTML(
        value={"loss": [], "eval": [], "best": None},
        html_template=_TEMPLATE,
        js_on_load=f"const WORDS = {words};\n{_SCRIPT.read_text(encoding='utf-8')}",
        elem_id=elem_id,
    )
