"""Reads small text files that people edit, in every encoding that Notepad or PowerShell saves."""

from __future__ import annotations

import codecs
import re
import stat
from pathlib import Path

from kakaobot.errors import ConfigError
from kakaobot.language import tr

MAX_BYTES = 1 << 19
"""Settings of thousands of names fit; a file that takes seconds to parse does not."""
_BOMS = (
    # UTF-32 first: its BOM begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ASCII = re.compile(r"[\t\n\r -~]")
_HANGUL = re.compile("[가-힣]")
_SAVE_AS_UTF8 = tr("메모장에서 인코딩을 UTF-8 로 골라 다시 저장하세요.")


def read_text(file: Path) -> str:
    r"""The text with line ends of `\n`, without a BOM.

    Raises:
        ConfigError: it cannot be opened, is no file, too large, or in an unknown encoding.
    """
    try:
        # Opening a FIFO would wait for its writer.
        if not stat.S_ISREG(file.stat().st_mode):
            raise ConfigError(
                tr("{file} 은 파일이 아닙니다. 그 이름의 폴더나 장치를 치우고 다시 하세요.").format(
                    file=file
                )
            )
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            tr("{file} 을 열 수 없습니다. 파일의 자리와 읽기 권한을 확인하세요.").format(file=file)
        ) from error
    if len(raw) > MAX_BYTES:
        raise ConfigError(
            tr("{file} 이 너무 큽니다. {max_bytes}KB 보다 작게 줄이세요.").format(
                file=file, max_bytes=MAX_BYTES // 1024
            )
        )
    try:
        text = _decode(raw)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError(
            tr("{file} {line}번째 줄에 깨진 글자가 있습니다. 그 줄을 고치고 {save_as_utf8}").format(
                file=file, line=line, save_as_utf8=_SAVE_AS_UTF8
            )
        ) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise ConfigError(
            tr(
                "{file} {line}번째 줄에 눈에 보이지 않는 빈 글자(NUL)가 있습니다. 그 줄을 "
                "새로 적고 {save_as_utf8}"
            ).format(file=file, line=line, save_as_utf8=_SAVE_AS_UTF8)
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode(raw: bytes) -> str:
    """Decode by BOM, else as UTF-16 without one, UTF-8 or CP949, whichever it is.

    Raises:
        UnicodeDecodeError: it is none of them, or damaged UTF-8.
    """
    for bom, encoding in _BOMS:
        if raw.startswith(bom):
            return raw.decode(encoding)
    # Text in UTF-16 has a NUL beside every space and line end.
    if raw.count(0) * 10 > len(raw):
        candidates = [raw.decode(encoding, "replace") for encoding in ("utf-16-le", "utf-16-be")]
        return max(candidates, key=lambda text: len(_ASCII.findall(text)))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Much damaged UTF-8 is valid, but meaningless, in CP949.
        text = raw.decode("utf-8", "replace")
        if len(_HANGUL.findall(text)) > text.count("\ufffd"):
            raise
        return raw.decode("cp949")
