"""The room's voice (말투 지문): replies → figures, how far two lie apart, and that in Korean.

    voice = fingerprint(replies)               figures.py      what is counted
    distance(voice, other), parts(…)           comparison.py   0 (one person) to 1
    explain(voice, other), describe(voice)     telling.py      Korean sentences

Pure but for one bundled table of plain Korean; standard library only. It knows no rooms, people,
runs or models: whoever has replies, people's or generated, may ask.
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
    "style_distance",
    "explain_difference",
    "style_profile",
    "from_json",
    "feature_distances",
    "to_json",
    "FeatureDistance",
    "feature_distances",
    "style_distance",
    "describe_style",
    "explain_difference",
    "FEATURES",
    "StyleProfile",
    "style_profile",
]
