"""A folder given as an upload: an unpacked archive. Follows no link and opens only plain files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from kakaobot.errors import ExportError
from kakaobot.exports.contained_files import (
    HEAD_BYTES,
    MAX_BYTES,
    MAX_ENTRIES,
    ContainedFile,
    Container,
    has_suffix,
    has_text_suffix,
    is_metadata,
    looks_like_text,
    room_of_folders,
)
from kakaobot.exports.paths import base_name, is_plain_file
from kakaobot.language import tr


def open_folder(path: Path, name: str) -> Container:
    """All texts in the folder and the folders in it.

    Raises:
        ExportError: it contains too much.
        OSError: it cannot be read.
    """
    files: list[ContainedFile] = []
    entries = total = 0
    for entry in _walk(path):
        entries += 1
        is_text = _may_be_text(entry)
        total += entry.stat().st_size if is_text else 0
        if entries > MAX_ENTRIES or total > MAX_BYTES:
            raise ExportError(
                tr(
                    "'{name}' 폴더에 든 것이 너무 많거나 커서 읽지 않았습니다. 대화 파일이 든 "
                    "폴더만 골라 주세요."
                ).format(name=name)
            )
        if is_text:
            folders = [path.absolute().name, *entry.parent.relative_to(path).parts]
            room = room_of_folders(folders)
            files.append(ContainedFile(base_name(entry.name), entry.read_bytes(), room))
    return Container(tuple(files), entries - len(files))


def _walk(path: Path) -> Iterator[Path]:
    """The files in a fixed order."""
    for folder, folders, names in os.walk(path):
        folders.sort()
        paths = (Path(folder, name) for name in sorted(names))
        yield from (file for file in paths if not is_metadata(PurePosixPath(file.as_posix())))


def _may_be_text(path: Path) -> bool:
    if not is_plain_file(path):
        return False
    if has_suffix(path.name) or has_text_suffix(path.name):
        return has_text_suffix(path.name)
    with path.open("rb") as file:
        return looks_like_text(file.read(HEAD_BYTES))
