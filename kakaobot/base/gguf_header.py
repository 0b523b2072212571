"""Whether a `.gguf` file holds every tensor that its header lists. Reads the header only.

`gguf`'s own reader takes seconds for the vocabulary of a large model.
"""

from __future__ import annotations

import functools
import math
import mmap
import struct
from pathlib import Path

_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of a value by the number of its type."""
_STRING, _ARRAY = 8, 9
_ALIGNMENT = b"general.alignment"


class _Cursor:
    """Reads little-endian values of a buffer one after the other."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self.position = 0

    def number(self, layout: str) -> int:
        (value,) = struct.unpack_from(f"<{layout}", self._data, self.position)
        self.position += struct.calcsize(layout)
        return int(value)

    def text(self) -> bytes:
        length = self.number("Q")
        start, self.position = self.position, self.position + length
        return self._data[start : self.position]

    def skip_value(self, kind: int) -> None:
        if kind == _STRING:
            self.text()
        elif kind == _ARRAY:
            kind, count = self.number("I"), self.number("Q")
            if kind in _SIZES:
                self.position += _SIZES[kind] * count
                return
            for _ in range(count):
                self.skip_value(kind)
        else:
            self.position += _SIZES[kind]


def is_complete(file: Path) -> bool:
    """Whether the file is a GGUF with all of its tensors."""
    status = file.stat()
    return _is_complete(file, status.st_size, status.st_mtime_ns)


@functools.lru_cache(16)
def _is_complete(file: Path, size: int, _: int) -> bool:
    """Cached until the size or the time of the file changes."""
    try:
        with (
            file.open("rb") as stream,
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            return _end(_Cursor(data)) <= size
    except (OSError, ValueError, KeyError, struct.error, OverflowError, RecursionError):
        return False


def _end(cursor: _Cursor) -> int:
    """Where the last tensor ends."""
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    cursor.number("I"), cursor.number("I")  # magic and version
    tensors, values = cursor.number("Q"), cursor.number("Q")
    alignment = 32
    for _ in range(values):
        key, kind = cursor.text(), cursor.number("I")
        if key == _ALIGNMENT and kind == 4:
            alignment = cursor.number("I")
        else:
            cursor.skip_value(kind)
    ends = [0]
    for _ in range(tensors):
        cursor.text()
        shape = [cursor.number("Q") for _ in range(cursor.number("I"))]
        block, block_bytes = GGML_QUANT_SIZES[GGMLQuantizationType(cursor.number("I"))]
        ends.append(cursor.number("Q") + math.prod(shape) // block * block_bytes)
    return -(-cursor.position // alignment) * alignment + max(ends)
