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

_DIGITS = 6
"""Significant ones, as many as a chart shows: pages are sent all values at every step."""

StepValue = tuple[int, float]


def loss_curve(points: Sequence[Point], best_step: int | None) -> dict[str, object]:
    """Value of a chart: `loss` and `eval` as [step, value] lists, `best` as one or None."""
    return LossCurve().value(points, best_step)


class LossCurve:
    """`loss_curve` of points that are added to: only new ones are looked at."""

    def __init__(self) -> None:
        self._points: Sequence[Point] = ()
        self._series: dict[str, ThinnedSeries] = {}
        self._begin()

    def value(self, points: Sequence[Point], best_step: int | None) -> dict[str, object]:
        if points[: len(self._points)] != self._points:
            self._begin()
        for point in points[len(self._points) :]:
            # JSON has neither infinity nor NaN.
            if point.kind in self._series and math.isfinite(point.value):
                pair = point.step, float(f"{point.value:.{_DIGITS}g}")
                self._series[point.kind].pairs.append(pair)
        self._points = points
        return _chart(self._series["loss"], self._series["eval_loss"], best_step)

    def _begin(self) -> None:
        self._points = ()
        self._series = {"loss": ThinnedSeries(), "eval_loss": ThinnedSeries()}


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
    chart = _chart(ThinnedSeries(), ThinnedSeries(pairs), likeness.step if likeness else None)
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
    """As `ThinnedSeries.kept`."""
    return ThinnedSeries(pairs, max_points).kept()


class ThinnedSeries:
    """Pairs in order of step, of which few are kept; more may be added."""

    def __init__(self, pairs: Iterable[StepValue] = (), max_points: int = MAX_POINTS) -> None:
        self.pairs = list(pairs)
        self._max_points = max_points
        self._size = 0
        """Pairs of a bucket."""
        self._extremes: list[StepValue] = []
        """Of the full buckets."""
        self._full = 0

    def kept(self) -> list[StepValue]:
        """The first and last pair, and the minimum and maximum of each bucket between.

        Keeping every k-th pair would lose spikes.
        """
        pairs = self.pairs
        if len(pairs) <= self._max_points:
            return list(pairs)
        # As few pairs as there is room for: then a bucket stays as it is while pairs are added.
        size = math.ceil((len(pairs) - 2) / ((self._max_points - 2) // 2))
        if size != self._size:
            self._size, self._full, self._extremes = size, 0, []
        full = (len(pairs) - 2) // size
        for number in range(self._full, full):
            self._extremes += _extremes(pairs[1 + number * size : 1 + (number + 1) * size])
        self._full = full
        return [pairs[0], *self._extremes, *_extremes(pairs[1 + full * size : -1]), pairs[-1]]


def _extremes(bucket: Sequence[StepValue]) -> list[StepValue]:
    return sorted({min(bucket, key=_value), max(bucket, key=_value)}) if bucket else []


def _chart(
    loss: ThinnedSeries, evaluation: ThinnedSeries, best_step: int | None
) -> dict[str, object]:
    best = next((pair for pair in evaluation.pairs if pair[0] == best_step), None)
    return {
        "loss": [list(pair) for pair in loss.kept()],
        "eval": [list(pair) for pair in evaluation.kept()],
        "best": list(best) if best else None,
    }


_value = itemgetter(1)
