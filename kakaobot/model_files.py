"""Whether a file of a model can be what its name says: size and header only, never the weights."""

from __future__ import annotations

import functools
import math
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from kakaobot.atomic_io import parse_json
from kakaobot.language import tr

_MISSING = tr("없습니다")
_UNREADABLE = tr("읽히지 않습니다")
_TRUNCATED = tr("끝까지 받거나 저장하지 못해 잘려 있습니다")
_BROKEN = tr("망가져 있습니다")

_MAX_JSON = 256_000_000
"""Bytes; the largest known `tokenizer.json` has 35 million."""
_MAX_TEMPLATE = 256_000
"""Bytes; chat templates have up to 30,000."""
_MAX_HEADER = 100_000_000
"""Bytes of a safetensors header, as its library limits it."""
_PICKLE = b"\x80"
"""First byte of weights in torch's format before zip."""
_BITS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("BOOL", "I8", "U8", "F8_E5M2", "F8_E4M3", "F8_E8M0"), 8),
}
"""Bits per value by safetensors dtype; others are not measured."""

# What stands in for a file that was never fetched: Git LFS writes a pointer, a failed download the
# error page of the site.
_STAND_INS = (
    (b"version https://git-lfs", tr("Git LFS 가 내용을 받기 전의 자리표입니다")),
    (b"<!doctype html", tr("내려받기에 실패해 저장된 웹 페이지입니다")),
    (b"<html", tr("내려받기에 실패해 저장된 웹 페이지입니다")),
)


def damage(file: Path) -> str:
    """What is wrong with a file, as in `{file} 파일이 {damage}.`; empty if nothing seems to be."""
    try:
        status = file.stat()
    except OSError:
        return _MISSING
    if not stat.S_ISREG(status.st_mode):
        return tr("아니라 폴더나 장치입니다")
    return _damage(file, status.st_size, status.st_mtime_ns)


@functools.lru_cache(256)
def _damage(file: Path, size: int, _: int) -> str:
    """The window asks again and again: cached until the size or the time of the file changes."""
    if not size:
        return tr("비어 있습니다")
    check = _CHECKS.get(file.suffix)
    try:
        with file.open("rb") as stream:
            start = stream.read(64).lstrip().lower()
            stream.seek(0)
            stand_in = next((text for mark, text in _STAND_INS if start.startswith(mark)), "")
            return stand_in or (check(stream, size) if check else "")
    except OSError:
        return _UNREADABLE


def read_json(file: Path) -> dict[str, Any] | None:
    """The object in a JSON file; None if it is damaged."""
    try:
        if file.stat().st_size > _MAX_JSON:
            return None
        value = parse_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _json_damage(stream: BinaryIO, size: int) -> str:
    if size > _MAX_JSON:
        return tr("너무 큽니다")
    try:
        value = parse_json(stream.read())
    except ValueError:
        return _BROKEN
    return "" if isinstance(value, dict | list) else _BROKEN


def _template_damage(stream: BinaryIO, size: int) -> str:
    return tr("너무 큽니다") if size > _MAX_TEMPLATE else ""


def _safetensors_damage(stream: BinaryIO, size: int) -> str:
    """Compare the size with the header, which gives the place of every tensor."""
    if size < 8:
        return _TRUNCATED
    (length,) = struct.unpack("<Q", stream.read(8))
    if length > _MAX_HEADER:
        return _BROKEN
    if 8 + length > size:
        return _TRUNCATED
    try:
        header = parse_json(stream.read(length))
        tensors = [tensor for name, tensor in header.items() if name != "__metadata__"]
        end = max((_end_of(tensor) for tensor in tensors), default=0)
    except (ValueError, AttributeError, KeyError, TypeError):
        return _BROKEN
    if 8 + length + end == size:
        return ""
    return _TRUNCATED if 8 + length + end > size else _BROKEN


def _end_of(tensor: dict[str, Any]) -> int:
    """Where a tensor ends; raises ValueError if that is not where its shape says."""
    start, end = tensor["data_offsets"]
    bits = _BITS.get(tensor["dtype"])
    if bits is not None and (end - start) * 8 != math.prod(tensor["shape"]) * bits:
        raise ValueError(tensor)
    return int(end)


def _torch_damage(stream: BinaryIO, size: int) -> str:
    """A zip has its directory at the end, so that a truncated one has none."""
    if stream.read(1) == _PICKLE or zipfile.is_zipfile(stream):
        return ""
    stream.seek(0)
    return _TRUNCATED if stream.read(2) == b"PK" else _BROKEN


def _gguf_damage(stream: BinaryIO, size: int) -> str:
    return "" if stream.read(4) == b"GGUF" else _BROKEN


_CHECKS: dict[str, Callable[[BinaryIO, int], str]] = {
    ".json": _json_damage,
    ".jinja": _template_damage,
    ".safetensors": _safetensors_damage,
    ".gguf": _gguf_damage,
    **dict.fromkeys((".bin", ".pt", ".pth"), _torch_damage),
}
