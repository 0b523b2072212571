"""Contents are read again after every change of their file, and only then."""

import gc
import os
import time
import weakref
from pathlib import Path

import pytest

from kakaobot.file_cache import FileCache


class Reader:
    """Reads a file through a cache, and counts."""

    def __init__(self, file: Path) -> None:
        self.file, self.reads = file, 0
        self._cache: FileCache[str] = FileCache()

    def text(self) -> str:
        return self._cache.get(self.file, self._read)

    def _read(self) -> str:
        self.reads += 1
        return self.file.read_text()


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    file = tmp_path / "file"
    file.write_text("one")
    return Reader(file)


def settle() -> None:
    time.sleep(3.1)


def test_a_file_at_rest_is_read_once(reader: Reader) -> None:
    settle()
    assert [reader.text() for _ in range(5)] == ["one"] * 5
    assert reader.reads == 1


def test_a_file_that_has_just_changed_is_not_kept(reader: Reader) -> None:
    # Another change of the same size could have the same time.
    assert [reader.text() for _ in range(3)] == ["one"] * 3
    assert reader.reads == 3


def test_a_time_that_is_set_back_hides_no_change(reader: Reader) -> None:
    settle()
    assert reader.text() == "one"
    before = reader.file.stat().st_mtime_ns
    reader.file.write_text("two")
    os.utime(reader.file, ns=(before, before))
    assert reader.text() == "two"


def test_a_missing_file_is_asked_for_each_time(reader: Reader) -> None:
    reader.file.unlink()
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            reader.text()
    assert reader.reads == 2


def test_only_the_last_files_are_kept(tmp_path: Path) -> None:
    files = [tmp_path / str(number) for number in range(40)]
    for file in files:
        file.write_text(file.name)
    settle()
    cache: FileCache[str] = FileCache()
    for file in files:
        assert cache.get(file, file.read_text) == file.name
    assert [cache.get(file, lambda: "again") for file in files[-3:]] == ["37", "38", "39"]
    assert cache.get(files[0], lambda: "again") == "again"


def test_a_change_of_another_file_counts(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for file in (first, second):
        file.write_text("one")
    settle()
    cache: FileCache[str] = FileCache()

    def both() -> str:
        return cache.get(first, lambda: first.read_text() + second.read_text(), second)

    assert both() == "oneone"
    second.write_text("two")
    assert both() == "onetwo"
    second.unlink()
    first.write_text("six")
    with pytest.raises(FileNotFoundError):
        both()


def test_the_content_of_an_erased_file_is_forgotten(tmp_path: Path) -> None:
    class Words:
        pass

    file = tmp_path / "file"
    file.write_text("one")
    settle()
    cache: FileCache[Words | None] = FileCache()
    kept = weakref.ref(cache.get(file, Words) or Words())
    assert kept() is not None
    file.unlink()
    assert cache.get(file, lambda: None) is None
    gc.collect()
    assert kept() is None
