"""Every error a user can cause. Its text is one Korean sentence that says what to do next.

KakaobotError
├── ConfigError      a setting is unknown, of the wrong type or out of range
├── ExportError      a file is not a KakaoTalk export that can be read
├── DatasetError     there is nothing, or too little, to learn from
├── BaseModelError   a base model cannot be found, fetched or loaded
├── RunError         a training run is missing, busy, damaged or does not fit its data
└── AccessDenied     the password was wrong, or was never given or set
"""

from __future__ import annotations


class KakaobotError(Exception):
    """The text is shown to the user as it is: Korean, and it says what to do."""


class ConfigError(KakaobotError):
    """A setting is unknown, of the wrong type or out of range."""


class ExportError(KakaobotError):
    """A file is not a KakaoTalk export that can be read."""


class DatasetError(KakaobotError):
    """There is nothing, or too little, to learn from."""


class BaseModelError(KakaobotError):
    """A base model cannot be found, fetched or loaded."""


class RunError(KakaobotError):
    """A training run is missing, busy, damaged or does not fit its data."""


class AccessDenied(KakaobotError):
    """The password was wrong, or was never given or set."""
