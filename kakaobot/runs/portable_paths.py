"""Paths that survive a move of the home, also to another drive or user.

A run's config holds a path inside its home relative to the folder of the run, beginning with a dot.
Runs of older versions hold absolute paths, as settings may.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath


def to_portable(path: str, folder: Path, home: Path) -> str:
    """A path as a run in `folder` stores it; one outside the home stays as it is."""
    for root in (home, home.resolve()):
        if Path(path).is_relative_to(root) and folder.is_relative_to(home):
            inside = home / Path(path).relative_to(root)
            relative = PurePath(os.path.relpath(inside, folder)).as_posix()
            return relative if relative.startswith("../") else f"./{relative}"
    return path


def from_portable(text: str, folder: Path) -> str:
    """The path that a run in `folder` has stored."""
    # Lexically: the folder of all runs may be a link to another drive.
    return os.path.normpath(folder / text) if text.startswith(".") else text


def is_absolute(path: str) -> bool:
    """Whether a path is absolute on this system or another."""
    return Path(path).is_absolute() or PureWindowsPath(path).is_absolute()


def find_moved(path: str, home: Path) -> Path | None:
    """What was at an absolute path before the home moved: the longest tail that exists in it."""
    if not is_absolute(path):
        return None
    kind = PureWindowsPath if PureWindowsPath(path).drive else PurePosixPath
    parts = kind(path).parts[1:]
    candidates = (home.joinpath(*parts[start:]) for start in range(len(parts)))
    return next((candidate for candidate in candidates if candidate.exists()), None)


def home_of(folder: Path, runs: str) -> Path:
    """The home of the run in `folder`.

    Args:
        runs: `paths.runs` of its settings, relative to the home unless absolute.
    """
    depth = 1 if Path(runs).is_absolute() else len(PurePath(runs).parts)
    return folder.parents[min(depth, len(folder.parents) - 1)]
