"""What every verb works at: the user's folder, the console, and how to ask for the password."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kakaobot.cli.console import Console

if TYPE_CHECKING:
    from kakaobot.app.auth import AccessPass, PasswordGate
    from kakaobot.config import Home

PRACTICE = "주의: 연습용 모델입니다. 사용법을 익히는 데만 쓰이고, 대화다운 대화는 하지 못합니다."
ACCESS_VARIABLE = "CHATBOT_ACCESS_PASSWORD"


@dataclass(frozen=True)
class CommandContext:
    home: Home
    console: Console
    ask: Callable[[str], str]
    """Asks for a password; is given the prompt."""

    def enter(self, gate: PasswordGate) -> AccessPass:
        """Get the password from the environment, else from the user.

        Raises:
            AccessDenied: see `Gate.enter`; or nobody can be asked.
        """
        given = os.environ.get(ACCESS_VARIABLE)
        if given is None and gate.is_set:
            self.console.end_line()
            given = self.ask("비밀번호: ")
        return gate.authenticate(given or "")
