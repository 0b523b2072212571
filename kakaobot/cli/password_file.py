"""Tells the user, before a command, that other accounts can read the password."""

from __future__ import annotations

from kakaobot.app.password_file import PasswordFile
from kakaobot.cli.context import CommandContext
from kakaobot.errors import ConfigError
from kakaobot.language import tr


def check_password_file(context: CommandContext) -> None:
    """Offer to close an exposed `.env` on a terminal; elsewhere say how."""
    file, console = PasswordFile(context.home), context.console
    exposure = file.exposure()
    if not exposure:
        return
    console.notify(tr("주의: {exposure}").format(exposure=exposure))
    if not console.is_terminal or not console.confirm(tr("지금 나만 읽게 바꿀까요? [y/N] ")):
        return
    try:
        file.close()
    except ConfigError as error:
        # The command itself is not affected.
        console.notify(str(error))
    else:
        console.notify(tr("이제 나만 읽을 수 있습니다."))
