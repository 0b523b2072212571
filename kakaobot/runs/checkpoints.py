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
from kakaobot.errors import RunError
from kakaobot.language import tr
from kakaobot.model_files import damage

AdapterKind = Literal["best", "latest"]
AnyAdapter = Literal["best", "latest", "start"]
"""`start`: what a refine begins with; never chatted with."""

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
ADAPTER_FILES = (ADAPTER_CONFIG, ADAPTER_WEIGHTS)
CHAT_TEMPLATE = "chat_template.jinja"
"""Saved beside every adapter."""

_LATEST = "adapter_latest"
_COMPLETE = "complete.json"
TRAINER_STATE = "trainer_state.json"
_IMPORTING = ("auto_mapping", "megatron_config")
"""Keys of an adapter config by which peft imports modules; never written here."""
UNUSED = ("training_args.bin", "README.md")
"""Written by libraries and read by nothing; they hold paths of this machine."""
# Besides the adapter, what an exact resume needs (transformers 5, `_save_checkpoint`).
_REQUIRED = (*ADAPTER_FILES, TRAINER_STATE, "optimizer.pt", "scheduler.pt")
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
            if match and _is_finished(path) and not _damage(path):
                steps.append((int(match[1]), path))
        return sorted(steps)

    def damaged(self) -> list[tuple[str, str]]:
        """Name of each finished checkpoint that has changed since, and the file at fault."""
        finished = [(path, _damage(path)) for path in sorted(self._all()) if _is_finished(path)]
        return [(path.name, file) for path, file in finished if file]

    def mark_complete(self, checkpoint: Path) -> None:
        """Record the size of every file; written into a checkpoint last."""
        remove_unused(checkpoint)
        (checkpoint / _COMPLETE).unlink(missing_ok=True)
        sizes = {file.name: file.stat().st_size for file in checkpoint.iterdir() if file.is_file()}
        replace_text(checkpoint / _COMPLETE, json.dumps({"sizes": sizes}))

    def remove_incomplete(self) -> list[str]:
        """Delete checkpoints whose writing was cut off; returns their names."""
        complete = {path for _, path in self.complete()}
        incomplete = [path for path in self._all() if path not in complete]
        for path in incomplete:
            self.remove(path)
        return sorted(path.name for path in incomplete)

    def remove(self, checkpoint: Path) -> None:
        """Delete a checkpoint that cannot be loaded."""
        shutil.rmtree(checkpoint, ignore_errors=True)

    def adapter_folder(self, kind: AnyAdapter) -> Path:
        return self._folder / f"adapter_{kind}"

    def adapter(self) -> tuple[AdapterKind, Path] | None:
        """The adapter to chat with: the best, else the latest."""
        kinds: tuple[AdapterKind, ...] = ("best", "latest")
        for kind in kinds:
            folder = self.adapter_folder(kind)
            # During a swap the backup may be all there is. A damaged best adapter is not passed
            # over in silence: `check_adapter` names it.
            for path in (folder, _backup(folder)):
                if path.is_dir() and any(path.iterdir()):
                    return kind, path
        return None

    def copy_start(self, adapter: Path) -> None:
        """Keep a copy of another run's adapter, which may be replaced or archived meanwhile."""

        def copy(folder: Path) -> None:
            for name in ADAPTER_FILES:
                shutil.copyfile(adapter / name, folder / name)

        self.replace_adapter("start", copy)

    def replace_adapter(self, kind: AnyAdapter, write: Callable[[Path], None]) -> None:
        """Let `write` fill a draft folder, then swap it in for the adapter of this kind."""
        folder = self.adapter_folder(kind)
        draft = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        try:
            draft.mkdir(parents=True)
            write(draft)
            remove_unused(draft)
            swap_folder(draft, folder, backup=_backup(folder))
        except BaseException:
            # The disk may be full, and half an adapter is of no use.
            shutil.rmtree(draft, ignore_errors=True)
            raise

    def _all(self) -> list[Path]:
        return list(self._folder.glob("checkpoint-*"))


def adapter_version(adapter: Path) -> int:
    """Changes whenever the adapter in this folder is replaced; 0 for a damaged one."""
    try:
        return (adapter / ADAPTER_CONFIG).stat().st_mtime_ns
    except OSError:
        return 0


def adapter_gguf(adapter: Path) -> Path:
    """Where an adapter is kept for llama.cpp; another file for every version of it."""
    return adapter.with_name(f"{adapter.name}-{adapter_version(adapter):x}.gguf")


def remove_old_ggufs(adapter: Path) -> None:
    """Delete the files of versions that an adapter no longer has."""
    for file in adapter.parent.glob(f"{adapter.name}-*.gguf"):
        if file != adapter_gguf(adapter):
            file.unlink(missing_ok=True)


def check_adapter(adapter: Path) -> None:
    """Check config and weights without reading the weights.

    Raises:
        RunError: a file is missing or damaged, or is not one that a training has written.
    """
    name, text = _adapter_damage(adapter)
    if not text:
        return
    advice = tr("'새 학습'(train --new)으로 다시 배우세요.")
    latest = adapter.with_name(_LATEST)
    if adapter != latest and latest.is_dir() and not _adapter_damage(latest)[1]:
        advice = tr(
            "{name} 폴더를 지우면 가장 최근에 배운 것({latest})으로 대답합니다. 아니면 '새 "
            "학습'(train --new)으로 다시 배우세요."
        ).format(name=adapter.name, latest=latest.name)
    raise RunError(
        tr("배운 파일 {run}/{adapter} 의 {file} 파일이 {text}. {advice}").format(
            run=adapter.parent.name, adapter=adapter.name, file=name, text=text, advice=advice
        )
    )


def remove_unused(folder: Path) -> None:
    """Delete what libraries write into a checkpoint or adapter without a reader."""
    for name in UNUSED:
        (folder / name).unlink(missing_ok=True)


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


def _is_finished(checkpoint: Path) -> bool:
    """Whether the checkpoint was written to its end."""
    return (checkpoint / _COMPLETE).exists()


def _damage(checkpoint: Path) -> str:
    """The first file that an exact resume needs and that is not as it was written, if any."""
    sizes = read_json_object(checkpoint / _COMPLETE).get("sizes")
    if not isinstance(sizes, dict) or not all(name in sizes for name in _REQUIRED):
        return _COMPLETE
    if not any(_RNG_STATE.fullmatch(name) for name in sizes):
        return _COMPLETE
    for name, size in sizes.items():
        # Older versions kept what nothing reads.
        if name not in UNUSED and _size(checkpoint / name) != size:
            return str(name)
    return "" if read_json_object(checkpoint / TRAINER_STATE) else TRAINER_STATE


def _adapter_damage(adapter: Path) -> tuple[str, str]:
    """A file of the adapter that cannot be used, and what is wrong with it; empty if none is."""
    for name in ADAPTER_FILES:
        if text := damage(adapter / name):
            return name, text
    config = read_json_object(adapter / ADAPTER_CONFIG)
    if config.get("peft_type") != "LORA" or any(config.get(key) for key in _IMPORTING):
        return ADAPTER_CONFIG, tr("이 프로그램이 쓴 것이 아닙니다")
    return "", ""


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
