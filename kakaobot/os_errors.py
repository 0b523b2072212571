"""Korean sentences for failed file operations; only the outermost callers need them."""

from __future__ import annotations

import errno
import os

from kakaobot.atomic_io import disk_is_full
from kakaobot.language import tr

_FULL = tr("{file} 에 적을 자리가 없습니다. 디스크의 공간을 비우고 다시 하세요.")
_UNKNOWN = tr(
    "{file} 을(를) 읽거나 쓰지 못했습니다 ({reason}). 디스크와 연결을 확인하고 다시 하세요."
)
_IN_THE_WAY = tr(
    "{file} 자리에 폴더가 아닌 파일이 있습니다. 그 파일을 다른 곳으로 옮기고 다시 하세요."
)
_NO_PERMISSION = tr(
    "{file} 을(를) 읽거나 쓸 권한이 없습니다. 파일과 폴더의 주인과 권한을 확인하고, 그것을 연 다른 "
    "프로그램이 있으면 닫은 뒤 다시 하세요."
)
_SENTENCES = {
    "EACCES": _NO_PERMISSION,
    "EPERM": _NO_PERMISSION,
    "EROFS": tr(
        "{file} 이(가) 있는 디스크는 읽기 전용입니다. 쓸 수 있는 폴더로 옮기거나, 환경 변수 "
        "KAKAOBOT_HOME 에 쓸 수 있는 폴더를 적고 다시 하세요."
    ),
    "ENOENT": tr("{file} 을(를) 찾을 수 없습니다. 옮기거나 지우지 않았는지 확인하고 다시 하세요."),
    "EEXIST": _IN_THE_WAY,
    "ENOTDIR": _IN_THE_WAY,
    "EISDIR": tr("{file} 자리에 파일이 아닌 폴더가 있습니다. 폴더를 옮기고 다시 하세요."),
    "ENOTEMPTY": tr("{file} 폴더가 비어 있지 않습니다. 그 안의 것을 옮기고 다시 하세요."),
    "ENAMETOOLONG": tr("{file} 의 이름이 너무 깁니다. 짧은 이름이나 얕은 폴더를 쓰세요."),
    "ELOOP": tr("{file} 은(는) 자기를 가리키는 링크입니다. 링크를 지우고 다시 하세요."),
    "EMFILE": tr("열린 파일이 너무 많아 {file} 을(를) 열지 못했습니다. 다른 프로그램을 닫으세요."),
    "EIO": tr("디스크가 {file} 을(를) 읽거나 쓰지 못했습니다. 디스크의 연결과 상태를 확인하세요."),
}
"""Name of an errno → Korean."""


def os_error_message(error: OSError) -> str:
    """Which file failed, why, and what to do about it."""
    if disk_is_full(error):
        sentence = _FULL
    else:
        sentence = _SENTENCES.get(errno.errorcode.get(error.errno or 0, ""), _UNKNOWN)
    reason = error.strerror or str(error).partition("\n")[0] or type(error).__name__
    return sentence.format(file=_file_of(error), reason=reason)


def _file_of(error: OSError) -> str:
    if not isinstance(error.filename, str | bytes):
        # A library's error, or a file that was already open.
        return tr("파일")
    name = os.fsdecode(error.filename)
    # Bytes that are not UTF-8 cannot be printed.
    return f"'{name.encode(errors='replace').decode()}'"
