"""Evaluation losses → a small SVG line chart with the best one marked. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ui import text
from ui.render.templating import render
from ui.series import downsample

_WIDTH, _HEIGHT, _PADDING = 132, 36, 5
_MAX_POINTS = 60
"""More are indistinguishable at this width."""

_Position = tuple[float, float]


def sparkline(losses: Sequence[tuple[int, float]], best_step: int | None) -> str:
    """An SVG; empty without losses.

    Args:
        losses: step and finite loss of each evaluation, in order of step.
        best_step: step to mark, if it is among them.
    """
    if not losses:
        return ""
    best = next((loss for loss in losses if loss[0] == best_step), None)
    points = _scaled([*downsample(losses, _MAX_POINTS), *([best] if best else [])])
    mark = points.pop() if best else None
    return render(
        "sparkline",
        width=_WIDTH,
        height=_HEIGHT,
        label=_label(losses, best),
        points=points,
        best=mark,
    )


def _scaled(losses: Sequence[tuple[int, float]]) -> list[_Position]:
    """Pixel positions; steps increase to the right, losses upwards."""
    steps, values = [step for step, _ in losses], [value for _, value in losses]
    left, low = min(steps), min(values)
    steps_range, values_range = max(steps) - left, max(values) - low
    width, height = _WIDTH - 2 * _PADDING, _HEIGHT - 2 * _PADDING
    return [
        (
            _PADDING + width * ((step - left) / steps_range if steps_range else 0.5),
            _PADDING + height * (1 - (value - low) / values_range if values_range else 0.5),
        )
        for step, value in losses
    ]


def _label(losses: Sequence[tuple[int, float]], best: tuple[int, float] | None) -> str:
    label = text.SPARKLINE.format(count=len(losses), first=losses[0][1], last=losses[-1][1])
    return label + (text.SPARKLINE_BEST.format(step=best[0], loss=best[1]) if best else "")
