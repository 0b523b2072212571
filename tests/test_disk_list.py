from __future__ import annotations

import errno
import tempfile
import threading
from pathlib import Path
from typing import IO, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakaobot.disk_list import DiskBlocks, DiskList
from kakaobot.errors import DatasetError


@given(st.lists(st.text(max_size=5), max_size=40), st.integers(1, 7))
def test_it_behaves_like_a_list_for_any_block_size(items: list[str], block_size: int) -> None:
    disk_list = DiskList[str](block_size)
    for number, item in enumerate(items, 1):
        disk_list.append(item)
        assert list(disk_list) == items[:number]
    assert len(disk_list) == len(items)
    assert [disk_list[index] for index in range(len(items))] == items
    assert [disk_list[index] for index in range(-len(items), 0)] == items
    assert disk_list[1:-1] == items[1:-1]
    assert disk_list[::-2] == items[::-2]
    with pytest.raises(IndexError):
        disk_list[len(items)]


def test_iterators_are_independent_while_it_grows() -> None:
    disk_list = DiskList[int](2)
    disk_list.extend(range(6))
    one, other = iter(disk_list), iter(disk_list)
    assert [next(one), next(one), next(other), next(one), next(other)] == [0, 1, 0, 2, 1]
    disk_list.extend(range(6, 9))
    assert [*one] == [3, 4, 5, 6, 7, 8]


def test_blocks_can_be_read_from_several_threads() -> None:
    blocks = DiskBlocks()
    for number in range(50):
        blocks.add([number] * number)
    wrong: list[int] = []

    def read() -> None:
        wrong.extend(n for n in range(50) for _ in range(20) if blocks.read(n) != [n] * n)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_small_lists_use_no_disk_and_the_file_is_unnamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    short = DiskList[int](10)
    short.extend(range(9))
    assert list(short) == list(range(9))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    long = DiskList[str](10)
    long.extend(["비밀"] * 100)
    assert list(long) == ["비밀"] * 100
    named = [file.name for file in tmp_path.iterdir()]
    # Windows keeps the name of an open file until it is closed.
    assert len(named) <= 1
    del long
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_a_readable_error(monkeypatch: pytest.MonkeyPatch) -> None:
    real = tempfile.TemporaryFile

    class Full:
        """A real file that accepts ten more bytes."""

        def __init__(self, file: IO[bytes]) -> None:
            self._file, self._left = file, 10

        def __getattr__(self, name: str) -> Any:
            return getattr(self._file, name)

        def write(self, data: memoryview) -> int:
            if not self._left:
                raise OSError(errno.ENOSPC, "No space left on device")
            written = self._file.write(data[: self._left])
            self._left -= written
            return written

    monkeypatch.setattr(
        tempfile, "TemporaryFile", lambda **options: Full(cast("IO[bytes]", real(**options)))
    )
    disk_list = DiskList[str](2)
    disk_list.append("가")
    with pytest.raises(DatasetError, match=r"자리가 없습니다.*디스크를 비우고 다시"):
        disk_list.append("가" * 100)
