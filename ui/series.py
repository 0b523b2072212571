"""Points of a run → what the chart draws. Pure; knows no gradio and no colours."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from kakaobot.runs.metrics import Point

MAX_POINTS = 500
"""Points a series sends to the browser."""

StepValue = tuple[int, float]


def loss_curve(points: Iterable[Point], best_step: int | None) -> dict[str, object]:
    """`loss` and `eval` as lists of [step, value], and `best` as [step, value] or None."""
    series: dict[str, list[StepValue]] = {"loss": [], "eval_loss": []}
    for point in points:
        if point.kind in series and math.isfinite(point.value):
            series[point.kind].append((point.step, point.value))
    best = next((pair for pair in series["eval_loss"] if pair[0] == best_step), None)
    return {
        "loss": [list(pair) for pair in downsample(series["loss"])],
        "eval": [list(pair) for pair in downsample(series["eval_loss"])],
        "best": list(best) if best else None,
    }


def style_curve(points: Iterable[Point], best_step: int | None) -> dict[str, object]:
    """How far the answers' voice was from the room's, in the same form: as `eval`."""
    voices = [
        (point.step, point.value)
        for point in points
        if point.kind == "voice" and math.isfinite(point.value)
    ]
    best = next((pair for pair in voices if pair[0] == best_step), None)
    return {
        "loss": [],
        "eval": [list(pair) for pair in downsample(voices)],
        "best": list(best) if best else None,
    }


def downsample(pairs: Sequence[StepValue], most: int = MAX_POINTS) -> list[StepValue]:
    """At most `most` pairs: the ends, and of each bucket between its lowest and its highest.

    Every k-th point would lose the spikes.
    """
    if len(pairs) <= most:
        return list(pairs)
    inner = pairs[1:-1]
    buckets = (most - 2) // 2
    kept = [pairs[0]]
    for number in range(buckets):
        bucket = inner[number * len(inner) // buckets : (number + 1) * len(inner) // buckets]
        ends = {min(bucket, key=_value), max(bucket, key=_value)}
        kept += sorted(ends)
    return [*kept, pairs[-1]]


def _value(pair: StepValue) -> float:
    return pair[1]
