import math

from kakaobot.runs.metrics import Point
from ui.series import MAX_POINTS, downsample, loss_curve


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
