"""`CommandContext`: home, console and password prompt of a command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kakaobot.cli.console import Console
from kakaobot.env_file import ACCESS_VARIABLE
from kakaobot.language import tr

if TYPE_CHECKING:
    from kakaobot.app.auth import AccessPass, PasswordGate
    from kakaobot.config import Home

PRACTICE = tr(
    "주의: 연습용 모델입니다. 사용법을 익히는 데만 쓰이고, 대화다운 대화는 하지 못합니다."
)


@dataclass(frozen=True)
class CommandContext:
    home: Home
    console: Console
    ask_password: Callable[[str], str]
    """Takes a prompt, returns the password."""

    def authenticate(self, gate: PasswordGate) -> AccessPass:
        """Authenticate with the password from the environment, or else from the user.

        Raises:
            AccessDenied: as in `PasswordGate.authenticate`, or there is no terminal to ask on.
        """
        password = self.home.secret(ACCESS_VARIABLE)
        if password is None and gate.is_set:
            self.console.end_status()
            password = self.ask_password(tr("비밀번호: "))
        return gate.authenticate(password or "")
