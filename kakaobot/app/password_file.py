"""`.env`, the file of the password: writing it, what is wrong with it, and who can read it."""

from __future__ import annotations

import stat

from kakaobot.config import Home
from kakaobot.env_file import (
    ENV_NAME,
    PASSWORD_VARIABLE,
    is_exposed,
    misnamed_env,
    write_password,
)
from kakaobot.errors import ConfigError
from kakaobot.language import tr
from kakaobot.os_errors import os_error_message

_PRIVATE = stat.S_IRUSR | stat.S_IWUSR


class PasswordFile:
    """The `.env` of a home."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._file = home.env_file

    def read(self) -> str:
        """The password that holds now, from the environment or the file; empty if there is none.

        Raises:
            ConfigError: the file cannot be read.
        """
        return self._home.password()

    def write(self, password: str) -> None:
        """Write a password into the file, which only its owner can read then.

        Raises:
            ConfigError: it would not hold, or the file cannot be read or written.
        """
        if reason := self.override():
            raise ConfigError(reason)
        try:
            write_password(self._file, password)
        except OSError as error:
            raise ConfigError(os_error_message(error)) from error

    def override(self) -> str:
        """Korean: the environment has a password, so that the one in the file does not hold."""
        if not self._home.secret(PASSWORD_VARIABLE):
            return ""
        return tr(
            "비밀번호를 환경 변수 {password_variable} 에서 읽었습니다. 여기서 바꿔도 "
            "쓰이지 않으니, 그 환경 변수를 바꾸거나 지우고 다시 시작하세요."
        ).format(password_variable=PASSWORD_VARIABLE)

    def is_exposed(self) -> bool:
        """Whether other accounts can read the password."""
        return is_exposed(self._file)

    def exposure(self) -> str:
        """Korean: other accounts can read the password, and the command that closes it."""
        if not self.is_exposed():
            return ""
        return tr(
            "이 컴퓨터의 다른 사용자도 비밀번호 파일을 읽을 수 있습니다. 나만 읽게 "
            "하려면: chmod 600 '{file}'"
        ).format(file=self._file)

    def misnaming(self) -> str:
        """Korean: the password is in a file of another name; empty if one is set."""
        name = "" if self._home.password() else misnamed_env(self._home.root)
        if not name:
            return ""
        return tr(
            "비밀번호가 적힌 '{name}' 을 찾았지만 이름이 '{env_name}' 이 아니라 읽지 "
            "않습니다. 이름을 '{env_name}' 으로 바꾸고 다시 시작하세요. (메모장은 이름 "
            "끝에 '.txt' 를 붙입니다. 탐색기의 보기에서 '파일 확장명'을 켜면 보입니다.)"
        ).format(name=name, env_name=ENV_NAME)

    def close(self) -> None:
        """Let only the owner read the file.

        Raises:
            ConfigError: the file is another user's, or its drive knows no permissions.
        """
        try:
            self._file.chmod(_PRIVATE)
        except OSError as error:
            raise ConfigError(
                tr("{file} 의 권한을 바꾸지 못했습니다. 파일의 주인으로 다시 하세요.").format(
                    file=self._file
                )
            ) from error
        if self.is_exposed():
            raise ConfigError(
                tr(
                    "{file} 이 있는 드라이브에서는 권한을 바꿀 수 없습니다. 프로그램을 내 홈 "
                    "폴더로 옮기세요."
                ).format(file=self._file)
            )
