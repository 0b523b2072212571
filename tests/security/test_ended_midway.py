"""The window and the chat of the terminal are ended in the middle of a reply."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import IO

import httpx
import pytest

from kakaobot.chat.store_file import FILE_NAME
from kakaobot.config import ROOT, Home
from tests.chat_models import LONG_REPLIES, create_chat_run, save_random_model
from tests.patience import patience, wait_for
from tests.security.window import PASSWORD, Page, running_window
from ui import console_text

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="Windows terminates processes differently"),
]

WHOLE = int(str(LONG_REPLIES["generation.max_new_tokens"]))
"""Characters that a reply has at least if nothing ends it early."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """With replies that take about half a minute."""
    folder = tmp_path_factory.mktemp("midway")
    home = Home(folder / "home")
    home.settings()
    save_random_model(folder / "model", hidden=256, layers=4)
    create_chat_run(home, folder / "model")
    return home


def kept(home: Home) -> list[list[str]]:
    """The texts of each conversation on disk, in a file that is not damaged."""
    file = home.folder("data/chats") / FILE_NAME
    with contextlib.closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = database.execute("SELECT conversation, text FROM lines ORDER BY id").fetchall()
    return [[text for of, text in rows if of == id] for id in dict.fromkeys(id for id, _ in rows)]


class WatchedReply(threading.Thread):
    """Reads what a page shows of a reply, until the connection ends."""

    def __init__(self, page: Page, message: str) -> None:
        super().__init__(daemon=True)
        self._page = page
        values = {"chat-message": message, "chat-at-once": True}
        assert page.join("chat-send", values=values).status_code == 200
        self.shown: list[str] = []
        """The reply as it grew."""
        self.start()

    def run(self) -> None:
        with contextlib.suppress(httpx.HTTPError):
            for message in self._page.messages():
                text = json.dumps(message, ensure_ascii=False)
                self.shown += re.findall(r'도담 · AI\\n(.+?)\ufffd*"', text)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_window_that_ends_in_the_middle_of_a_reply_keeps_it(home: Home, name: str) -> None:
    with running_window(home.root, password=PASSWORD) as window:
        page = window.open_page()
        page.unlock()
        reply = WatchedReply(page, f"안녕 {name}")
        wait_for(lambda: reply.shown)
        began = time.monotonic()
        window.process.send_signal(getattr(signal, name))
        _, stderr = window.process.communicate(timeout=patience())
        seconds = time.monotonic() - began
    reply.join(patience())
    print(f"{name}: ended after {seconds:.1f} s")
    assert window.process.returncode == 0
    assert stderr.splitlines()[-1] == console_text.CLOSED
    assert "Traceback" not in stderr
    said, answered = kept(home)[-1]
    assert said == f"안녕 {name}"
    assert answered.startswith(reply.shown[-1])
    assert len(answered) < WHOLE / 2


class TerminalProcess:
    """`python -m kakaobot chat`, as it is typed into and read."""

    def __init__(self, home: Home) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-X", "utf8", "-m", "kakaobot", "chat"],
            cwd=ROOT,
            env={
                **os.environ,
                "KAKAOBOT_HOME": str(home.root),
                "CHATBOT_PASSWORD": PASSWORD,
                "CHATBOT_ACCESS_PASSWORD": PASSWORD,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.out, self.err = bytearray(), bytearray()
        self._readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in ((self.process.stdout, self.out), (self.process.stderr, self.err))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, source: IO[bytes], read: bytearray) -> None:
        while data := os.read(source.fileno(), 4096):
            read += data

    def interrupt_reply(self, message: str) -> str:
        """Send a message, and press Ctrl+C in the middle of the reply; returns what was shown."""
        assert self.process.stdin
        start = len(self.out)
        self.process.stdin.write(f"{message}\n".encode())
        self.process.stdin.flush()
        self._wait(lambda: len(self.out) > start + 30)
        self.process.send_signal(signal.SIGINT)
        self._wait(lambda: self.out.endswith(b"\n"))
        return self.out[start:].decode().removeprefix("도담: ").rstrip("\n")

    def interrupt_prompt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(patience())
        for reader in self._readers:
            reader.join(patience())
        return code

    def _wait(self, condition: Callable[[], object]) -> None:
        wait_for(
            lambda: condition() or self.process.poll() is not None,
            lambda: len(self.out) + len(self.err),
        )
        assert self.process.poll() is None, self.err.decode()


def test_ctrl_c_in_the_terminal_ends_a_reply_and_at_the_prompt_the_chat(home: Home) -> None:
    chat = TerminalProcess(home)
    try:
        shown = [chat.interrupt_reply(message) for message in ("안녕 하나", "안녕 둘")]
        assert chat.interrupt_prompt() == 130
    finally:
        chat.process.kill()
        chat.process.wait()
    assert b"Traceback" not in chat.err
    conversation = kept(home)[-1]
    assert conversation[0::2] == ["안녕 하나", "안녕 둘"]
    assert conversation[1::2] == shown
    assert all(len(text) < WHOLE / 2 for text in conversation)
