"""What may become a password where it is chosen in the window. One in `.env` may be anything."""

from __future__ import annotations

import unicodedata

from kakaobot.language import tr

MIN_LENGTH = 4
_MAX_LENGTH = 128

_TOO_SHORT = tr("{min_length}자 이상으로 정하세요.").format(min_length=MIN_LENGTH)
_TOO_LONG = tr("{max_length}자까지만 쓸 수 있습니다. 더 짧게 정하세요.").format(
    max_length=_MAX_LENGTH
)
_ONE_CHARACTER = tr("같은 글자만 되풀이하면 쉽게 맞힙니다. 다른 글자를 섞으세요.")
_INVISIBLE = tr("줄 바꿈처럼 눈에 보이지 않는 글자가 있습니다. 그 글자를 빼고 정하세요.")


def normalized(password: str) -> str:
    """Hangul composed (NFC), as it is compared and stored; macOS sends it decomposed."""
    return unicodedata.normalize("NFC", password)


def password_problem(password: str) -> str:
    """Why a text cannot become the password, in Korean; empty if it can."""
    composed = normalized(password)
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in composed):
        return _INVISIBLE
    visible = composed.strip()
    if len(visible) < MIN_LENGTH:
        return _TOO_SHORT
    if len(composed) > _MAX_LENGTH:
        return _TOO_LONG
    if len(set(visible)) == 1:
        return _ONE_CHARACTER
    return ""
