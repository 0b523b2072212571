import math
import random

from kakaobot.runs.metrics import Point
from ui.series import MAX_POINTS, LossCurve, downsample, loss_curve


def test_downsample_keeps_a_short_series():
    assert downsample([(1, 2.0), (2, 1.0)]) == [(1, 2.0), (2, 1.0)]


def test_downsample_keeps_spikes():
    pairs = [(step, 2.0 + math.sin(step / 50) / 10) for step in range(10_000)]
    pairs[4321] = (4321, 9.0)
    pairs[8765] = (8765, 0.1)
    sampled = downsample(pairs)
    assert len(sampled) <= MAX_POINTS
    assert sampled == sorted(sampled)
    assert sampled[0] == pairs[0]
    assert sampled[-1] == pairs[-1]
    assert (4321, 9.0) in sampled
    assert (8765, 0.1) in sampled


def test_downsample_respects_the_limit_by_one_point():
    assert len(downsample([(step, float(step)) for step in range(MAX_POINTS + 1)])) <= MAX_POINTS


def test_nan_and_infinity_are_dropped():
    points = [Point(1, "loss", math.nan, 0.0), Point(2, "loss", math.inf, 0.0)]
    assert loss_curve([*points, Point(3, "loss", 1.5, 0.0)], None)["loss"] == [[3, 1.5]]


def test_the_best_point_is_one_of_the_eval_series():
    points = [Point(2, "loss", 3.0, 0.0), Point(2, "eval_loss", 3.1, 0.0)]
    points += [Point(4, "eval_loss", 2.9, 0.0)]
    chart = loss_curve(points, 4)
    assert chart == {"loss": [[2, 3.0]], "eval": [[2, 3.1], [4, 2.9]], "best": [4, 2.9]}
    assert loss_curve(points, 3)["best"] is None


def test_a_curve_that_is_added_to_is_that_of_all_its_points():
    chance = random.Random(7)
    points: tuple[Point, ...] = ()
    curve = LossCurve()
    for _ in range(200):
        first = len(points) + 1
        points += tuple(
            Point(step, "loss" if step % 9 else "eval_loss", chance.random(), 0.0)
            for step in range(first, first + chance.choice((0, 1, 2, 90)))
        )
        assert curve.value(points, 9) == loss_curve(points, 9)
    assert len(points) > 4 * MAX_POINTS


def test_a_curve_whose_run_goes_back_begins_anew():
    points = tuple(Point(step, "loss", 1 / step, 0.0) for step in range(1, 2000))
    curve = LossCurve()
    for known in (points, points[:900], (*points[:900], Point(901, "loss", 9.0, 0.0)), (), points):
        assert curve.value(known, None) == loss_curve(known, None)
