"""Places that cannot be written: every command ends with one sentence that names the file."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest

import launch
from kakaobot.atomic_io import replace_text
from kakaobot.config import ROOT, Home
from kakaobot.os_errors import os_error_message
from kakaobot.runs.run import Run
from kakaobot.runs.status import Status
from kakaobot.train import worker
from tests.conftest import SAMPLE
from tests.permissions import obeyed_permissions
from tests.prepared_home import is_sentence, prepare_home, run_command
from ui.errors import show_errors

WRITING = [
    # A file that is not there yet.
    ["organize", str(SAMPLE.with_name("sample_mac.csv"))],
    ["people", "--exclude", "도담"],
    ["people", "--same", "도담", "마루"],
    ["archive", "--yes"],
    ["preprocess"],
    ["train"],
    ["train", "--new"],
]
OTHERS = [["settings"], ["people"], ["stop"], ["status"], ["runs"], ["reply", "안녕"], ["smoke"]]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return prepare_home(tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def home(prepared: Home, tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home")
    shutil.copytree(prepared.root, home.root)
    yield home
    for folder in folders(home.root):
        folder.chmod(0o700)


def folders(root: Path) -> list[Path]:
    return [root, *(path for path in root.rglob("*") if path.is_dir())]


@contextlib.contextmanager
def read_only(root: Path) -> Iterator[None]:
    for folder in folders(root):
        folder.chmod(0o500)
    with obeyed_permissions():
        yield


@pytest.mark.parametrize("argv", WRITING, ids=" ".join)
def test_a_writing_command_in_a_read_only_home(home: Home, argv: list[str]) -> None:
    with read_only(home.root):
        code, said = run_command(home, argv)
    assert code == 1
    assert is_sentence(said)
    assert str(home.root) in said or argv[0] == "archive"


@pytest.mark.parametrize("argv", [*WRITING, *OTHERS], ids=" ".join)
def test_the_first_command_in_a_read_only_home(home: Home, argv: list[str]) -> None:
    home.settings_file.unlink()
    with read_only(home.root):
        code, said = run_command(home, argv)
    assert code == 1
    assert is_sentence(said)
    assert str(home.settings_file) in said
    assert ".new" not in said


@pytest.mark.parametrize("argv", OTHERS, ids=" ".join)
def test_a_reading_command_in_a_read_only_home(home: Home, argv: list[str]) -> None:
    with read_only(home.root):
        code, said = run_command(home, argv)
    assert code == 0 or is_sentence(said)


@pytest.mark.parametrize("argv", [*WRITING, *OTHERS], ids=" ".join)
def test_files_that_cannot_be_read(home: Home, argv: list[str]) -> None:
    for file in [path for path in home.root.rglob("*") if path.is_file()]:
        file.chmod(0)
    with obeyed_permissions():
        code, said = run_command(home, argv)
    assert code == 1
    assert is_sentence(said)


@pytest.mark.parametrize("argv", [*WRITING, *OTHERS], ids=" ".join)
def test_files_in_the_place_of_folders(home: Home, argv: list[str]) -> None:
    for name in ("data", "checkpoints_lora"):
        shutil.rmtree(home.root / name, ignore_errors=True)
        (home.root / name).write_text("", encoding="utf-8")
    code, said = run_command(home, argv)
    assert code == 0 or is_sentence(said)


@pytest.mark.parametrize("argv", [*WRITING, *OTHERS], ids=" ".join)
def test_a_file_in_the_place_of_the_home(tmp_path: Path, argv: list[str]) -> None:
    (tmp_path / "home").write_text("", encoding="utf-8")
    code, said = run_command(Home(tmp_path / "home"), argv)
    assert code == 1
    assert is_sentence(said)


def test_the_window_in_a_read_only_home_is_a_sentence(home: Home) -> None:
    code = (
        "import sys; from tests.permissions import obeyed_permissions; from ui.app import run\n"
        "with obeyed_permissions(): sys.exit(run(open_browser=False))"
    )
    for folder in folders(home.root):
        folder.chmod(0o500)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "KAKAOBOT_HOME": str(home.root)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert is_sentence(done.stderr.strip())
    assert str(home.root) in done.stderr


def test_launch_where_nothing_can_be_installed_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".kakaobot").write_text("", encoding="utf-8")
    (tmp_path / "requirements.txt").write_text("no-such-package-of-ours\n", encoding="utf-8")
    monkeypatch.setenv("KAKAOBOT_HOME", str(tmp_path))
    assert launch.main(["--no-browser"], root=tmp_path) == 1
    said = capsys.readouterr().err.strip()
    assert is_sentence(said)
    assert str(tmp_path) in said


def test_a_worker_that_cannot_write_fails_with_a_reason(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_folder = tmp_path / "main"
    run_folder.mkdir()
    with read_only(run_folder):
        assert worker.main([str(run_folder)]) == 1
    run_folder.chmod(0o700)
    run = Run(run_folder)
    run.log.file.write_text(capfd.readouterr().err, encoding="utf-8")
    run.write_status(Status(state="running"))
    assert "권한" in run.status().message


def test_the_window_shows_the_sentence_and_keeps_the_traceback(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    @show_errors
    def handler() -> None:
        (tmp_path / "없음").read_text(encoding="utf-8")

    with pytest.raises(gr.Error) as caught:
        handler()
    assert is_sentence(str(caught.value.message))
    assert "FileNotFoundError" in caplog.text


@pytest.mark.parametrize(
    "name",
    [
        *("EACCES", "EPERM", "EROFS", "ENOENT", "EEXIST", "ENOTDIR", "EISDIR", "ENAMETOOLONG"),
        *("ELOOP", "EMFILE", "EIO", "ENOSPC", "EDQUOT", "ENOTEMPTY", "ESTALE", "ETIMEDOUT"),
    ],
)
@pytest.mark.parametrize("file", ["/방/말.txt", b"/\xff.txt", None, 7])
def test_every_error_of_the_system_is_one_sentence(name: str, file: object) -> None:
    number = getattr(errno, name)
    message = os_error_message(OSError(number, os.strerror(number), file))
    assert is_sentence(message)
    message.encode()
    assert "/방/말.txt" in message or file != "/방/말.txt"


def test_an_error_of_a_library_is_one_sentence() -> None:
    assert is_sentence(os_error_message(OSError("We couldn't connect\nto the hub")))
    assert is_sentence(os_error_message(OSError()))


def test_a_failed_write_names_the_file_and_leaves_no_draft(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with pytest.raises(OSError) as caught:
        replace_text(tmp_path / "a.json", "{}")
    assert caught.value.filename == str(tmp_path / "a.json")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
