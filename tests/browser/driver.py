"""Driver of the browser tests: the program, its inputs, screenshots and chart pixels."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
from playwright.sync_api import CDPSession, Locator, Page, expect

from kakaobot.config import ROOT, Home
from kakaobot.runs.run import Run, Runs
from scripts.make_sample import android, read_room
from tests.conftest import SAMPLE
from tests.patience import patience, wait_for

PASSWORD = "바다 거북"
STEPS = 600
SAMPLES = 16
"""Eval prompts of the run: enough for its likeness."""
SHOTS = os.environ.get("KAKAOBOT_SCREENSHOTS")
PICTURES = ROOT / "docs" / "screenshots"
COLORS = {
    "loss": (59, 111, 212),
    "eval": (217, 98, 43),
    "best": (20, 113, 63),
    "likeness": (130, 80, 200),
}
"""`--kb-loss`, `--kb-eval`, `--kb-best`, `--kb-likeness` of ui/static/window.css, light theme."""
COUNT_PIXELS = """
(canvas, [red, green, blue]) => {
  const { width, height } = canvas;
  if (!width || !height) return 0;
  const top = Math.round(height * 0.2);
  const data = canvas.getContext("2d").getImageData(0, top, width, height).data;
  let count = 0;
  for (let i = 0; i < data.length; i += 4) {
    const near = Math.abs(data[i] - red) + Math.abs(data[i + 1] - green)
      + Math.abs(data[i + 2] - blue);
    if (data[i + 3] > 200 && near < 24) count += 1;
  }
  return count;
}
"""


EXPORTER = "서하늘"
"""The participant who exports the sample room from a phone, which calls them `회원님`."""
ODD_LINE = "2026년 4월 29일 아침 9:06, 마루 : 알람이 <b>세 번</b> 울렸어"


class App:
    """The program, started by `launch.py` with its own home."""

    def __init__(self, home: Home, password: str = PASSWORD) -> None:
        """Start nothing yet; an empty password is set in the window."""
        self.home, self._password = home, password
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """Start the program; returns the address to open."""
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "launch.py"), "--no-browser", "--port", str(self.port)],
            stdout=subprocess.PIPE,
            stderr=(self.home.root / "window.log").open("ab"),
            encoding="utf-8",
            env={
                **os.environ,
                "KAKAOBOT_HOME": str(self.home.root),
                **({"CHATBOT_PASSWORD": self._password} if self._password else {}),
                "HF_HUB_OFFLINE": "1",
            },
            start_new_session=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        assert re.fullmatch(rf"http://127\.0\.0\.1:{self.port}/open#\S+", line), line
        return line

    def interrupt(self) -> int:
        """Press Ctrl+C; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(patience())

    def kill(self) -> None:
        """Kill the program and its workers."""
        for process in psutil.process_iter(["cmdline"]):
            if str(self.home.root) in " ".join(process.info["cmdline"] or []):
                process.kill()
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def runs(self) -> list[Run]:
        """Newest first."""
        return Runs(self.home.folder("checkpoints_lora")).all()

    def run_state(self) -> tuple[str, int]:
        """State and step of the newest run."""
        runs = self.runs()
        if not runs:
            return "", 0
        status = runs[0].status()
        return status.state, status.step

    def wait_until(self, *states: str, after_step: int = -1) -> None:
        """Wait until the newest run is in one of these states and beyond a step."""

        def reached() -> bool:
            state, step = self.run_state()
            return state in states and step > after_step

        wait_for(reached, self.progress)

    def progress(self) -> object:
        """A value that changes whenever the worker writes anything."""
        runs = self.runs()
        return runs[0].version() if runs else None


@dataclass(frozen=True)
class PhoneExport:
    """The later messages of the sample room, as an Android phone exports them."""

    path: Path
    messages: int
    own_messages: int
    """Messages of the exporter."""
    room_messages: int
    """Messages of the whole sample room."""


