"""Sentences of the command line, and of files of earlier versions, in the words of the window."""

from __future__ import annotations

import re

from kakaobot.display_name import display_sentence
from kakaobot.setting_fields import with_names

# `'새 학습'(train --new)`: the button and, for the command line, its command.
_COMMAND = re.compile(
    r" ?\((?:preprocess|train|stop|chat|people|audit|refine|quiz|smoke)(?: --[a-z-]+)*\)"
)
# What earlier versions wrote into their runs.
_ADAPTER = re.compile(
    r"(?:(지금까지의|가장 최근|가장 좋은|단계의|(?<![가-힣])이|새) )?어댑터"
    r"(?:([가를는와로])(?![가-힣]))?(?P<path>(?= [^ ]+/))?"
)
_WHICH = {
    "지금까지의": "지금까지 배운",
    "가장 최근": "가장 최근에 배운",
    "가장 좋은": "가장 좋은 때에 배운",
    "단계의": "단계에 배운",
    "이": "새로 배운",
    "새": "새로 배운",
}
_PARTICLES = {"가": "이", "를": "을", "는": "은", "와": "과", "로": "으로"}


def told(sentence: str) -> str:
    """A sentence as the window tells it: settings by name, buttons without their commands."""
    return display_sentence(with_names(_COMMAND.sub("", reworded(sentence))))


def reworded(stored: str) -> str:
    """A text that an earlier version may have written, in the words of today."""
    return _ADAPTER.sub(_learned, stored)


def _learned(found: re.Match[str]) -> str:
    thing = "것" if found["path"] is None else "파일"
    return f"{_WHICH.get(found[1], '배운')} {thing}{_PARTICLES.get(found[2], '')}"
