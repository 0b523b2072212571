"""Checks that the folders that were chosen in the settings are neither ours nor in one another."""

from __future__ import annotations

import functools
import itertools
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kakaobot.errors import InvalidSettings, SettingFault
from kakaobot.language import tr
from kakaobot.setting_fields import title_of

_Steps = tuple[tuple[int, int] | None, ...]
"""Device and inode of every folder on the way to some; None for what is not there."""
_MAX_CHECKED = 16
_checked: dict[tuple[object, ...], _Steps] = {}
"""What was on the way to folders when they were found to be apart, by arguments of a check."""


def check_folders(
    root: Path, own_names: tuple[str, ...], chosen: tuple[tuple[str, str], ...]
) -> None:
    """Check where the folders really are: a link or another spelling may lead into one of ours.

    Args:
        root: of the home.
        own_names: what the program needs itself in there.
        chosen: keys among the paths of the settings, and their folders.

    Raises:
        InvalidSettings: two of them, or one and a folder of the program, are in one another.
    """
    global _checked
    key = (root, own_names, chosen)
    places = _places(*key)
    # As long as there is no link on the way, and the same folders are, they are where they were.
    steps = _found(places.way)
    if steps is not None and _checked.get(key) == steps:
        return
    _check(
        {name: _real(path) for name, path in places.own.items()},
        {key: _real(path) for key, path in places.chosen.items()},
    )
    if steps is not None:
        _checked = {**dict(list(_checked.items())[-_MAX_CHECKED:]), key: steps}


@dataclass(frozen=True)
class _Places:
    """Paths as they are written."""

    own: Mapping[str, str]
    chosen: Mapping[str, str]
    way: tuple[str, ...]
    """All of them, and every folder above one."""


@functools.lru_cache(maxsize=_MAX_CHECKED)
def _places(root: Path, own_names: tuple[str, ...], chosen: tuple[tuple[str, str], ...]) -> _Places:
    own = {name: str(root / name) for name in own_names}
    folders = {key: str(root / path) for key, path in chosen}
    paths = map(Path, (*own.values(), *folders.values()))
    way = dict.fromkeys(str(step) for path in paths for step in (path, *path.parents))
    return _Places(own, folders, tuple(way))


def _check(own: Mapping[str, str], chosen: Mapping[str, str]) -> None:
    """`check_folders` for real paths."""
    reasons: dict[str, str] = {}
    for key, folder in chosen.items():
        for name, place in own.items():
            if _holds(folder, place) or _holds(place, folder):
                reasons[key] = tr(
                    "프로그램이 쓰는 '{name}' 와(과) 겹칩니다. 다른 폴더를 적으세요."
                ).format(name=name)
    for (key, folder), (other, place) in itertools.permutations(chosen.items(), 2):
        if _holds(folder, place):
            title = title_of(f"paths.{key}")
            reasons.setdefault(
                other,
                tr("{title} 안에 있습니다. 링크까지 따라가 서로 다른 폴더를 적으세요.").format(
                    title=title
                ),
            )
    if reasons:
        paths = {f"paths.{key}": reason for key, reason in reasons.items()}
        raise InvalidSettings(
            [SettingFault(path, title_of(path), reason) for path, reason in paths.items()]
        )


def _found(way: tuple[str, ...]) -> _Steps | None:
    """What is on the way; None if there is a link, which may lead elsewhere later."""
    found: list[tuple[int, int] | None] = []
    for step in way:
        try:
            status = os.lstat(step)
        except OSError:
            found.append(None)
            continue
        # A junction of Windows is a reparse point and no link.
        is_junction = bool(getattr(status, "st_reparse_tag", False))
        if is_junction or stat.S_ISLNK(status.st_mode):
            return None
        found.append((status.st_dev, status.st_ino))
    return tuple(found)


def _real(path: str) -> str:
    """A path without links, in one spelling: some systems take capital letters for small ones."""
    return os.path.realpath(path).casefold()


def _holds(folder: str, place: str) -> bool:
    """Whether a folder is a place or above it; both as `_real` returns them."""
    return place == folder or place.startswith(folder.rstrip(os.sep) + os.sep)
