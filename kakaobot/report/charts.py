"""Charts as SVG and HTML fragments. Colors come from CSS variables of the surrounding page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from kakaobot.report.templating import render_fragment

_WIDTH, _HEIGHT, _TOP, _BOTTOM = 640, 190, 40, 24
_FLOOR = _HEIGHT - _BOTTOM
_LABEL_MARGIN = 22.0
"""Keeps centered labels inside the chart."""
_MAX_LABELS = 12
_HOTTEST_PERCENT = 55
"""Largest share of the heat color at which text is readable in light and dark mode."""


class _Bar(NamedTuple):
    label: str
    value: int
    x: float
    y: float
    width: float
    height: float
    label_x: float
    is_labeled: bool
    is_peak: bool


class _Cell(NamedTuple):
    value: int
    percent: int


def bar_chart(values: Sequence[tuple[str, int]], *, title: str, limit: str = "") -> Markup:
    """SVG with a column per value and the count above the largest one.

    Args:
        values: axis label and count of each column, at least one.
        title: for screen readers.
        limit: label of the right end of the axis, which is drawn as a dashed line.
    """
    largest = max(count for _, count in values) or 1
    step = _WIDTH / len(values)
    label_every = max(1, -(-len(values) // _MAX_LABELS))
    peak = max(range(len(values)), key=lambda n: values[n][1])
    bars = []
    for n, (label, count) in enumerate(values):
        height = (_FLOOR - _TOP) * count / largest
        bars.append(
            _Bar(
                label=label,
                value=count,
                x=(n + 0.1) * step,
                y=_FLOOR - height,
                width=0.8 * step,
                height=height,
                label_x=min(max((n + 0.5) * step, _LABEL_MARGIN), _WIDTH - _LABEL_MARGIN),
                is_labeled=n % label_every == 0,
                is_peak=n == peak and count > 0,
            )
        )
    return render_fragment(
        "bar_chart",
        bars=bars,
        title=title,
        limit=limit,
        width=_WIDTH,
        height=_HEIGHT,
        top=_TOP,
        floor=_FLOOR,
    )


def heatmap(names: Sequence[str], counts: Sequence[Sequence[int]], *, corner: str) -> Markup:
    """HTML table in which larger counts are darker.

    Args:
        names: of rows and columns.
        counts: one row per name.
        corner: heading of rows and columns.
    """
    largest = max((count for row in counts for count in row), default=0) or 1
    rows = [
        (name, [_Cell(count, _HOTTEST_PERCENT * count // largest) for count in row])
        for name, row in zip(names, counts, strict=True)
    ]
    return render_fragment("heatmap", names=names, rows=rows, corner=corner)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, css_class: str = "") -> Markup:
    """HTML table of texts."""
    return render_fragment("table", head=head, rows=rows, css_class=css_class)
