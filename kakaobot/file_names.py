"""Names that Windows, macOS and Linux can all hold, and paths as users write them."""

from __future__ import annotations

import re
from pathlib import Path

from kakaobot.language import tr

FORBIDDEN = re.compile(
    r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]'
)
"""What Windows refuses, what cannot be encoded, and what hides or reorders the rest of a name."""
DEVICE = re.compile(
    r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|CLOCK\$|COM[0-9¹²³]|LPT[0-9¹²³]) *(?:\..*)?",
    re.IGNORECASE,
)
"""Device names on Windows, with any suffix and spaces."""
_MAX_BYTES = 240
"""Leaves room for a suffix in the 255 of most file systems."""


def user_path(text: str) -> Path:
    """A path as a user writes it: `~` is the home folder, unless there is no such user."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def refusal_of(name: str) -> str:
    """Why `name` cannot be a file or folder on every system, in Korean; empty if it can."""
    if not name:
        return tr("이름이 비어 있습니다. 이름을 적으세요.")
    if len(name.encode(errors="replace")) > _MAX_BYTES:
        return tr("이름이 너무 깁니다. 한글로 {max_bytes}자보다 짧게 적으세요.").format(
            max_bytes=_MAX_BYTES // 3
        )
    if match := FORBIDDEN.search(name):
        if not match[0].isprintable():
            return tr("이름에 눈에 보이지 않는 제어 문자가 있습니다. 이름을 새로 적으세요.")
        return tr(
            "'{name}' 에 든 '{match}' 는 Windows 가 이름에 쓰지 못합니다. 빼고 적으세요."
        ).format(name=name, match=match[0])
    if name != name.strip() or name.endswith("."):
        return tr(
            "'{name}' 처럼 빈칸으로 시작하거나 빈칸이나 '.' 으로 끝나는 이름은 Windows 가 "
            "쓰지 못합니다. 빼고 적으세요."
        ).format(name=name)
    if DEVICE.fullmatch(name):
        return tr("'{name}' 은 Windows 가 장치의 이름으로 씁니다. 다른 이름을 적으세요.").format(
            name=name
        )
    return ""
