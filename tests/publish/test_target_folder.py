"""A published folder appears as a whole, and never in place of somebody else's files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kakaobot.errors import RunError
from kakaobot.publish.target_folder import (
    MARKER,
    check_disk,
    check_target,
    new_folder,
    published_places,
)


def publish(folder: Path, text: str = "model") -> None:
    with new_folder(folder) as draft:
        (draft / "model.gguf").write_text(text, encoding="utf-8")
        (draft / "more").mkdir()
        (draft / "more" / "file").touch()


def test_a_folder_appears_and_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "방"
    publish(target)
    assert published_places(target.parent) == [target]
    publish(target, "newer")
    assert (target / "model.gguf").read_text(encoding="utf-8") == "newer"
    assert list(target.parent.iterdir()) == [target]


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    publish(tmp_path / "out")
    assert (tmp_path / "out" / MARKER).is_file()


@pytest.mark.parametrize("name", ["diary.txt", "more/diary.txt"])
def test_what_we_have_not_written_is_not_overwritten(name: str, tmp_path: Path) -> None:
    target = tmp_path / "out"
    publish(target)
    (target / name).write_text("mine", encoding="utf-8")
    with pytest.raises(RunError, match=f"내보내지 않은 것\\({name}\\)"):
        publish(target, "newer")
    assert (target / name).read_text(encoding="utf-8") == "mine"
    assert (target / "model.gguf").read_text(encoding="utf-8") == "model"
    assert list(tmp_path.iterdir()) == [target]


def test_what_is_put_there_meanwhile_stays(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with pytest.raises(RunError, match="덮어쓰지 않았습니다"), new_folder(target):
        target.mkdir()
        (target / "diary.txt").touch()
    assert [path.name for path in target.iterdir()] == ["diary.txt"]


def test_a_file_or_link_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for name in ("file", "link"):
        with pytest.raises(RunError, match="자리에 다른 파일이 있습니다"):
            check_target(tmp_path / name)


def test_a_failure_leaves_the_earlier_folder(tmp_path: Path) -> None:
    target = tmp_path / "out"
    publish(target)
    with pytest.raises(KeyboardInterrupt), new_folder(target) as draft:
        (draft / "model.gguf").touch()
        raise KeyboardInterrupt
    assert (target / "model.gguf").read_text(encoding="utf-8") == "model"
    assert list(tmp_path.iterdir()) == [target]


def test_the_draft_of_a_killed_process_is_removed_and_nothing_else(tmp_path: Path) -> None:
    target, dead = tmp_path / "out", 4194305
    for name in (f"out.{dead}.new", f"other.{dead}.new", f"out.{os.getppid()}.new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / MARKER).touch()
    (tmp_path / f"out.{dead + 1}.new").mkdir()
    publish(target)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"out", f"other.{dead}.new", f"out.{os.getppid()}.new", f"out.{dead + 1}.new"}


def test_too_little_space_is_a_sentence(tmp_path: Path) -> None:
    check_disk(tmp_path / "not" / "there", 1)
    with pytest.raises(RunError, match=r"공간이 모자라 내보내지 않았습니다 \(필요 1000000\.0GB"):
        check_disk(tmp_path / "not" / "there", 10**15)
