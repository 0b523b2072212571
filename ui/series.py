"""Metric points of a run → chart series. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from kakaobot.runs.metrics import Point

MAX_POINTS = 500
"""Points per series sent to the browser."""

StepValue = tuple[int, float]


def loss_curve(points: Iterable[Point], best_step: int | None) -> dict[str, object]:
    """Value of a chart: `loss` and `eval` as [step, value] lists, `best` as one or None."""
    points = list(points)
    return _chart(_series(points, "loss"), _series(points, "eval_loss"), best_step)


def style_curve(points: Iterable[Point], best_step: int | None) -> dict[str, object]:
    """Like `loss_curve`, with the style distances of the eval samples as `eval`."""
    return _chart([], _series(points, "voice"), best_step)


def downsample(pairs: Sequence[StepValue], max_points: int = MAX_POINTS) -> list[StepValue]:
    """Keep the first and last pair, and the minimum and maximum of each bucket between.

    Keeping every k-th pair would lose spikes.
    """
    if len(pairs) <= max_points:
        return list(pairs)
    inner = pairs[1:-1]
    buckets = (max_points - 2) // 2
    sampled = [pairs[0]]
    for number in range(buckets):
        bucket = inner[number * len(inner) // buckets : (number + 1) * len(inner) // buckets]
        sampled += sorted({min(bucket, key=_value), max(bucket, key=_value)})
    return [*sampled, pairs[-1]]


def _series(points: Iterable[Point], kind: str) -> list[StepValue]:
    """Finite values of one kind: JSON has neither infinity nor NaN."""
    return [
        (point.step, point.value)
        for point in points
        if point.kind == kind and math.isfinite(point.value)
    ]


def _chart(
    loss: Sequence[StepValue], evaluation: Sequence[StepValue], best_step: int | None
) -> dict[str, object]:
    best = next((pair for pair in evaluation if pair[0] == best_step), None)
    return {
        "loss": [list(pair) for pair in downsample(loss)],
        "eval": [list(pair) for pair in downsample(evaluation)],
        "best": list(best) if best else None,
    }


def _value(pair: StepValue) -> float:
    return pair[1]
