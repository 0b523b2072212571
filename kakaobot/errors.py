"""Errors a user can cause. Each message is Korean and says what to do next.

KakaobotError
├── ConfigError      a setting is unknown, of the wrong type or out of range
│   └── InvalidSettings  one or more, each with what is wrong with it
├── ExportError      a file is not a KakaoTalk export that can be read
├── DatasetError     there is nothing, or too little, to train on
├── BaseModelError   a base model cannot be found, downloaded or loaded
│   └── MemoryShortage   it does not fit into the free memory
├── RunError         a training run is missing, busy, damaged or does not fit its data
├── ConversationError  a kept conversation is gone, or its file cannot be read or written
└── AccessDenied     the password is wrong, missing or not configured
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_MAX_QUOTE = 60
_MAX_FAULTS = 8


def quote(value: object) -> str:
    """A value for a message: on one line, its start only, control characters as `?`."""
    text = str(value)
    shown = "".join(char if char.isprintable() else "?" for char in text[:_MAX_QUOTE])
    return f"{shown}…" if len(text) > _MAX_QUOTE else shown


class KakaobotError(Exception):
    """Its message is shown to the user as it is."""


class ConfigError(KakaobotError):
    """A setting is unknown, of the wrong type or out of range."""


@dataclass(frozen=True)
class SettingFault:
    """What is wrong with one setting."""

    path: str
    """Such as `lora.r`; also of a setting or group that does not exist."""
    title: str
    """As a message calls it."""
    reason: str

    @property
    def sentence(self) -> str:
        return f"{self.title}: {self.reason}"


class InvalidSettings(ConfigError):
    """Settings are unknown, of the wrong type or out of range; its message tells of all of them."""

    def __init__(self, faults: Sequence[SettingFault]) -> None:
        super().__init__("\n".join(fault.sentence for fault in faults[:_MAX_FAULTS]))
        self.faults = tuple(faults)


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
