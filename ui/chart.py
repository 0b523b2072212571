"""The canvas component of a chart. Its values come from `ui.series`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import gradio as gr

from ui import text

_SCRIPT = Path(__file__).parent / "static" / "chart.js"
# Constant, so that gradio keeps the canvas and its listeners when the value changes.
_TEMPLATE = '<div class="kb-chart"><canvas role="img" tabindex="0"></canvas></div>'


def loss_chart(elem_id: str) -> gr.HTML:
    """An empty chart for values of `ui.series.loss_curve`."""
    return _chart(elem_id, text.LOSS_CHART)


def likeness_chart(elem_id: str) -> gr.HTML:
    """An empty chart for values of `ui.series.likeness_curve`; hidden while empty."""
    return _chart(elem_id, text.LIKENESS_CHART)


def _chart(elem_id: str, labels: Mapping[str, str]) -> gr.HTML:
    script = f"const LABELS = {json.dumps(labels, ensure_ascii=False)};\n"
    return gr.HTML(
        value={"loss": [], "eval": [], "best": None},
        html_template=_TEMPLATE,
        js_on_load=script + _SCRIPT.read_text(encoding="utf-8"),
        elem_id=elem_id,
    )