def phone_export(folder: Path) -> PhoneExport:
    """Write `KakaoTalkChats.txt`, which ends with `ODD_LINE`."""
    room = read_room((SAMPLE.parent / "room.txt").read_text(encoding="utf-8"))
    messages = [
        replace(message, sender={EXPORTER: "회원님"}.get(message.sender, message.sender))
        for message in room.messages
    ]
    late = messages[300:]
    path = folder / "KakaoTalkChats.txt"
    export = android(replace(room, messages=tuple(late))).decode("utf-8-sig")
    path.write_text(f"{export}{ODD_LINE}\n", encoding="utf-8")
    own = sum(message.sender == "회원님" for message in late)
    return PhoneExport(path, len(late), own, len(messages))


def other_room(folder: Path) -> Path:
    """An export of another room."""
    path = folder / "옆방.txt"
    path.write_text(
        "옆방 님과 카카오톡 대화\n저장한 날짜 : 2026-05-01 09:30:12\n\n"
        "--------------- 2026년 4월 1일 수요일 ---------------\n[마루] [오전 9:01] 여기 아니네\n",
        encoding="utf-8",
    )
    return path


def renamed_photo(folder: Path) -> Path:
    """A picture with the name of a text file."""
    path = folder / "휴가 사진.txt"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    return path


def take_screenshot(page: Page, name: str) -> None:
    """Take a screenshot of the viewport, of the size of the README's picture of that name."""
    # Dismissed by script: a toast may vanish while the mouse moves towards it.
    page.evaluate("document.querySelectorAll('.toast-close').forEach((close) => close.click())")
    page.mouse.move(0, 0)
    page.wait_for_timeout(900)
    png = page.screenshot()
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        (Path(SHOTS) / f"{name}.png").write_bytes(png)
    # Bytes 16 to 24 of a PNG are its width and height.
    assert (PICTURES / f"{name}.png").read_bytes()[16:24] == png[16:24]


def take_close_up(page: Page, selector: str, name: str) -> None:
    """Take a screenshot of one element."""
    element = page.locator(selector)
    element.scroll_into_view_if_needed()
    page.wait_for_timeout(400)
    png = element.screenshot()
    if SHOTS:
        (Path(SHOTS) / f"{name}.png").write_bytes(png)
    assert (PICTURES / f"{name}.png").exists()
    page.evaluate("window.scrollTo(0, 0)")


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def unlock(page: Page, password: str) -> None:
    page.locator("#gate-password input").fill(password)
    page.locator("#gate-enter").click()


def wait_for_reply(page: Page, messages: int) -> None:
    """Wait until the conversation holds so many of the user's messages, and the last is answered.

    A button to stop the reply stands there meanwhile, unless it is complete at once.
    """
    expect(page.locator("#chat-box [data-testid=user]")).to_have_count(messages)
    with suppress(AssertionError):
        expect(page.locator("#chat-stop")).to_be_visible(timeout=5000)
    expect(page.locator("#chat-send")).to_be_visible()
    page.wait_for_timeout(300)


def chart_pixels(page: Page, selector: str, color: str) -> int:
    """Count the pixels of one of `COLORS` below the legend of a chart."""
    canvas = page.locator(f"{selector} canvas")
    if canvas.count() != 1:
        return 0
    return int(canvas.evaluate(COUNT_PIXELS, list(COLORS[color])))


def digits(label: str) -> int:
    """The digits of a label as one number."""
    return int("".join(filter(str.isdigit, label)))


def press_enter_while_composing(page: Page, box: Locator) -> CDPSession:
    """Compose `하` with an input method and press Enter, as on macOS and Linux.

    Windows names that key "Process". The returned session still holds the composition.
    """
    box.focus()
    session = page.context.new_cdp_session(page)
    session.send("Input.imeSetComposition", {"text": "하", "selectionStart": 1, "selectionEnd": 1})
    box.evaluate(
        """box => box.dispatchEvent(new KeyboardEvent("keydown", {
            key: "Enter", code: "Enter", keyCode: 229, isComposing: true,
            bubbles: true, cancelable: true }))"""
    )
    return session


@contextmanager
def throttled(worker: psutil.Process) -> Iterator[None]:
    """Leave a worker a sixth of its time, as on a busy machine."""
    done = threading.Event()

    def suspend_and_resume() -> None:
        while not done.is_set():
            worker.suspend()
            done.wait(0.05)
            worker.resume()
            done.wait(0.01)

    thread = threading.Thread(target=suspend_and_resume)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
