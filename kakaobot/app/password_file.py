"""What is wrong with `.env`, the file of the password, and closing it to other accounts."""

from __future__ import annotations

import stat

from kakaobot.config import Home
from kakaobot.env_file import ENV_NAME, is_exposed, misnamed_env
from kakaobot.errors import ConfigError

_PRIVATE = stat.S_IRUSR | stat.S_IWUSR


class PasswordFile:
    """The `.env` of a home."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._file = home.env_file

    def exposure(self) -> str:
        """Korean: other accounts can read the password, and the command that closes it."""
        if not is_exposed(self._file):
            return ""
        return (
            f"이 컴퓨터의 다른 사용자도 비밀번호 파일을 읽을 수 있습니다. "
            f"나만 읽게 하려면: chmod 600 '{self._file}'"
        )

    def misnaming(self) -> str:
        """Korean: the password is in a file of another name; empty if one is set."""
        name = "" if self._home.password() else misnamed_env(self._home.root)
        if not name:
            return ""
        return (
            f"비밀번호가 적힌 '{name}' 을 찾았지만 이름이 '{ENV_NAME}' 이 아니라 읽지 않습니다. "
            f"이름을 '{ENV_NAME}' 으로 바꾸고 다시 시작하세요. (메모장은 이름 끝에 '.txt' 를 "
            "붙입니다. 탐색기의 보기에서 '파일 확장명'을 켜면 보입니다.)"
        )

    def close(self) -> None:
        """Let only the owner read the file.

        Raises:
            ConfigError: the file is another user's, or its drive knows no permissions.
        """
        try:
            self._file.chmod(_PRIVATE)
        except OSError as error:
            raise ConfigError(
                f"{self._file} 의 권한을 바꾸지 못했습니다. 파일의 주인으로 다시 하세요."
            ) from error
        if is_exposed(self._file):
            raise ConfigError(
                f"{self._file} 이 있는 드라이브에서는 권한을 바꿀 수 없습니다. "
                "프로그램을 내 홈 폴더로 옮기세요."
            )
