"""File names, hashes and moves of stored files."""

from __future__ import annotations

import hashlib
import re
import shutil
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kakaobot.errors import ExportError
from kakaobot.file_names import DEVICE, FORBIDDEN
from kakaobot.language import tr

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_HASH_DIGITS = 16
_ARCHIVED = re.compile(r"\d{8}-\d{6}(?: \(\d+\))?")
_MAX_NAME_BYTES = 180
"""Leaves room for " (2)" and a suffix in the 255 bytes of most file systems."""
_MAX_NAME = 80
"""UTF-16 units of a file name; with its folders it stays below the 260 of Windows."""
NUMBERED_NAME = re.compile(r"(?P<stem>.+?) \(\d{1,3}\)(?P<suffix>(?:\.\w+)?)")
"""What `unused_path` and browsers make of a name that is taken."""
MAX_ROOM_NAME = 60
"""UTF-16 units of a room's folder."""


@dataclass(frozen=True)
class Move:
    source: Path
    target: Path


def plan_archive(
    paths: Sequence[Path], archive: Path, *, now: datetime | None = None
) -> list[Move]:
    """The moves of `paths` to `archive`/<YYYYMMDD-HHMMSS>/; touches nothing.

    Missing paths are left out. The last two folder names are kept, so runs and datasets do not
    collide.
    """
    folder = unused_path(archive / (now or datetime.now()).strftime("%Y%m%d-%H%M%S"))
    existing = [path for path in paths if path.exists()]
    return [Move(path, folder / path.parent.name / path.name) for path in existing]


def archive_folders(archive: Path) -> list[Path]:
    """What `plan_archive` has made in an archive."""
    return sorted(path for path in archive.glob("*") if _ARCHIVED.fullmatch(path.name))


def move_files(moves: Sequence[Move]) -> list[Path]:
    """Carry out planned moves; return the new paths. Nothing is overwritten.

    Raises:
        ExportError: a file is in use on Windows; earlier moves are not undone.
    """
    targets = []
    for move in moves:
        target = unused_path(move.target)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(move.source, target)
        except OSError as error:
            raise ExportError(
                tr(
                    "'{name}'을(를) 옮기지 못했습니다. 그 안의 파일을 쓰고 있는 프로그램을 닫고, "
                    "옮길 권한과 남은 자리가 있는지 보세요."
                ).format(name=move.source.name)
            ) from error
        targets.append(target)
    return targets


def safe_name(name: str, max_length: int = _MAX_NAME) -> str:
    """A file name valid on Windows, macOS and Linux; never empty, never a path.

    Args:
        name: any text.
        max_length: UTF-16 units, including the suffix.
    """
    name = unicodedata.normalize("NFC", replace_surrogates(name))
    name = FORBIDDEN.sub("_", name).strip(" .")
    stem, dot, suffix = name.rpartition(".")
    if not dot or not re.fullmatch(r"[A-Za-z0-9]{1,5}", suffix):
        stem, dot, suffix = name, "", ""
    stem = stem.encode()[:_MAX_NAME_BYTES].decode(errors="ignore")
    units = max_length - len(dot + suffix)
    stem = stem.encode("utf-16-le")[: 2 * units].decode("utf-16-le", errors="ignore")
    name = stem.rstrip(" .") + dot + suffix
    return f"_{name}" if not stem or DEVICE.fullmatch(name) else name


def base_name(name: str) -> str:
    """File name, safe to display, of the path that a browser, mail or archive reports."""
    last = _CONTROL.sub("", re.split(r"[/\\]", name)[-1])
    return unicodedata.normalize("NFC", replace_surrogates(last))


def replace_surrogates(name: str) -> str:
    """Make a name encodable: bytes that are not UTF-8 arrive as lone surrogates."""
    return _SURROGATE.sub("\ufffd", name)


def is_plain_file(path: Path) -> bool:
    """Whether the path is a file itself: no link, folder, device or pipe, which may never end."""
    return path.is_file() and not path.is_symlink()


def make_read_only(path: Path) -> None:
    """Protect a file, under all its hard links; ignored by some file systems."""
    with suppress(OSError):
        path.chmod(stat.S_IREAD)


def remove_file(path: Path) -> None:
    """Remove a file that may be missing or read-only; Windows removes no read-only file."""
    if is_plain_file(path):
        with suppress(OSError):
            path.chmod(stat.S_IREAD | stat.S_IWRITE)
    path.unlink(missing_ok=True)


def find_copies(paths: Iterable[Path], digest: str, size: int) -> Iterator[Path]:
    """Files with this content."""
    for path in sorted(paths):
        if is_plain_file(path) and path.stat().st_size == size and hash_file(path) == digest:
            yield path


def hash_bytes(data: bytes) -> str:
    """First 16 hex digits of the SHA-256."""
    return hashlib.sha256(data).hexdigest()[:_HASH_DIGITS]


def hash_file(path: Path) -> str:
    """`hash_bytes` of the content."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:_HASH_DIGITS]


def unused_path(path: Path) -> Path:
    """The path itself, or the first of `name (2)`, `name (3)`, … that does not exist."""
    number, candidate = 1, path
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.stem} ({number}){path.suffix}")
    return candidate
