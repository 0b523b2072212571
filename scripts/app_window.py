"""Opens a page in a window of its own, without tabs, in a browser that knows such windows.

Standard library only: `launch.py` needs it before anything is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

_ON_PATH = (
    "google-chrome",
    "google-chrome-stable",
    "chromium",
    "chromium-browser",
    "microsoft-edge",
    "microsoft-edge-stable",
)
_ON_MAC = ("Google Chrome", "Microsoft Edge", "Chromium")
_ON_WINDOWS = (
    "Google/Chrome/Application/chrome.exe",
    "Microsoft/Edge/Application/msedge.exe",
    "Chromium/Application/chrome.exe",
)
_REGISTERED = "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\App Paths\\"
_SECONDS = 2.0
"""A browser that runs already takes the page over and exits; one that cannot run fails at once."""


def open_app_window(address: str) -> bool:
    """Open an address in an app window; False if no browser does.

    Args:
        address: everybody on this machine can read it in the command line of the browser.
    """
    program = app_browser(sys.platform, os.environ)
    if program is None:
        return False
    try:
        process = subprocess.Popen(
            [program, "--app=" + address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Ctrl+C in our terminal is not for the browser.
            start_new_session=True,
        )
    except OSError:
        return False
    try:
        return process.wait(_SECONDS) == 0
    except subprocess.TimeoutExpired:
        return True


def app_browser(platform: str, environ: Mapping[str, str]) -> str | None:
    """The program of Chrome, Edge or Chromium; None if there is none, or no screen."""
    if platform == "win32":
        found = (*_registered(), *_in_windows_folders(environ))
        return next((program for program in found if Path(program).is_file()), None)
    if platform == "darwin":
        return next((program for program in _on_mac(environ) if Path(program).is_file()), None)
    if not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        return None
    path = environ.get("PATH", "")
    return next(filter(None, (shutil.which(name, path=path) for name in _ON_PATH)), None)


def _on_mac(environ: Mapping[str, str]) -> Iterator[str]:
    for folder in ("/Applications", environ.get("HOME", "") + "/Applications"):
        for name in _ON_MAC:
            yield f"{folder}/{name}.app/Contents/MacOS/{name}"


def _in_windows_folders(environ: Mapping[str, str]) -> Iterator[str]:
    for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        if variable in environ:
            for name in _ON_WINDOWS:
                yield str(Path(environ[variable], name))


def _registered() -> Iterator[str]:
    if sys.platform != "win32":
        return
    import winreg

    for root in (winreg.HKEY_CURRENT_USER, winreg.HKEY_LOCAL_MACHINE):
        for name in ("chrome.exe", "msedge.exe"):
            try:
                yield winreg.QueryValue(root, _REGISTERED + name).strip('"')
            except OSError:
                continue
