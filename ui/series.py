"""Metric points and eval samples of a run → chart series. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from operator import itemgetter

from kakaobot.likeness import (
    NOT_MEASURED,
    Likeness,
    likeness_note,
    likeness_text,
    shown_percent,
)
from kakaobot.runs.eval_samples import EvalSample
from kakaobot.runs.metrics import Point
from ui import text

MAX_POINTS = 500
"""Points per series sent to the browser."""

StepValue = tuple[int, float]


def loss_curve(points: Iterable[Point], best_step: int | None) -> dict[str, object]:
    """Value of a chart: `loss` and `eval` as [step, value] lists, `best` as one or None."""
    series: dict[str, list[StepValue]] = {"loss": [], "eval_loss": []}
    for point in points:
        # JSON has neither infinity nor NaN.
        if point.kind in series and math.isfinite(point.value):
            series[point.kind].append((point.step, point.value))
    return _chart(series["loss"], series["eval_loss"], best_step)


def likeness_curve(
    samples: Sequence[EvalSample], points: Iterable[Point], likeness: Likeness | None
) -> dict[str, object]:
    """Like `loss_curve`, with the likeness of the eval samples in percent as `eval`.

    Args:
        samples: of the run.
        points: of the run.
        likeness: that of the run, which `best` marks.

    Returns:
        Also `ranges`, the intervals as [step, low, high]; `texts` of the points; a `legend`; and a
        `note`, why there is nothing to draw, which is empty until replies should have been sampled.
    """
    measured = {
        sample.step: sample.likeness
        for sample in samples
        if sample.likeness and sample.likeness.percent is not None
    }
    pairs = [(step, float(shown_percent(one.percent))) for step, one in measured.items()]
    chart = _chart([], pairs, likeness.step if likeness else None)
    drawn = [(step, measured[step]) for step, _ in downsample(pairs)]
    is_from_base = any(not one.nearest and not one.participants for _, one in drawn)
    return {
        **chart,
        "ranges": [[step, shown_percent(one.low), shown_percent(one.high)] for step, one in drawn],
        "texts": [likeness_text(one) for _, one in drawn],
        "legend": text.LIKENESS_LEGEND_OF_BASE if is_from_base else text.LIKENESS_LEGEND,
        "note": "" if measured else _why_unknown(samples, points),
    }


def _why_unknown(samples: Sequence[EvalSample], points: Iterable[Point]) -> str:
    if not samples:
        # The base is sampled before the first step.
        is_trained = any(point.kind == "eval_loss" and point.step for point in points)
        return NOT_MEASURED if is_trained else ""
    likeness = samples[-1].likeness
    return likeness_note(likeness) if likeness else NOT_MEASURED


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


def _chart(
    loss: Sequence[StepValue], evaluation: Sequence[StepValue], best_step: int | None
) -> dict[str, object]:
    best = next((pair for pair in evaluation if pair[0] == best_step), None)
    return {
        "loss": [list(pair) for pair in downsample(loss)],
        "eval": [list(pair) for pair in downsample(evaluation)],
        "best": list(best) if best else None,
    }


_value = itemgetter(1)
