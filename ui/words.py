"""Sentences that the window shares with the command line, in the words of the window."""

from __future__ import annotations

import re

from kakaobot.display_name import display_sentence
from kakaobot.setting_fields import with_names

# `'새 학습'(train --new)`: the button and, for the command line, its command.
_COMMAND = re.compile(
    r" ?\((?:preprocess|train|stop|chat|people|audit|refine|quiz|smoke)(?: --[a-z-]+)*\)"
)


def told(sentence: str) -> str:
    """A sentence as the window tells it: settings by name, buttons without their commands."""
    return display_sentence(with_names(_COMMAND.sub("", sentence)))
