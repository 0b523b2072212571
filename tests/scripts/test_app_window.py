"""The app window: which browser is found, what stands in its command line, and a real one."""

from __future__ import annotations

import os
import shutil
import signal
import webbrowser
from pathlib import Path

import pytest

from scripts.app_window import app_browser, open_app_window
from scripts.open_page import open_in_browser, open_page_file
from tests.patience import wait_for
from tests.security.window import running_window

ADDRESS = "http://127.0.0.1:7860/open#code"


class FakeBrowser:
    """A program on the PATH that writes its arguments into a file and exits."""

    def __init__(self, folder: Path, name: str, code: int) -> None:
        self.log = folder / f"{name}.log"
        self.program = folder / name
        script = f'#!/bin/sh\nprintf "%s\\n" "$@" > "{self.log}"\nexit {code}\n'
        self.program.write_text(script, encoding="utf-8")
        self.program.chmod(0o755)

    def arguments(self) -> list[str]:
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH, on a machine with a screen."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("DISPLAY", ":99")
    return folder


@pytest.fixture
def ordinary(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the user's own browser was asked to open."""
    opened: list[str] = []

    def show(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", show)
    return opened


posix = pytest.mark.skipif(os.name != "posix", reason="the programs are shell scripts")


@posix
@pytest.mark.parametrize("name", ["google-chrome", "chromium", "microsoft-edge"])
def test_the_command_line_names_the_private_file_only(
    tmp_path: Path, folder: Path, ordinary: list[str], name: str
) -> None:
    browser = FakeBrowser(folder, name, 0)
    assert open_in_browser(ADDRESS, tmp_path, app_window=True)
    file = open_page_file(tmp_path)
    assert browser.arguments() == [f"--app={file.as_uri()}"]
    assert ADDRESS in file.read_text(encoding="utf-8")
    assert ordinary == []


@posix
def test_a_browser_that_cannot_run_leaves_the_page_to_the_ordinary_one(
    tmp_path: Path, folder: Path, ordinary: list[str]
) -> None:
    browser = FakeBrowser(folder, "chromium", 1)
    assert open_in_browser(ADDRESS, tmp_path, app_window=True)
    assert browser.arguments()
    assert ordinary == [open_page_file(tmp_path).as_uri()]


@posix
def test_the_ordinary_browser_is_used_without_a_screen_or_if_asked_for(
    tmp_path: Path, folder: Path, ordinary: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = FakeBrowser(folder, "chromium", 0)
    assert open_in_browser(ADDRESS, tmp_path)
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert open_in_browser(ADDRESS, tmp_path, app_window=True)
    assert len(ordinary) == 2
    assert browser.arguments() == []


@posix
def test_a_broken_program_is_no_browser(folder: Path) -> None:
    (folder / "chromium").write_bytes(b"\x7fELF broken")
    (folder / "chromium").chmod(0o755)
    assert not open_app_window("file:///x.html")


def test_the_usual_folders_of_windows_and_mac_are_searched(tmp_path: Path) -> None:
    assert app_browser("win32", {"PROGRAMFILES": str(tmp_path)}) is None
    edge = tmp_path / "Microsoft/Edge/Application/msedge.exe"
    edge.parent.mkdir(parents=True)
    edge.touch()
    assert app_browser("win32", {"PROGRAMFILES(X86)": str(tmp_path)}) == str(edge)
    chrome = tmp_path / "Google/Chrome/Application/chrome.exe"
    chrome.parent.mkdir(parents=True)
    chrome.touch()
    assert app_browser("win32", {"LOCALAPPDATA": str(tmp_path)}) == str(chrome)

    mac = tmp_path / "Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    mac.parent.mkdir(parents=True)
    mac.touch()
    if not Path("/Applications").exists():
        assert app_browser("darwin", {"HOME": str(tmp_path)}) == str(mac)


@pytest.mark.browser
def test_a_real_chromium_opens_the_window(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a screen, and as root if need be; all else is as for a user."""
    real = shutil.which("chromium", path="/usr/bin:/usr/local/bin")
    if real is None:
        pytest.skip("Chromium 이 없습니다.")
    pid = tmp_path / "pid"
    script = (
        f'#!/bin/sh\necho $$ > "{pid}"\nexec {real} --headless=new --no-sandbox --disable-gpu '
        f'--no-first-run --user-data-dir="{tmp_path}/profile" "$@"\n'
    )
    (folder / "chromium").write_text(script, encoding="utf-8")
    (folder / "chromium").chmod(0o755)
    home = tmp_path / "home"
    with running_window(home) as window:
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        address = f"{window.base_url}/open#{window.new_code()}"
        try:
            assert open_in_browser(address, home, app_window=True)
            # The file is deleted once its code is exchanged, and no other page has it.
            wait_for(lambda: not open_page_file(home).exists())
        finally:
            os.killpg(int(pid.read_text(encoding="utf-8")), signal.SIGKILL)
