"""A folder that appears as a whole, and replaces nothing but an earlier one of ours."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from kakaobot.atomic_io import read_json_object, replace_text, retry_rename
from kakaobot.base.download import byte_text
from kakaobot.errors import RunError
from kakaobot.language import tr

PUBLISHED_FOLDER = "data/published"
"""Of the home: folders that were given no other place."""
CONVERTED_FOLDER = "data/converted"
"""Of the home: GGUF files of base models, shared by all runs."""
MARKER = "kakaobot.json"
"""Lists the files of a folder that this program has written."""
_SPARE = 50_000_000
"""Bytes of disk left free."""


def check_target(folder: Path) -> None:
    """Check that a folder may be written.

    Raises:
        RunError: it holds what this program has not written there.
    """
    if not os.path.lexists(folder):
        return
    if not folder.is_dir() or folder.is_symlink():
        raise RunError(
            tr("{folder} 자리에 다른 파일이 있습니다. --to 에 다른 폴더를 적으세요.").format(
                folder=folder
            )
        )
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    files = {name for name in found if not (folder / name).is_dir()}
    ours = read_json_object(folder / MARKER).get("files")
    strange = files - {MARKER, *(ours if isinstance(ours, list) else ())}
    if strange:
        raise RunError(
            tr(
                "{folder} 에 이 프로그램이 내보내지 않은 것({name})이 있어 덮어쓰지 않았습니다. "
                "--to 에 빈 폴더나 새 폴더를 적으세요."
            ).format(folder=folder, name=min(strange))
        )


def check_disk(folder: Path, needed: int) -> None:
    """Check that there is enough space where a folder is to be.

    Raises:
        RunError: there is not.
    """
    place = existing_part(folder)
    free = shutil.disk_usage(place).free
    if free < needed + _SPARE:
        raise RunError(
            tr(
                "{place} 에 남은 공간이 모자라 내보내지 않았습니다 (필요 {needed}, 남음 {free}). "
                "공간을 비우거나 --to 에 다른 디스크의 폴더를 적으세요."
            ).format(place=place, needed=byte_text(needed), free=byte_text(free))
        )


def existing_part(folder: Path) -> Path:
    """The folder itself, or the nearest above it that exists."""
    return next(path for path in (folder, *folder.parents) if path.is_dir())


def published_places(folder: Path) -> list[Path]:
    """The folders in a folder that are ours, whole or begun."""
    return sorted(marker.parent for marker in folder.glob(f"*/{MARKER}"))


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A draft to fill; it becomes `folder` if the block succeeds, and is deleted if not.

    Raises:
        RunError: as `check_target`, before the block and after it.
    """
    check_target(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _remove_stale(folder)
    draft = _draft(folder, os.getpid())
    draft.mkdir()
    try:
        replace_text(draft / MARKER, "{}")
        yield draft
        _write_marker(draft)
        # Hours may have passed.
        check_target(folder)
        _swap(draft, folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _swap(draft: Path, folder: Path) -> None:
    old = folder.with_name(f"{folder.name}.{os.getpid()}.old")
    if folder.exists():
        retry_rename(lambda: folder.rename(old))
    try:
        retry_rename(lambda: draft.rename(folder))
    except BaseException:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _write_marker(draft: Path) -> None:
    files = sorted(
        path.relative_to(draft).as_posix()
        for path in draft.rglob("*")
        if path.is_file() and path.name != MARKER
    )
    replace_text(draft / MARKER, json.dumps({"files": files}, ensure_ascii=False, indent=1))


def _draft(folder: Path, pid: int) -> Path:
    return folder.with_name(f"{folder.name}.{pid}.new")


def _remove_stale(folder: Path) -> None:
    """Delete drafts of processes that were killed."""
    for marker in folder.parent.glob(f"*.new/{MARKER}"):
        pid = marker.parent.name.removeprefix(f"{folder.name}.").removesuffix(".new")
        if not pid.isdigit() or marker.parent != _draft(folder, int(pid)):
            continue
        if not psutil.pid_exists(int(pid)) or int(pid) == os.getpid():
            shutil.rmtree(marker.parent, ignore_errors=True)
