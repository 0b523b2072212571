"""Open pages see that the program has ended, tell nobody else their secrets, and come back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.patience import patience, wait_for
from tests.security.window import PASSWORD, WindowProcess, free_port, running_window
from ui import window_text

pytestmark = pytest.mark.browser

SECONDS = 12.0
"""Within which a page shows that the program has ended: one on an idle machine, here with room."""
WORDS = "아직 보내지 않은 말"


class Impostor(HTTPServer):
    """Another program on the port of the window, which says it is the window."""

    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Recorder)
        self.requests: list[str] = []


class _Recorder(BaseHTTPRequestHandler):
    server: Impostor

    def do_GET(self) -> None:
        self.server.requests.append(f"{self.command} {self.path}\n{self.headers}")
        body = b'{"app": "kakaobot", "session": {"state": "ended", "proof": "guessed"}}'
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def impostor(port: int) -> Iterator[Impostor]:
    server = Impostor(port)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def enter(page: Page) -> None:
    page.locator("#gate-password input").fill(PASSWORD)
    page.locator("#gate-enter").click()
    expect(page.locator("#gate-lock")).to_be_visible()


def open_chat(page: Page) -> None:
    page.locator("#start-details").click()
    page.get_by_role("tab", name="4 대화").click()
    expect(page.locator("#chat-message textarea")).to_be_visible()


def draft(page: Page) -> str | None:
    stored: str | None = page.evaluate("sessionStorage.getItem('kakaobot-draft')")
    return stored


def open_two_pages(window: WindowProcess, context: BrowserContext) -> tuple[Page, Page]:
    page = context.new_page()
    page.goto(f"{window.base_url}/open#{window.code}")
    expect(page.locator("#start-upload")).to_be_visible()
    other = context.new_page()
    other.goto(f"{window.base_url}/")
    expect(other.locator("#start-upload")).to_be_visible()
    enter(page)
    open_chat(page)
    page.locator("#chat-message textarea").fill(WORDS)
    return page, other


def test_pages_of_a_killed_program_say_so_and_come_back(
    tmp_path: Path, context: BrowserContext
) -> None:
    port = free_port()
    with running_window(tmp_path, password=PASSWORD, port=port) as window:
        page, other = open_two_pages(window, context)
        cookie = context.cookies()[0]["value"]
        key = page.evaluate("localStorage.getItem('kakaobot-key')")
        page.wait_for_timeout(1500)
        window.process.kill()
        since = time.monotonic()
        for each in (page, other):
            expect(each.get_by_role("heading", name=window_text.OFF_TITLE)).to_be_visible()
        assert time.monotonic() - since < patience(SECONDS)
    expect(page.locator("#kb-off")).to_contain_text("launch.py")
    # Nothing below can be reached, and no toast stands above.
    page.evaluate(
        """document.querySelector("gradio-app, .gradio-container").insertAdjacentHTML(
          "beforeend", "<p class='toast-wrap'>알림</p>")"""
    )
    expect(page.locator("p.toast-wrap")).to_be_hidden()
    assert page.evaluate("document.elementFromPoint(300, 150).closest('#kb-off') !== null")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('[inert]') === null")
    assert draft(page) == WORDS
    assert draft(other) is None

    # A program that cannot prove that it is ours gets nothing with which it could enter.
    with impostor(port) as server:
        wait_for(lambda: len(server.requests) > 3)
        for request in server.requests:
            assert request.startswith("GET /health?")
            assert cookie not in request
            assert key not in request
        expect(page.locator("#kb-off")).to_be_visible()

    with running_window(tmp_path, password=PASSWORD, port=port):
        for each in (page, other):
            expect(each.locator("#kb-off")).to_have_count(0)
            # Locked, as after every start.
            expect(each.locator("#gate-password")).to_be_visible()
            assert each.url == f"{window.base_url}/"
        assert page.evaluate("localStorage.getItem('kakaobot-key')") != key
        # The details are open again; what was typed comes back with the password.
        enter(page)
        page.get_by_role("tab", name="4 대화").click()
        expect(page.locator("#chat-message textarea")).to_have_value(WORDS)
        assert draft(page) is None


def test_locking_forgets_what_waits_for_the_password(
    tmp_path: Path, context: BrowserContext
) -> None:
    with running_window(tmp_path, password=PASSWORD) as window:
        page, other = open_two_pages(window, context)
        other.evaluate("words => sessionStorage.setItem('kakaobot-draft', words)", WORDS)
        page.locator("#gate-lock").click()
        wait_for(lambda: draft(other) is None)
        expect(page.locator("#gate-password")).to_be_visible()

        # The button to quit asks once, and is not what the Tab key meets first.
        page.reload()
        expect(page.locator("#gate-password")).to_be_visible()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") != "quit"
        page.locator("#quit").click()
        question = page.locator("#quit-question")
        expect(question).to_contain_text(window_text.QUIT_PAGES)
        expect(page.locator("#quit-stay")).to_be_focused()
        page.locator("#quit-stay").click()
        expect(question).to_be_hidden()
        expect(page.locator("#quit")).to_be_focused()
        assert window.process.poll() is None
        page.locator("#quit").click()
        page.locator("#quit-now").click()
        expect(page.locator("#kb-off")).to_contain_text(window_text.FAREWELL)
        expect(other.locator("#kb-off")).to_contain_text(window_text.OFF_TITLE)
        assert window.process.wait(patience()) == 0
