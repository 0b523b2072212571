"""Puts a finished adapter in the place of another. Knows its folder, not the run it belongs to."""

from __future__ import annotations

import functools
import json
import shutil
from pathlib import Path
from typing import Any

from kakaobot.atomic_io import retry_rename

_CONFIG = "adapter_config.json"


def swap_folder(draft: Path, place: Path, *, old: Path) -> None:
    """Let the folder `draft` become `place`.

    An adapter of the same shape is renewed file by file: at every instant its folder is there and
    can be loaded, with the old weights or with the new ones. Another one takes the folder's place,
    which is missing for the blink of an eye in which the one before it is found at `old`.
    """
    if _same_shape(draft, place):
        _renew(draft, place)
    else:
        if place.exists():
            shutil.rmtree(old, ignore_errors=True)
            retry_rename(lambda: place.rename(old))
        retry_rename(lambda: draft.rename(place))
    shutil.rmtree(old, ignore_errors=True)


def _same_shape(draft: Path, place: Path) -> bool:
    """Whether any mixture of their files is an adapter that can be loaded."""
    shapes = [_shape(folder / _CONFIG) for folder in (draft, place)]
    return bool(shapes[0]) and shapes[0] == shapes[1] and _is_flat(draft) and _is_flat(place)


def _shape(config: Path) -> dict[str, Any]:
    """Peft holds names of layers in sets, which every process writes in another order."""
    try:
        said = json.loads(config.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(said, dict):
        return {}
    return {
        key: sorted(value, key=str) if isinstance(value, list) else value
        for key, value in said.items()
    }


def _is_flat(folder: Path) -> bool:
    return all(each.is_file() for each in folder.iterdir())


def _renew(draft: Path, place: Path) -> None:
    """Put each file in the place of its forerunner, and clear away what has no successor."""
    files = sorted(draft.iterdir())
    for file in files:
        retry_rename(functools.partial(file.replace, place / file.name))
    for stale in {each.name for each in place.iterdir()} - {file.name for file in files}:
        (place / stale).unlink(missing_ok=True)
    draft.rmdir()
