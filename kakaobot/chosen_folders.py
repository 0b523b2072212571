"""Checks that the folders that were chosen in the settings are neither ours nor in one another."""

from __future__ import annotations

import functools
import itertools
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from kakaobot.errors import InvalidSettings, SettingFault
from kakaobot.language import tr
from kakaobot.setting_fields import title_of

_Steps = tuple[tuple[int, int] | None, ...]
"""Device and inode of every folder on the way to some; None for what is not there."""
_MAX_CHECKED = 16
_checked: dict[tuple[str, ...], _Steps] = {}
"""What was on the way to folders when they were found to be apart."""


def check_folders(root: Path, own_names: Sequence[str], chosen: Mapping[str, str]) -> None:
    """Check where the folders really are: a link or another spelling may lead into one of ours.

    Args:
        root: of the home.
        own_names: what the program needs itself in there.
        chosen: folders by their key among the paths of the settings.

    Raises:
        InvalidSettings: two of them, or one and a folder of the program, are in one another.
    """
    global _checked
    own = {name: str(root / name) for name in own_names}
    folders = {key: str(root / path) for key, path in chosen.items()}
    key = (*own.values(), *folders.values())
    # As long as there is no link on the way, and the same folders are, they are where they were.
    steps = _steps_to(key)
    if steps is not None and _checked.get(key) == steps:
        return
    _check(
        {name: _real(path) for name, path in own.items()},
        {name: _real(path) for name, path in folders.items()},
    )
    if steps is not None:
        _checked = {**dict(list(_checked.items())[-_MAX_CHECKED:]), key: steps}


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


def _steps_to(paths: tuple[str, ...]) -> _Steps | None:
    """What is on the way to the paths; None if there is a link, which may lead elsewhere later."""
    found: list[tuple[int, int] | None] = []
    for step in _folders_on_the_way(paths):
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


@functools.lru_cache(maxsize=_MAX_CHECKED)
def _folders_on_the_way(paths: tuple[str, ...]) -> tuple[str, ...]:
    """All but the root of the file system, each once."""
    lines = ((Path(path), *Path(path).parents) for path in paths)
    return tuple(dict.fromkeys(str(step) for line in lines for step in line if step.name))


def _real(path: str) -> str:
    """A path without links, in one spelling: some systems take capital letters for small ones."""
    return os.path.realpath(path).casefold()


def _holds(folder: str, place: str) -> bool:
    """Whether a folder is a place or above it; both as `_real` returns them."""
    return place == folder or place.startswith(folder.rstrip(os.sep) + os.sep)
