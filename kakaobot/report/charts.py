"""Counts → pictures in SVG and HTML, for the window and the report alike. Knows no data of ours.

Colours are those of the page they stand in, by its variables, with a fallback where it has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_WIDTH, _HEIGHT, _TOP, _BOTTOM = 640, 190, 40, 24
_INK, _MUTED = "var(--kb-ink, #2e2b28)", "var(--kb-muted, #7d7770)"
_FILL, _MARK = "var(--kb-accent, #ffd43b)", "var(--kb-eval, #d9622b)"
_HEAT, _HOTTEST = "var(--kb-loss, #3b6fd4)", 55
"""And in how many percent of it ink can still be read, on a light page and on a dark one."""
_MOST_LABELS = 12


def bar_chart(values: Sequence[tuple[str, int]], *, title: str, last_is: str = "") -> str:
    """A column for each value, with the largest one's count above it.

    Args:
        values: a label for the axis and a count, at least one.
        title: what is counted; read out by screen readers too.
        last_is: what the right end of the axis stands for, drawn as a limit.
    """
    most = max(count for _, count in values) or 1
    step = _WIDTH / len(values)
    every = max(1, -(-len(values) // _MOST_LABELS))
    peak = max(range(len(values)), key=lambda n: values[n][1])
    parts = []
    for n, (label, count) in enumerate(values):
        x, height = n * step, (_HEIGHT - _TOP - _BOTTOM) * count / most
        y = _HEIGHT - _BOTTOM - height
        parts.append(
            f'<rect x="{x + step * 0.1:.1f}" y="{y:.1f}" width="{step * 0.8:.1f}" '
            f'height="{height:.1f}" rx="2" fill="{_FILL}">'
            f"<title>{escape(label)}: {count:,}</title></rect>"
        )
        if n % every == 0:
            parts.append(_text(x + step / 2, _HEIGHT - 8, label, _MUTED))
        if n == peak and count:
            parts.append(_text(x + step / 2, y - 6, f"{count:,}", _INK))
    if last_is:
        parts.append(
            f'<line x1="{_WIDTH - 1}" x2="{_WIDTH - 1}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}" '
            f'stroke="{_MARK}" stroke-width="2" stroke-dasharray="4 4"/>'
        )
        parts.append(_text(_WIDTH - 2, _TOP - 24, last_is, _MARK, anchor="end"))
    floor = _HEIGHT - _BOTTOM
    parts.append(
        f'<line x1="0" x2="{_WIDTH}" y1="{floor}" y2="{floor}" stroke="{_MUTED}" opacity=".4"/>'
    )
    return (
        f'<svg class="kb-bars" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(title)}" width="100%">{"".join(parts)}</svg>'
    )


def heatmap(names: Sequence[str], counts: Sequence[Sequence[int]], *, corner: str) -> str:
    """A table in which more is darker.

    Args:
        names: of rows and columns.
        counts: one row for each name.
        corner: what rows and columns are.
    """
    most = max((count for row in counts for count in row), default=0) or 1
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = []
    for name, row in zip(names, counts, strict=True):
        cells = "".join(
            f'<td style="background: color-mix(in srgb, {_HEAT} {_HOTTEST * count // most}%, '
            f'transparent)">{count:,}</td>'
            for count in row
        )
        rows.append(f"<tr><th>{escape(name)}</th>{cells}</tr>")
    return (
        f'<table class="kb-matrix"><thead><tr><th>{escape(corner)}</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _text(x: float, y: float, words: str, colour: str, *, anchor: str = "middle") -> str:
    x = min(max(x, 22.0), _WIDTH - 22.0) if anchor == "middle" else x
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="12" '
        f'fill="{colour}">{escape(words)}</text>'
    )
