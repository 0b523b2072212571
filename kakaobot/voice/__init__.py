"""The room's voice (말투 지문): replies → figures, how far two lie apart, and that in Korean.

    voice = fingerprint(replies)               figures.py      what is counted
    distance(voice, other), parts(…)           comparison.py   0 (one person) to 1
    explain(voice, other), describe(voice)     telling.py      Korean sentences

Pure but for one bundled table of plain Korean; standard library only. It knows no rooms, people,
runs or models: whoever has replies, people's or generated, may ask.
"""

from kakaobot.voice.comparison import Part, distance, parts
from kakaobot.voice.expressions import Expression
from kakaobot.voice.facets import FACETS
from kakaobot.voice.figures import (
    RELIABLE_REPLIES,
    Voice,
    fingerprint,
    from_json,
    to_json,
)
from kakaobot.voice.telling import describe, explain

__all__ = [
    "FACETS",
    "RELIABLE_REPLIES",
    "Expression",
    "Part",
    "Voice",
    "describe",
    "distance",
    "explain",
    "fingerprint",
    "from_json",
    "parts",
    "to_json",
]
