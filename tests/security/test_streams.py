"""Pages that leave, wait or idle hold up nobody else: the real window, over HTTP."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from functools import partial

import httpx
import pytest

from kakaobot.app.chat import LINE_LENGTH
from kakaobot.config import Home
from tests.chat_models import create_chat_run, save_random_model
from tests.patience import patience, wait_for
from tests.security.window import PASSWORD, WindowProcess, running_window

pytestmark = pytest.mark.slow

IDLE_STREAMS = 100
REPLY_EVENTS = [
    ("chat-send", "click"),
    ("chat-message", "submit"),
    ("chat-retry", "click"),
    ("chat-go-on", "click"),
    ("chat-box", "edit"),
]


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WindowProcess]:
    """With replies that take about half a minute."""
    folder = tmp_path_factory.mktemp("window")
    home = Home(folder / "home")
    home.settings()
    save_random_model(folder / "model", hidden=256, layers=4)
    create_chat_run(home, folder / "model")
    with running_window(home.root, password=PASSWORD) as window:
        yield window


class ChatPage(threading.Thread):
    """An unlocked page that has sent a message and reads what its chat shows."""

    def __init__(self, window: WindowProcess) -> None:
        super().__init__(daemon=True)
        self.page = window.open_page()
        self.page.unlock()
        self.shown: list[str] = []
        values = {"chat-message": "안녕", "chat-at-once": True}
        request = self.page.join("chat-send", values=values)
        self.request = str(request.json()["event_id"])
        self._left = False
        self.start()

    def run(self) -> None:
        for message in self.page.messages():
            chat = (message.get("output") or {}).get("data", [None])[0]
            self.shown.append(json.dumps(chat, ensure_ascii=False))
            if self._left or message["msg"] == "close_stream":
                return

    def stop(self) -> None:
        """Cancel the reply, as the buttons do that end one."""
        body = {
            "session_hash": self.page.session_hash,
            "fn_index": self.page.dependency("chat-send")["id"],
            "event_id": self.request,
        }
        assert self.page.browser.post("/gradio_api/cancel", json=body).status_code == 200

    def leave(self) -> None:
        """Close the connection in the middle of the stream."""
        self._left = True
        self.join(patience())
        self.page.browser.client.close()

    def was_shown(self, text: str) -> bool:
        return any(text in shown for shown in self.shown)

    def wait_until_shown(self, text: str) -> None:
        try:
            wait_for(partial(self.was_shown, text), lambda: len(self.shown))
        except AssertionError as error:
            raise AssertionError(f"{text!r} not in {self.shown[-5:]}") from error

    def replies(self) -> bool:
        """Whether a reply grows."""
        return self.was_shown("도담 · AI")


@contextlib.contextmanager
def pages(window: WindowProcess, count: int) -> Iterator[list[ChatPage]]:
    """Pages that joined one after the other, and leave at the end."""
    opened: list[ChatPage] = []
    try:
        for number in range(count):
            opened.append(ChatPage(window))
            place = f"앞에 {number}명이 있습니다." if number else "도담 · AI"
            opened[number].wait_until_shown(place)
        yield opened
    finally:
        for page in opened:
            page.leave()


def test_a_client_gone_in_mid_stream_frees_the_model_at_once(window: WindowProcess) -> None:
    with pages(window, 2) as (gone, next_page):
        began = time.monotonic()
        gone.leave()
        wait_for(next_page.replies)
        assert time.monotonic() - began < patience(5)


def test_a_client_gone_in_the_line_lets_the_others_move_up(window: WindowProcess) -> None:
    with pages(window, 3) as (first, gone, last):
        gone.leave()
        last.wait_until_shown("앞에 1명이 있습니다.")
        assert not last.replies()
        first.leave()
        wait_for(last.replies)


def test_stopping_the_wait_leaves_the_line(window: WindowProcess) -> None:
    with pages(window, 3) as (first, stopped, last):
        stopped.stop()
        last.wait_until_shown("앞에 1명이 있습니다.")
        first.leave()
        wait_for(last.replies)
        assert not stopped.replies()


def test_buttons_that_end_a_conversation_stop_its_reply(window: WindowProcess) -> None:
    page = window.open_page()
    replies = {page.dependency(elem_id, event)["id"] for elem_id, event in REPLY_EVENTS}
    for button in ("chat-stop", "chat-new", "chat-undo"):
        target = [page.component(button), "click"]
        cancelled = {
            number
            for dependency in page.config["dependencies"]
            if target in [list(pair) for pair in dependency["targets"]]
            for number in dependency["cancels"]
        }
        assert cancelled == replies, button


def test_a_full_line_is_refused_in_korean(window: WindowProcess) -> None:
    with pages(window, LINE_LENGTH):
        refused = ChatPage(window)
        refused.wait_until_shown("지금 기다리는 대화가 많습니다.")
        refused.leave()


def test_a_hundred_idle_streams_stop_nobody(window: WindowProcess) -> None:
    browser = window.open_page().browser
    with contextlib.ExitStack() as stack:
        limits = httpx.Limits(max_connections=None)
        client = stack.enter_context(window.client(limits=limits, cookies=browser.client.cookies))
        for number in range(IDLE_STREAMS):
            path = f"/gradio_api/heartbeat/idle{number}"
            stream = stack.enter_context(client.stream("GET", path, headers=browser.headers))
            assert stream.status_code == 200
            assert next(stream.iter_lines()) == "data: ALIVE"
        began = time.monotonic()
        with pages(window, 1):
            pass
        assert time.monotonic() - began < patience(20)
