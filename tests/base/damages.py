"""What happens to files that are downloaded and copied, and a base folder to do it to."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from safetensors.torch import load_file, save_file

from kakaobot.starter import FOLDER

LFS_POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0\nsize 13647024\n"
)


def truncate(file: Path) -> None:
    raw = file.read_bytes()
    file.write_bytes(raw[: len(raw) * 2 // 3])


def overwrite(content: bytes) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(content)


def preallocate(file: Path) -> None:
    """Some download tools reserve the space first."""
    file.write_bytes(bytes(file.stat().st_size))


def replace_by_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "truncated": truncate,
    "empty": overwrite(b""),
    "LFS pointer": overwrite(LFS_POINTER),
    "web page": overwrite(b"<!DOCTYPE html>\n<html><body>Login</body></html>\n"),
    "zeros": preallocate,
    "one byte": lambda file: file.write_bytes(file.read_bytes()[:1]),
    "folder": replace_by_folder,
}


def copy_base(folder: Path) -> Path:
    """The starter in a folder of its own, writable."""
    shutil.copytree(FOLDER, folder)
    return folder


def shard(base: Path) -> Path:
    """Split the weights in two with an index, as large models are published."""
    weights = load_file(base / "model.safetensors")
    names = sorted(weights)
    files = {}
    for number, part in enumerate((names[:10], names[10:]), 1):
        shard_name = f"model-{number:05}-of-00002.safetensors"
        save_file(
            {name: weights[name] for name in part}, base / shard_name, metadata={"format": "pt"}
        )
        files.update(dict.fromkeys(part, shard_name))
    index = {"metadata": {"total_size": 1}, "weight_map": files}
    (base / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    (base / "model.safetensors").unlink()
    return base
