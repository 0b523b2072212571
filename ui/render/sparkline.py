"""A few losses → a small line in SVG with its lowest point marked. Pure; colours are the page's."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ui import text
from ui.series import downsample

_WIDTH, _HEIGHT, _PAD = 132, 36, 5
_MOST = 60
"""Points a line of this width can show."""


def sparkline(losses: Sequence[tuple[int, float]], best_step: int | None) -> str:
    """Step and loss of each evaluation; empty where there was none.

    Args:
        losses: finite, in order of step.
        best_step: the one that is marked, where it is among them.
    """
    if not losses:
        return ""
    best = next((loss for loss in losses if loss[0] == best_step), None)
    places = _places([*downsample(losses, _MOST), *([best] if best else [])])
    line, mark = places[: len(places) - bool(best)], places[-1]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in line)
    drawn = f'<polyline points="{path}"/>' if len(line) > 1 else _dot(line[0], "kb-only")
    return (
        f'<svg class="kb-spark" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" role="img" aria-label="{escape(_words(losses, best))}">'
        f"<title>{escape(_words(losses, best))}</title>{drawn}"
        f"{_dot(mark, 'kb-lowest') if best else ''}</svg>"
    )


def _places(losses: Sequence[tuple[int, float]]) -> list[tuple[float, float]]:
    """Where each is drawn: later is further right, lower is further down."""
    steps, values = [step for step, _ in losses], [value for _, value in losses]
    left, low = min(steps), min(values)
    width, height = max(steps) - left, max(values) - low
    across, down = _WIDTH - 2 * _PAD, _HEIGHT - 2 * _PAD
    return [
        (
            _PAD + across * ((step - left) / width if width else 0.5),
            _PAD + down * (1 - (value - low) / height if height else 0.5),
        )
        for step, value in losses
    ]


def _dot(place: tuple[float, float], look: str) -> str:
    return f'<circle class="{look}" cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="3.4"/>'


def _words(losses: Sequence[tuple[int, float]], best: tuple[int, float] | None) -> str:
    said = text.SPARKLINE.format(count=len(losses), first=losses[0][1], last=losses[-1][1])
    return said + (text.SPARKLINE_BEST.format(step=best[0], loss=best[1]) if best else "")
