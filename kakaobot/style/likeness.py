"""Likeness (닮은 정도): where a style distance lies between another member and the person's own.

    likeness = (D_other(n) − D) / (D_other(n) − D_own(n))

All three are distances to one half of the person's replies: D of the n replies measured, D_own(n)
of n replies of the other half, D_other(n) of n replies of the nearest other member, both as means
over many draws. A distance depends on the number of replies, so all have the same. 0 is another
member, 1 the person.

Several people are measured as one by summing numerator and denominator over them, weighted by n.
The interval is the likeness ± 1.96 standard errors: those of a bootstrap over the replies, and of
D_own and D_other, which are measured on limited numbers of replies as well. It is centered on the
likeness: replies drawn with replacement are noisier than the sample, so further from everybody.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from kakaobot.likeness import Likeness, Unknown
from kakaobot.style.distance import signed_distance
from kakaobot.style.profile import RELIABLE_REPLIES, StyleProfile, from_json, style_profile, to_json
from kakaobot.style.tokens import tokenize_reply

FORMAT = 1
"""Bumped whenever scales of the old and the new rules must not be mixed."""
MIN_SAMPLE = 10
"""Replies from which a likeness is given."""
MIN_GAP = 0.03
"""Distance between the person and the nearest other member from which they can be told apart."""
MAX_SCALES = 12
"""Participants with a scale, the most active ones; each takes about a quarter of a second."""
_SIZES = (2, 8, 32, 128)
_DRAWN_REPLIES, _MIN_DRAWS, _MAX_DRAWS = 1024, 8, 40
"""Replies drawn per size; limits of the draws."""
_RESAMPLES = 100
_REACH = 1.96
"""Half the width of a 95% interval, in standard errors."""


class MeanDistance(NamedTuple):
    """Mean distance of samples to a reference."""

    mean: float
    error: float
    """Its standard error as an estimate for all replies that this person could have written."""


class ScalePoint(NamedTuple):
    """Distances of samples of one size to the person's reference half."""

    replies: int
    own: MeanDistance
    """Samples of the person's other half."""
    other: MeanDistance | None
    """Samples of the nearest other member; None if there is none."""


@dataclass(frozen=True)
class LikenessScale:
    """What 0 and 100 % are for one participant."""

    name: str
    replies: int
    """Replies the scale is made of."""
    reference: StyleProfile
    """Half of them, without distinctive expressions."""
    nearest: str = ""
    """The member with the nearest style; empty if nobody else has enough replies."""
    points: tuple[ScalePoint, ...] = ()
    """By size; empty if the participant has too few replies."""

    def at(self, replies: int) -> ScalePoint:
        """Distances at this sample size, interpolated over its logarithm."""
        larger = [point for point in self.points if point.replies >= replies]
        smaller = [point for point in self.points if point.replies <= replies]
        low, high = (smaller or larger)[-1], (larger or smaller)[0]
        if not smaller:
            low = high
        if low.replies == high.replies:
            return low._replace(replies=replies)
        share = math.log(replies / low.replies) / math.log(high.replies / low.replies)
        other = None
        if low.other and high.other:
            other = _between(low.other, high.other, share)
        return ScalePoint(replies, _between(low.own, high.own, share), other)


def _between(low: MeanDistance, high: MeanDistance, share: float) -> MeanDistance:
    return MeanDistance(
        low.mean + share * (high.mean - low.mean), low.error + share * (high.error - low.error)
    )


def likeness_scales(
    people: Mapping[str, Sequence[str]],
    names: Sequence[str],
    advance: Callable[[float], None] = lambda fraction: None,
) -> list[LikenessScale]:
    """Scales of some of these people, reproducible.

    Args:
        people: participant → replies, in any order; those with few replies are nobody's nearest.
        names: who is imitated.
        advance: receives the fraction done.
    """
    visible = {name: _visible(replies) for name, replies in people.items()}
    known = {name: replies for name, replies in visible.items() if len(replies) >= RELIABLE_REPLIES}
    profiles = {name: style_profile(replies) for name, replies in known.items()}
    scales: list[LikenessScale] = []
    for name in names[:MAX_SCALES]:
        advance(len(scales) / len(names[:MAX_SCALES]))
        scales.append(_scale(name, visible.get(name, []), known, profiles))
    return scales


def _scale(
    name: str,
    replies: Sequence[str],
    known: Mapping[str, Sequence[str]],
    profiles: Mapping[str, StyleProfile],
) -> LikenessScale:
    rng = random.Random(f"{name}\n{len(replies)}")
    shuffled = rng.sample(replies, len(replies))
    middle = len(shuffled) // 2
    half, other_half = shuffled[:middle], shuffled[middle:]
    reference = replace(style_profile(half), expressions=())
    if name not in known:
        return LikenessScale(name, len(replies), reference)
    others = [other for other in known if other != name]
    nearest = min(
        others,
        key=lambda other: signed_distance(profiles[other], reference),
        default="",
    )
    points = []
    for size in _SIZES:
        if size <= len(other_half):
            own = _mean_distance(other_half, size, reference, rng)
            other = None
            if nearest and size <= len(known[nearest]):
                other = _mean_distance(known[nearest], size, reference, rng)
            if other is not None or not nearest:
                points.append(ScalePoint(size, own, other))
    return LikenessScale(name, len(replies), reference, nearest, tuple(points))


