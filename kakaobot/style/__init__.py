"""Writing style (말투 지문): profiles of replies, their distance and Korean descriptions.

    profile = style_profile(replies)
    style_distance(profile, other), feature_distances(profile, other)   0 (one person) to 1
    describe_style(profile), explain_difference(profile, other)         Korean sentences

Standard library only; reads nothing but the bundled table of plain Korean. Replies may be written
by people or generated.
"""

from kakaobot.style.describe import describe_style, explain_difference
from kakaobot.style.distance import FeatureDistance, feature_distances, style_distance
from kakaobot.style.features import FEATURES
from kakaobot.style.ngrams import Expression
from kakaobot.style.profile import RELIABLE_REPLIES, StyleProfile, from_json, style_profile, to_json

__all__ = [
    "FEATURES",
    "RELIABLE_REPLIES",
    "Expression",
    "FeatureDistance",
    "StyleProfile",
    "describe_style",
    "explain_difference",
    "feature_distances",
    "from_json",
    "style_distance",
    "style_profile",
    "to_json",
]
