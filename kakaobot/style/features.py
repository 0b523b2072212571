"""Style features as data: classes of replies and bubbles, which a profile counts.

A *feature* assigns every reply, or every bubble, to exactly one of a few classes. Class counts
compare without the replies, and their sampling error is known (see `distance.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kakaobot.style.sentence_endings import ENDINGS


class Feature(NamedTuple):
    title: str
    """Korean."""
    weight: float
    """Weight in `style_distance`, set by hand: lower for features that depend on the topic (digits,
    length) rather than on habit (endings)."""
    classes: tuple[str, ...]
    """Korean labels in display order."""


FEATURES: Mapping[str, Feature] = {
    "length": Feature(
        "대답 길이",
        1.0,
        ("1자", "2~3자", "4~7자", "8~15자", "16~31자", "32~63자", "64~127자", "128자 이상"),
    ),
    "burst": Feature("말풍선 수", 0.5, ("1개", "2개", "3개", "4~5개", "6개 이상")),
    "sound": Feature("웃음과 울음", 1.0, ("없음", "ㅋ", "ㅎ", "ㅠ", "섞음")),
    "sound_run": Feature("웃음·울음 길이", 0.5, ("없음", "1", "2", "3~4", "5~8", "9 이상")),
    "initials": Feature("초성 말", 0.5, ("없음", "섞음", "초성만")),
    "level": Feature("높임", 1.5, ("합니다체", "해요체", "반말", "음슴체", "모름", "말 없음")),
    "ending": Feature("끝말", 1.0, ENDINGS),
    "closing": Feature("말끝 부호", 1.0, ("없음", ".", "?", "!", "?!", "~", "…", ";", "그 밖")),
    "sign_run": Feature("부호 겹침", 0.5, ("없음", "1", "2", "3~4", "5 이상")),
    "spacing": Feature(
        "띄어쓰기", 0.5, ("2자 미만", "2자대", "3자대", "4~5자", "6~8자", "9자 이상")
    ),
    "faces": Feature("그림과 표정", 0.5, ("없음", "그림문자", "글자 표정", "둘 다")),
    "script": Feature("영어와 숫자", 0.25, ("없음", "영어", "숫자", "둘 다")),
}
UNITS: Mapping[str, str] = {"level": "말풍선", "ending": "말풍선", "closing": "말풍선"}
"""Features counted per bubble; all others are counted per reply."""
MARKERS = (
    "ㅋ",
    "ㅎ",
    "ㅠ",
    "초성",
    "?",
    "!",
    ".",
    "~",
    "…",
    ";",
    "그림문자",
    "글자 표정",
    "영어",
    "숫자",
)
"""Signs and words a reply may contain; a profile counts the replies that contain each."""
BIN_EDGES = {
    "length": (2, 4, 8, 16, 32, 64, 128),
    "burst": (2, 3, 4, 6),
    "sound_run": (1, 2, 3, 5, 9),
    "sign_run": (1, 2, 3, 5),
    "spacing": (2, 3, 4, 6, 9),
}
"""Integer features: the lower bound of every class but the first."""