def _mean_distance(
    replies: Sequence[str], size: int, reference: StyleProfile, rng: random.Random
) -> MeanDistance:
    draws = max(_MIN_DRAWS, min(_MAX_DRAWS, _DRAWN_REPLIES // size))
    distances = [
        signed_distance(style_profile(rng.sample(replies, size)), reference) for _ in range(draws)
    ]
    # The draws overlap: their spread divided by √draws would be too small.
    error = statistics.stdev(distances) * math.sqrt(size / len(replies))
    return MeanDistance(statistics.fmean(distances), error)


_NOWHERE = MeanDistance(0.0, 0.0)


class _Located(NamedTuple):
    """The replies of one participant beside their scale, or why there is none."""

    replies: Sequence[str]
    reference: StyleProfile | None = None
    nearest: str = ""
    own: MeanDistance = _NOWHERE
    other: MeanDistance = _NOWHERE
    unknown: Unknown | None = None

    @property
    def gap(self) -> float:
        return len(self.replies) * (self.other.mean - self.own.mean)

    def excess(self, replies: Sequence[str]) -> float:
        """How much nearer than the other member `replies` are, as many as `self.replies`."""
        assert self.reference
        distance = signed_distance(style_profile(replies), self.reference)
        return len(self.replies) * (self.other.mean - distance)

    def error(self, value: float) -> float:
        """Standard error of `excess` that comes from the scale, at this likeness."""
        return len(self.replies) * math.hypot(
            (1 - value) * self.other.error, value * self.own.error
        )


def measure_likeness(
    samples: Mapping[str, Iterable[str]],
    scales: Mapping[str, LikenessScale],
    base: Mapping[str, Iterable[str]] | None = None,
) -> Likeness:
    """Likeness of replies generated as these participants.

    Args:
        samples: participant → replies.
        scales: participant → scale; participants without a usable one are not measured.
        base: replies of the base model before training, in place of a missing nearest member.
    """
    base = base or {}
    located = {
        name: _locate(_visible(replies), scales.get(name), _visible(base.get(name, ())))
        for name, replies in samples.items()
    }
    parts = tuple(_likeness(name, [one]) for name, one in located.items())
    if len(parts) == 1:
        return parts[0]
    measured = [one for one in located.values() if not one.unknown]
    return replace(_likeness("", measured or list(located.values())[:1]), participants=parts)


def _likeness(name: str, located: Sequence[_Located]) -> Likeness:
    replies = sum(len(one.replies) for one in located)
    unknown = next((one.unknown for one in located if one.unknown), None)
    if unknown is None and replies < MIN_SAMPLE:
        unknown = "few samples"
    if unknown or not located:
        return Likeness(name, replies, unknown=unknown or "few samples")
    nearest = located[0].nearest if name else ""
    return Likeness(name, replies, *_estimate(located), nearest=nearest)


def _locate(replies: list[str], scale: LikenessScale | None, base: list[str]) -> _Located:
    if scale is None:
        return _Located(replies, unknown="no scale")
    if not scale.points:
        return _Located(replies, unknown="few replies")
    if len(replies) < _SIZES[0]:
        return _Located(replies, unknown="few samples")
    point = scale.at(len(replies))
    other = point.other
    if other is None:
        if len(base) < MIN_SAMPLE:
            return _Located(replies, unknown="nobody else")
        distance = signed_distance(style_profile(base), scale.reference)
        other = MeanDistance(distance, point.own.error)
    if other.mean - point.own.mean < MIN_GAP:
        return _Located(replies, unknown="alike")
    return _Located(replies, scale.reference, scale.nearest, point.own, other)


def _estimate(measured: Sequence[_Located]) -> tuple[float, float, float]:
    """Percentage and interval."""
    gap = math.fsum(one.gap for one in measured)
    value = math.fsum(one.excess(one.replies) for one in measured) / gap
    rng = random.Random(len(measured))
    resampled = [
        math.fsum(one.excess(rng.choices(one.replies, k=len(one.replies))) for one in measured)
        / gap
        for _ in range(_RESAMPLES)
    ]
    replies = sum(len(one.replies) for one in measured)
    unbiased = math.sqrt(replies / (replies - len(measured)))
    scale_error = math.hypot(*(one.error(value) for one in measured)) / gap
    reach = _REACH * math.hypot(unbiased * statistics.stdev(resampled), scale_error)
    return 100 * value, 100 * (value - reach), 100 * (value + reach)


def _visible(replies: Iterable[str]) -> list[str]:
    return [reply for reply in replies if tokenize_reply(reply)]


def scales_to_json(scales: Iterable[LikenessScale]) -> dict[str, Any]:
    """The JSON object of some scales."""
    records = [
        {
            "name": scale.name,
            "replies": scale.replies,
            "reference": to_json(scale.reference),
            "nearest": scale.nearest,
            "points": [list(point) for point in scale.points],
        }
        for scale in scales
    ]
    return {"format": FORMAT, "scales": records}


def scales_from_json(raw: Any) -> dict[str, LikenessScale]:
    """Participant → scale, from the output of `scales_to_json`; empty if it is not one."""
    try:
        if raw["format"] != FORMAT:
            return {}
        return {record["name"]: _parse_scale(record) for record in raw["scales"]}
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}


def _parse_scale(record: Mapping[str, Any]) -> LikenessScale:
    points = tuple(
        ScalePoint(int(size), MeanDistance(*own), MeanDistance(*other) if other else None)
        for size, own, other in record["points"]
    )
    reference = from_json(record["reference"])
    name, nearest = str(record["name"]), str(record["nearest"])
    return LikenessScale(name, int(record["replies"]), reference, nearest, points)
