"""Large exports are imported in a process of their own, with the same result."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from benchmarks.exports import write_room
from kakaobot.app.exports import Exports, FileReport
from kakaobot.app.import_process import LARGE_BYTES, WindowExports
from kakaobot.app.participants import Participants
from kakaobot.config import Home
from kakaobot.errors import ExportError
from kakaobot.exports.file_store import FileStore
from tests.conftest import SAMPLE
from tests.patience import patience, wait_for


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "큰 방.txt"
    write_room(path, LARGE_BYTES)
    return path


def imported_apart(home: Home, files: list[Path]) -> tuple[list[FileReport], bool]:
    """The reports, and whether a process was started."""
    before, seen = set(psutil.Process().children()), set[psutil.Process]()

    def watch(share: float, text: str) -> None:
        seen.update(set(psutil.Process().children()) - before)

    return WindowExports(home).import_files(files, watch), bool(seen)


def test_a_large_file_is_imported_in_another_process_with_the_same_reports(
    home: Home, tmp_path: Path, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = tmp_path / "사진.txt"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    files = [large, bad, SAMPLE, SAMPLE]
    reports, is_apart = imported_apart(home, files)
    assert is_apart
    assert reports == Exports(Home(tmp_path / "other")).import_files(files)
    monkeypatch.setattr(FileStore, "export", lambda *_: pytest.fail("read again"))
    assert len(Participants(home).rooms()) == 2


def test_a_small_file_is_not_worth_a_process(home: Home) -> None:
    reports, is_apart = imported_apart(home, [SAMPLE])
    assert not is_apart
    assert [report.error for report in reports] == [""]


def test_an_import_that_is_killed_says_what_to_do(home: Home, large: Path) -> None:
    raw = home.folder("data/raw")
    raw.mkdir(parents=True)
    errors: list[str] = []

    def import_large() -> None:
        try:
            WindowExports(home).import_files([large])
        except ExportError as error:
            errors.append(str(error))

    before = set(psutil.Process().children())
    # It has to wait for the lock, and so lives until it is killed.
    with FileLock(raw / ".lock"):
        thread = threading.Thread(target=import_large)
        thread.start()
        while not (started := set(psutil.Process().children()) - before):
            thread.join(0.05)
        importing = started.pop()
        # The window comes first. (Larger is nicer; on Windows, classes are numbers without order.)
        wait_for(lambda: importing.nice() != psutil.Process().nice())
        assert os.name == "nt" or importing.nice() > psutil.Process().nice()
        importing.kill()
        thread.join(patience())
    assert errors
    assert "다시 가져와 주세요" in errors[0]
