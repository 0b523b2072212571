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
def test_it_is_a_list_however_much_of_it_is_on_the_disk(items: list[str], at_once: int) -> None:
    spill = DiskList[str](at_once)
    for number, item in enumerate(items, 1):
        spill.append(item)
        assert list(spill) == items[:number]
    assert len(spill) == len(items)
    assert [spill[place] for place in range(len(items))] == items
    assert [spill[place] for place in range(-len(items), 0)] == items
    assert spill[1:-1] == items[1:-1]
    assert spill[::-2] == items[::-2]
    with pytest.raises(IndexError):
        spill[len(items)]


def test_two_may_read_while_it_grows() -> None:
    spill = DiskList[int](2)
    spill.extend(range(6))
    one, other = iter(spill), iter(spill)
    assert [next(one), next(one), next(other), next(one), next(other)] == [0, 1, 0, 2, 1]
    spill.extend(range(6, 9))
    assert [*one] == [3, 4, 5, 6, 7, 8]


def test_threads_read_what_was_written() -> None:
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


def test_little_touches_no_disk_and_nobody_finds_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    few = DiskList[int](10)
    few.extend(range(9))
    assert list(few) == list(range(9))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    many = DiskList[str](10)
    many.extend(["비밀"] * 100)
    assert list(many) == ["비밀"] * 100
    named = [file.name for file in tmp_path.iterdir()]
    # Where a file cannot lose its name while it is open, it goes when it is closed.
    assert len(named) <= 1
    del many
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    real = tempfile.TemporaryFile

    class Full:
        """A real file on a disk that takes ten bytes more."""

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
    spill = DiskList[str](2)
    spill.append("가")
    with pytest.raises(DatasetError, match=r"자리가 없습니다.*디스크를 비우고 다시"):
        spill.append("가" * 100)
