"""Files under names that a person would look for: which are safe, which are free, what is moved.

It does not know what is in a file.
"""

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

_BAD = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_DEVICE = re.compile(
    r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|CLOCK\$|COM[0-9¹²³]|LPT[0-9¹²³]) *(?:\..*)?",
    re.IGNORECASE,
)
"""What Windows takes for a device, whatever suffix and spaces follow."""
_HALF = re.compile("[\ud800-\udfff]")
_NAME_BYTES = 180
"""Room for " (2)" and a suffix below the 255 bytes of most file systems."""
_NAME_LONGEST = 80
"""UTF-16 units of a file name; with those of its folders it stays below the 260 of Windows."""
ROOM_LONGEST = 60
"""The same of a room's folder."""


@dataclass(frozen=True)
class Move:
    source: Path
    target: Path


def plan_archive(
    paths: Sequence[Path], archive: Path, *, now: datetime | None = None
) -> list[Move]:
    """What moving `paths` to `archive`/<YYYYMMDD-HHMMSS>/ would do; nothing is touched.

    What does not exist is left out. Each keeps its last two folder names, so that runs and data
    sets stay apart.
    """
    folder = unused_path(archive / (now or datetime.now()).strftime("%Y%m%d-%H%M%S"))
    present = [path for path in paths if path.exists()]
    return [Move(path, folder / path.parent.name / path.name) for path in present]


def move_files(moves: Sequence[Move]) -> list[Path]:
    """Move as planned and give the new places; nothing that is there already is overwritten.

    Raises:
        ExportError: a file is in use, as Windows says; what was moved before it stays moved.
    """
    moved = []
    for move in moves:
        target = unused_path(move.target)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(move.source, target)
        except OSError as error:
            raise ExportError(
                f"'{move.source.name}'을(를) 옮기지 못했습니다. "
                "그 안의 파일을 쓰고 있는 프로그램을 닫고 다시 해 주세요."
            ) from error
        moved.append(target)
    return moved


def safe_name(name: str, longest: int = _NAME_LONGEST) -> str:
    """A file name that Windows, macOS and Linux all take; never empty, never a path.

    Args:
        name: whatever somebody called it.
        longest: UTF-16 units, the suffix included.
    """
    name = _BAD.sub("_", unicodedata.normalize("NFC", replace_surrogates(name))).strip(" .")
    stem, dot, suffix = name.rpartition(".")
    if not dot or not re.fullmatch(r"[A-Za-z0-9]{1,5}", suffix):
        stem, dot, suffix = name, "", ""
    stem = stem.encode()[:_NAME_BYTES].decode(errors="ignore")
    units = longest - len(dot + suffix)
    stem = stem.encode("utf-16-le")[: 2 * units].decode("utf-16-le", errors="ignore")
    name = stem.rstrip(" .") + dot + suffix
    return f"_{name}" if not stem or _DEVICE.fullmatch(name) else name


def base_name(name: str) -> str:
    """The file name of what some browser or archive calls an upload."""
    return unicodedata.normalize("NFC", replace_surrogates(re.split(r"[/\\]", name)[-1]))


def replace_surrogates(name: str) -> str:
    """A name that can be written down: what is no UTF-8 in a file name comes as half characters."""
    return _HALF.sub("\ufffd", name)


def make_read_only(path: Path) -> None:
    """Let nobody write into it by accident, under any of its names: links share this.

    Some file systems know no such thing.
    """
    with suppress(OSError):
        path.chmod(stat.S_IREAD)


def remove_file(path: Path) -> None:
    """Remove a file that may be gone or sealed. Windows removes no sealed one."""
    with suppress(OSError):
        path.chmod(stat.S_IREAD | stat.S_IWRITE)
    path.unlink(missing_ok=True)


def find_copies(paths: Iterable[Path], digest: str, size: int) -> Iterator[Path]:
    """Those of `paths` that hold this content."""
    for path in sorted(paths):
        if path.is_file() and path.stat().st_size == size and hash_file(path) == digest:
            yield path


def hash_file(path: Path) -> str:
    """First 16 hex digits of the content's SHA-256."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:16]


def unused_path(path: Path) -> Path:
    """This path, or the first of `name (2)`, `name (3)`, … that nothing bears."""
    number, found = 1, path
    while found.exists():
        number += 1
        found = path.with_name(f"{path.stem} ({number}){path.suffix}")
    return found
