"""Append-only sequences spilled to a temporary file.

The system deletes the file as soon as nothing refers to it, even if the program is killed.
"""

from __future__ import annotations

import pickle
import tempfile
import threading
import weakref
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any, TypeVar, cast, overload

from kakaobot.atomic_io import disk_is_full
from kakaobot.errors import DatasetError
from kakaobot.language import tr

Item = TypeVar("Item")


class DiskBlocks:
    """Numbered blocks of picklable objects. Reading is thread-safe."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._ends = array("Q", [0])
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._ends) - 1

    def add(self, block: object) -> None:
        """Append a block.

        Raises:
            DatasetError: it cannot be written.
        """
        data = pickle.dumps(block, pickle.HIGHEST_PROTOCOL)
        try:
            with self._lock:
                if self._file is None:
                    # Unbuffered, so that a full disk is noticed here.
                    self._file = tempfile.TemporaryFile(  # noqa: SIM115 -- closed with its owner
                        prefix="kakaobot-", buffering=0
                    )
                    weakref.finalize(self, self._file.close)
                self._file.seek(self._ends[-1])
                rest = memoryview(data)
                while rest:
                    rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise _write_error(error) from error
        self._ends.append(self._ends[-1] + len(data))

    def read(self, number: int) -> Any:
        """A new copy of a block."""
        begin, end = self._ends[number], self._ends[number + 1]
        with self._lock:
            file = cast("IO[bytes]", self._file)
            file.seek(begin)
            data = bytearray()
            # An unbuffered read may return less than requested.
            while more := file.read(end - begin - len(data)):
                data += more
        return pickle.loads(data)


def _write_error(error: OSError) -> DatasetError:
    # `tempfile` raises FileNotFoundError if no folder is writable.
    if isinstance(error, FileNotFoundError) or disk_is_full(error):
        return DatasetError(
            tr(
                "임시 폴더({tempdir})에 적을 자리가 없습니다. 디스크를 비우고 다시 해 주세요."
            ).format(tempdir=tempfile.tempdir or tr("시스템의 것"))
        )
    return DatasetError(
        tr(
            "임시 폴더({tempdir})에 적지 못했습니다 ({strerror}). 다른 프로그램을 닫고 "
            "다시 해 주세요."
        ).format(tempdir=tempfile.tempdir or tr("시스템의 것"), strerror=error.strerror)
    )


class DiskList(Sequence[Item]):
    """Append-only list spilled to disk; only the last blocks stay in memory.

    Iteration takes about a microsecond per item. Indexing reads a block unless it was read last.
    """

    def __init__(self, block_size: int = 1024) -> None:
        """`block_size`: items written and read together."""
        self._block_size = block_size
        self._blocks = DiskBlocks()
        self._open: list[Item] = []
        self._last: tuple[int, list[Item]] = -1, []

    def append(self, item: Item) -> None:
        """Add one item; raises DatasetError if the disk is full."""
        self._open.append(item)
        if len(self._open) == self._block_size:
            self._blocks.add(self._open)
            self._open = []

    def extend(self, items: Iterable[Item]) -> None:
        """Add several items."""
        for item in items:
            self.append(item)

    def __len__(self) -> int:
        return len(self._blocks) * self._block_size + len(self._open)

    def __iter__(self) -> Iterator[Item]:
        index = 0
        while index < len(self):
            number, offset = divmod(index, self._block_size)
            written = number < len(self._blocks)
            block: list[Item] = self._blocks.read(number) if written else self._open
            items = block[offset:]
            yield from items
            index += len(items)

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> list[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | list[Item]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number, offset = divmod(range(len(self))[index], self._block_size)
        return self._block(number)[offset]

    def _block(self, number: int) -> list[Item]:
        if number == len(self._blocks):
            return self._open
        last, block = self._last
        if last != number:
            block = self._blocks.read(number)
            self._last = number, block
        return block
