"""How usual a single reply is for a person: its log-likelihood under the style profile.

    T(r) = min(0, Σ_f w_f · (H_f + log p_f(r)) / Σ_f w_f)      over the features that r has

p_f is the person's smoothed share of the classes that r has in feature f (the mean of their
logarithms if r has several bubbles), and H_f the entropy of these shares, so that the person's own
replies are around 0. T is 0 for everything at least as usual as they are: whoever maximizes a
likelihood, or minimizes the style distance of a single reply, always ends up at the commonest
length and ending, and the replies so chosen are farther from the person than random ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from kakaobot.style.features import FEATURES
from kakaobot.style.profile import StyleProfile, style_profile

_UNSEEN = 0.5
"""Added to every class count: one that never occurred is rare, not impossible."""


def typicality(reply: str, profile: StyleProfile) -> float:
    """Return T in nats per feature: 0 for a usual reply, negative for others.

    A reply without a visible character is less usual than any other. Without replies in the
    profile, everything is usual.
    """
    if not profile.replies:
        return 0.0
    own = style_profile([reply])
    if not own.replies:
        return -math.inf
    excess, weights = 0.0, 0.0
    for name, feature in FEATURES.items():
        if any(own.features[name]) and any(profile.features[name]):
            excess += feature.weight * _excess(own.features[name], profile.features[name])
            weights += feature.weight
    return min(0.0, excess / weights)


def _excess(counts: Sequence[int], person: Sequence[int]) -> float:
    """H_f + log p_f: how much likelier than the person's average."""
    total = sum(person) + _UNSEEN * len(person)
    logs = [math.log((count + _UNSEEN) / total) for count in person]
    entropy = -math.fsum(math.exp(log) * log for log in logs)
    observed = math.fsum(count * log for count, log in zip(counts, logs, strict=True))
    return entropy + observed / sum(counts)
