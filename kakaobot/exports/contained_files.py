"""Files in an upload, and which of them may be chats: the same rules for archives and folders."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from kakaobot.exports.formats import ROOM_IN_NAME

MAX_BYTES = 1 << 30
"""Limit for one file, and for all texts in one archive or folder together."""
MAX_ENTRIES = 20_000
HEAD_BYTES = 65536
"""Enough to recognize a text or a mail."""
_TEXTS = (".txt", ".csv", ".eml")
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}")
"""Does not match the `.25` at the end of a date."""
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True)
class ContainedFile:
    name: str
    """File name without folders."""
    data: bytes
    room: str = ""
    """Name of the room, if KakaoTalk named a folder around the file after it."""


@dataclass(frozen=True)
class Container:
    files: tuple[ContainedFile, ...]
    skipped: int = 0
    """Other files, which are not text: pictures, videos and the like."""
    archives: int = 0
    """Skipped files that are archives themselves, which are not opened."""
    is_wrapped: bool = True
    """Whether the files are in a mail, archive or folder."""


def room_of_folders(folders: Sequence[str]) -> str:
    """The room the innermost of `folders` is named after; empty if none is."""
    names = (unicodedata.normalize("NFC", folder) for folder in reversed(folders))
    matches = (ROOM_IN_NAME.fullmatch(name) for name in names)
    return next((match["room"].strip() for match in matches if match), "")


def is_metadata(path: PurePosixPath) -> bool:
    """Whether macOS added the file."""
    return "__MACOSX" in path.parts or path.name.startswith("._") or path.name == ".DS_Store"


def has_text_suffix(name: str) -> bool:
    return name.lower().endswith(_TEXTS)


def has_suffix(name: str) -> bool:
    """Whether the name ends in a file type, which the end of a date is not."""
    return bool(_SUFFIX.fullmatch(PurePosixPath(name).suffix))


def looks_like_text(head: bytes) -> bool:
    """Whether the start of a file decodes without control characters."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    return bool(head.strip()) and any(_decodes(head, name) for name in ("utf-8-sig", "cp949"))


def _decodes(head: bytes, encoding: str) -> bool:
    """It may end inside a character."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    return not _BINARY.search(text)
