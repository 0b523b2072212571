"""Errors a user can cause. Each message is Korean and says what to do next.

KakaobotError
├── ConfigError      a setting is unknown, of the wrong type or out of range
├── ExportError      a file is not a KakaoTalk export that can be read
├── DatasetError     there is nothing, or too little, to train on
├── BaseModelError   a base model cannot be found, downloaded or loaded
│   └── MemoryShortage   it does not fit into the free memory
├── RunError         a training run is missing, busy, damaged or does not fit its data
├── ConversationError  a kept conversation is gone, or its file cannot be read or written
└── AccessDenied     the password is wrong, missing or not configured
"""

from __future__ import annotations

_MAX_QUOTE = 60


def quote(value: object) -> str:
    """A value for a message: on one line, its start only, control characters as `?`."""
    text = str(value)
    shown = "".join(char if char.isprintable() else "?" for char in text[:_MAX_QUOTE])
    return f"{shown}…" if len(text) > _MAX_QUOTE else shown


class KakaobotError(Exception):
    """Its message is shown to the user as it is."""


class ConfigError(KakaobotError):
    """A setting is unknown, of the wrong type or out of range."""


class ExportError(KakaobotError):
    """A file is not a KakaoTalk export that can be read."""


class DatasetError(KakaobotError):
    """There is nothing, or too little, to train on."""


class BaseModelError(KakaobotError):
    """A base model cannot be found, downloaded or loaded."""


class MemoryShortage(BaseModelError):
    """A base model does not fit into the free memory."""


class RunError(KakaobotError):
    """A training run is missing, busy, damaged or does not fit its data."""


class ConversationError(KakaobotError):
    """A kept conversation is gone, or its file cannot be read or written."""


class AccessDenied(KakaobotError):
    """The password is wrong, missing or not configured."""
