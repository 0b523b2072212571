"""More things than memory should hold, in a temporary file that goes with its owner. Knows no room.

What is read one after the other, several times over, need not lie in memory. The file is deleted
by the system as soon as nothing here refers to it, also where the program is killed.
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

Item = TypeVar("Item")


class DiskBlocks:
    """Blocks of anything that can be pickled, read by number. Threads may read at once."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._ends = array("Q", [0])
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._ends) - 1

    def add(self, block: object) -> None:
        """Write one behind the others.

        Raises:
            DatasetError: the disk takes no more.
        """
        data = pickle.dumps(block, pickle.HIGHEST_PROTOCOL)
        try:
            with self._lock:
                if self._file is None:
                    # Unbuffered: a block is written at once, so a full disk says so here.
                    self._file = tempfile.TemporaryFile(  # noqa: SIM115 -- as long as this lives
                        prefix="kakaobot-", buffering=0
                    )
                    weakref.finalize(self, self._file.close)
                self._file.seek(self._ends[-1])
                rest = memoryview(data)
                while rest:
                    rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise _told(error) from error
        self._ends.append(self._ends[-1] + len(data))

    def read(self, number: int) -> Any:
        """The block of this number, made anew at each reading."""
        begin, end = self._ends[number], self._ends[number + 1]
        with self._lock:
            # There is a file as soon as there is a block.
            file = cast("IO[bytes]", self._file)
            file.seek(begin)
            data = bytearray()
            # What is not buffered may give less than is asked for.
            while more := file.read(end - begin - len(data)):
                data += more
        return pickle.loads(data)


def _told(error: OSError) -> DatasetError:
    # Where no folder takes a file at all, `tempfile` says that none was found.
    if isinstance(error, FileNotFoundError) or disk_is_full(error):
        return DatasetError(
            f"임시 폴더({tempfile.tempdir or '시스템의 것'})에 적을 자리가 없습니다. "
            "디스크를 비우고 다시 해 주세요."
        )
    return DatasetError(
        f"임시 폴더({tempfile.tempdir or '시스템의 것'})에 적지 못했습니다 ({error.strerror}). "
        "다른 프로그램을 닫고 다시 해 주세요."
    )


class DiskList(Sequence[Item]):
    """A list that only grows, of which but the last few things are in memory.

    Reading in order costs about a microsecond a thing. Reading by place costs a block, unless it is
    the one that was read last.
    """

    def __init__(self, at_once: int = 1024) -> None:
        """`at_once`: things that are written together, and read where one of them is asked for."""
        self._at_once = at_once
        self._blocks = DiskBlocks()
        self._open: list[Item] = []
        self._last: tuple[int, list[Item]] = -1, []

    def append(self, item: Item) -> None:
        """Add one thing; raises DatasetError where the disk is full."""
        self._open.append(item)
        if len(self._open) == self._at_once:
            self._blocks.add(self._open)
            self._open = []

    def extend(self, items: Iterable[Item]) -> None:
        """Add several."""
        for item in items:
            self.append(item)

    def __len__(self) -> int:
        return len(self._blocks) * self._at_once + len(self._open)

    def __iter__(self) -> Iterator[Item]:
        place = 0
        while place < len(self):
            number, offset = divmod(place, self._at_once)
            written = number < len(self._blocks)
            block: list[Item] = self._blocks.read(number) if written else self._open
            some = block[offset:]
            yield from some
            place += len(some)

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> list[Item]: ...
    def __getitem__(self, place: int | slice) -> Item | list[Item]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        number, offset = divmod(range(len(self))[place], self._at_once)
        return self._block(number)[offset]

    def _block(self, number: int) -> list[Item]:
        if number == len(self._blocks):
            return self._open
        last, block = self._last
        if last != number:
            block = self._blocks.read(number)
            self._last = number, block
        return block
