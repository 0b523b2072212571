"""Resumable checkpoints and swappable adapters inside a run's folder."""

from __future__ import annotations

import functools
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from kakaobot.atomic_io import read_json_object, replace_text, retry_rename

AdapterKind = Literal["best", "latest"]

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_FILES = (ADAPTER_CONFIG, "adapter_model.safetensors")
CHAT_TEMPLATE = "chat_template.jinja"
"""Saved beside every adapter."""

_COMPLETE = "complete.json"
_TRAINER_STATE = "trainer_state.json"
# Besides the adapter, what an exact resume needs (transformers 5, `_save_checkpoint`).
_REQUIRED = (*ADAPTER_FILES, _TRAINER_STATE, "optimizer.pt", "scheduler.pt")
_RNG_STATE = re.compile(r"rng_state(_\d+)?\.pth")
"""One file, or one per rank."""


class Checkpoints:
    """Checkpoints and adapters of one run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, step: int) -> Path:
        return self._folder / f"checkpoint-{step}"

    def complete(self) -> list[tuple[int, Path]]:
        """Step and folder of each complete checkpoint, oldest first."""
        steps = []
        for path in self._all():
            match = re.fullmatch(r"checkpoint-(\d+)", path.name)
            if match and _is_complete(path):
                steps.append((int(match[1]), path))
        return sorted(steps)

    def mark_complete(self, checkpoint: Path) -> None:
        """Record the size of every file; written into a checkpoint last."""
        sizes = {file.name: file.stat().st_size for file in checkpoint.iterdir() if file.is_file()}
        replace_text(checkpoint / _COMPLETE, json.dumps({"sizes": sizes}))

    def remove_incomplete(self) -> list[str]:
        """Delete checkpoints whose writing was cut off; returns their names."""
        complete = {path for _, path in self.complete()}
        incomplete = [path for path in self._all() if path not in complete]
        for path in incomplete:
            shutil.rmtree(path, ignore_errors=True)
        return sorted(path.name for path in incomplete)

    def adapter_folder(self, kind: AdapterKind) -> Path:
        return self._folder / f"adapter_{kind}"

    def adapter(self) -> tuple[AdapterKind, Path] | None:
        """The adapter to chat with: the best, else the latest."""
        kinds: tuple[AdapterKind, ...] = ("best", "latest")
        for kind in kinds:
            folder = self.adapter_folder(kind)
            # During a swap the backup may be all there is.
            for path in (folder, _backup(folder)):
                if (path / ADAPTER_CONFIG).exists():
                    return kind, path
        return None

    def replace_adapter(self, kind: AdapterKind, write: Callable[[Path], None]) -> None:
        """Let `write` fill a draft folder, then swap it in for the adapter of this kind."""
        folder = self.adapter_folder(kind)
        draft = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        try:
            draft.mkdir(parents=True)
            write(draft)
            swap_folder(draft, folder, backup=_backup(folder))
        except BaseException:
            # The disk may be full, and half an adapter is of no use.
            shutil.rmtree(draft, ignore_errors=True)
            raise

    def _all(self) -> list[Path]:
        return list(self._folder.glob("checkpoint-*"))


def adapter_version(adapter: Path) -> int:
    """Changes whenever the adapter in this folder is replaced."""
    return (adapter / ADAPTER_CONFIG).stat().st_mtime_ns


def swap_folder(draft: Path, folder: Path, *, backup: Path) -> None:
    """Move `draft` to `folder`.

    An adapter with an equal config is replaced file by file: `folder` can be loaded at every
    instant, with old or new weights. Any other is renamed into place, and while `folder` is briefly
    missing, the previous one is at `backup`.
    """
    if _have_equal_configs(draft, folder):
        _replace_files(draft, folder)
    else:
        if folder.exists():
            shutil.rmtree(backup, ignore_errors=True)
            retry_rename(lambda: folder.rename(backup))
        retry_rename(lambda: draft.rename(folder))
    shutil.rmtree(backup, ignore_errors=True)


def _backup(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.old")


def _is_complete(checkpoint: Path) -> bool:
    """Whether every file an exact resume needs has its recorded size."""
    sizes = read_json_object(checkpoint / _COMPLETE).get("sizes") or {}
    return (
        all(name in sizes for name in _REQUIRED)
        and any(_RNG_STATE.fullmatch(name) for name in sizes)
        and all(_size(checkpoint / name) == size for name, size in sizes.items())
        and bool(read_json_object(checkpoint / _TRAINER_STATE))
    )


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return -1


def _have_equal_configs(draft: Path, folder: Path) -> bool:
    """Whether any mixture of their files is a loadable adapter."""
    new, old = (_read_config(path) for path in (draft, folder))
    return bool(new) and new == old and _is_flat(draft) and _is_flat(folder)


def _read_config(adapter: Path) -> dict[str, Any]:
    """The adapter config with sorted lists: peft writes sets of layer names in any order."""
    return {
        key: sorted(value, key=str) if isinstance(value, list) else value
        for key, value in read_json_object(adapter / ADAPTER_CONFIG).items()
    }


def _is_flat(folder: Path) -> bool:
    return all(path.is_file() for path in folder.iterdir())


def _replace_files(draft: Path, folder: Path) -> None:
    """Move each file over its predecessor, then delete files without a successor."""
    files = sorted(draft.iterdir())
    for file in files:
        retry_rename(functools.partial(file.replace, folder / file.name))
    for stale in {file.name for file in folder.iterdir()} - {file.name for file in files}:
        (folder / stale).unlink(missing_ok=True)
    draft.rmdir()
