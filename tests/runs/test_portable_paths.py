"""Paths in a run survive a move of the home."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from kakaobot.runs.portable_paths import find_moved, from_portable, home_of, to_portable


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("data/sft", "../../data/sft"),
        ("models/작은 모델", "../../models/작은 모델"),
        ("small.gguf", "../../small.gguf"),
        ("checkpoints_lora/main/base", "./base"),
        ("checkpoints_lora/main/.base", "./.base"),
    ],
)
def test_a_path_in_the_home_moves_with_it(tmp_path: Path, path: str, text: str) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    stored = to_portable(str(old / path), old / "checkpoints_lora" / "main", old)
    assert stored == text
    assert str(tmp_path) not in stored
    assert from_portable(stored, new / "checkpoints_lora" / "main") == str(new / path)


@pytest.mark.parametrize("name", ["starter", "Qwen/Qwen3-0.6B", "/elsewhere/model", "D:\\model"])
def test_what_is_not_in_the_home_stays(tmp_path: Path, name: str) -> None:
    assert to_portable(name, tmp_path / "runs" / "main", tmp_path) == name
    assert from_portable(name, tmp_path / "runs" / "main") == name


def test_runs_outside_the_home_keep_absolute_paths(tmp_path: Path) -> None:
    path = str(tmp_path / "home" / "data")
    assert to_portable(path, tmp_path / "runs" / "main", tmp_path / "home") == path


def test_the_folder_of_runs_may_be_a_link(tmp_path: Path) -> None:
    home, drive = tmp_path / "home", tmp_path / "drive" / "deep" / "runs"
    drive.mkdir(parents=True)
    (home / "data").mkdir(parents=True)
    (home / "runs").symlink_to(drive)
    stored = to_portable(str(home / "data"), home / "runs" / "main", home)
    assert from_portable(stored, home / "runs" / "main") == str(home / "data")


def test_a_home_behind_a_link_is_recognized(tmp_path: Path) -> None:
    (tmp_path / "real" / "models").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    home = tmp_path / "link"
    stored = to_portable(str(tmp_path / "real" / "models"), home / "runs" / "main", home)
    assert PurePosixPath(stored) == PurePosixPath("../../models")


@pytest.mark.parametrize(
    "before",
    ["/home/old/kakaobot/models/my base", "D:\\kakaobot\\models\\my base", "C:/k/models/my base"],
)
def test_an_absolute_path_is_found_in_the_moved_home(tmp_path: Path, before: str) -> None:
    assert find_moved(before, tmp_path) is None
    (tmp_path / "models" / "my base").mkdir(parents=True)
    assert find_moved(before, tmp_path) == tmp_path / "models" / "my base"


@pytest.mark.parametrize("name", ["starter", "Qwen/Qwen3-0.6B", "models"])
def test_names_are_not_looked_for(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir(parents=True)
    assert find_moved(name, tmp_path) is None


@pytest.mark.parametrize(
    ("runs", "folder"), [("checkpoints_lora", "checkpoints_lora/main"), ("a/b", "a/b/main")]
)
def test_the_home_of_a_run(tmp_path: Path, runs: str, folder: str) -> None:
    assert home_of(tmp_path / folder, runs) == tmp_path
