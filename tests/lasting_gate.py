"""A gate for passes that a test module creates as it is imported."""

from __future__ import annotations

from kakaobot.app.auth import PasswordGate
from kakaobot.settings import AccessSettings


def lasting_gate(password: str) -> PasswordGate:
    """A gate whose passes stay valid during a run of all tests, however long it takes."""
    return PasswordGate(password, options=lambda: AccessSettings(idle_minutes=0))
