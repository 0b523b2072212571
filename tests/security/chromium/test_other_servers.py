"""Other servers on this machine, and the history of the browser, open nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from scripts.open_page import write_redirect
from tests.security.window import WindowProcess, free_port, running_window
from ui import request_text

pytestmark = pytest.mark.browser


class OtherServer(HTTPServer):
    """A server on another port, which records what browsers send to it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Recorder)
        self.cookies: list[str] = []
        self.paths: list[str] = []
        self.page = b""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class _Recorder(BaseHTTPRequestHandler):
    server: OtherServer

    def do_GET(self) -> None:
        self.server.cookies.append(self.headers.get("cookie", ""))
        self.server.paths.append(self.path)
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(self.server.page)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WindowProcess]:
    with running_window(tmp_path_factory.mktemp("home")) as window:
        yield window


@pytest.fixture
def other() -> Iterator[OtherServer]:
    server = OtherServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(context: BrowserContext, window: WindowProcess) -> Page:
    """The window, opened by the redirect file."""
    page = context.new_page()
    page.goto(f"{window.base_url}/open#{window.new_code()}")
    expect(page.locator("#start-upload")).to_be_visible()
    return page


def test_the_address_in_the_history_opens_nothing_again(
    window: WindowProcess, context: BrowserContext, page: Page, browser: Browser
) -> None:
    assert page.url == f"{window.base_url}/"
    visited = page.evaluate("performance.getEntriesByType('navigation').map(entry => entry.name)")
    assert not any("#" in address for address in visited)
    page.go_back()
    assert "#" not in page.url
    used = browser.new_context()
    stranger = used.new_page()
    stranger.goto(f"{window.base_url}/open#{window.code}")
    expect(stranger.locator("#start-upload")).to_be_visible()
    second = browser.new_context()
    stranger = second.new_page()
    stranger.goto(f"{window.base_url}/open#{window.code}")
    expect(stranger.locator("main")).to_contain_text(request_text.CODE_USED)
    used.close()
    second.close()


def test_the_redirect_file_leads_to_the_window(
    window: WindowProcess, context: BrowserContext, tmp_path: Path
) -> None:
    file = tmp_path / "open.html"
    write_redirect(file, f"{window.base_url}/open#{window.new_code()}")
    page = context.new_page()
    page.goto(file.as_uri())
    expect(page.locator("#start-upload")).to_be_visible()
    assert page.url == f"{window.base_url}/"


def test_the_cookie_that_another_server_receives_is_worthless(
    window: WindowProcess, context: BrowserContext, page: Page, other: OtherServer
) -> None:
    visit = context.new_page()
    visit.goto(other.url)
    [cookie] = {cookie for cookie in other.cookies if cookie}
    assert cookie.startswith("kakaobot-")
    assert visit.evaluate("localStorage.getItem('kakaobot-key')") is None
    with httpx.Client(base_url=window.base_url, headers={"cookie": cookie}) as thief:
        body = {"fn_index": 0, "data": [], "session_hash": "abc"}
        assert thief.post("/gradio_api/queue/join", json=body).status_code == 401
        assert thief.get("/gradio_api/queue/data?session_hash=abc").status_code == 401
        key = page.evaluate("localStorage.getItem('kakaobot-key')")
        assert key not in thief.get("/").text


def test_another_server_cannot_embed_the_window(
    window: WindowProcess, context: BrowserContext, page: Page, other: OtherServer
) -> None:
    other.page = f'<iframe src="{window.base_url}/"></iframe>'.encode()
    visit = context.new_page()
    visit.goto(other.url)
    visit.wait_for_timeout(1500)
    [frame] = visit.frames[1:]
    assert frame.locator("#start-upload").count() == 0


def test_the_window_sends_nothing_to_another_server(page: Page, other: OtherServer) -> None:
    """Even if a script of somebody else ran in it."""
    blocked = page.evaluate(
        """async (url) => {
          const results = [];
          await fetch(url + "fetch").catch(() => results.push("fetch"));
          navigator.sendBeacon(url + "beacon", "words");
          await new Promise((done) => {
            const image = new Image();
            image.onerror = () => { results.push("image"); done(); };
            image.onload = done;
            image.src = url + "image";
          });
          const form = document.createElement("form");
          form.action = url + "form";
          document.body.append(form);
          form.submit();
          return results;
        }""",
        other.url,
    )
    page.wait_for_timeout(1000)
    assert blocked == ["fetch", "image"]
    assert other.paths == []


def test_neither_policy_nor_session_blocks_anything_of_the_window(
    window: WindowProcess, context: BrowserContext
) -> None:
    problems: list[str] = []
    refused: list[tuple[int, str]] = []
    page = context.new_page()
    page.on("console", lambda message: problems.append(message.text))
    page.on("response", lambda response: refused.append((response.status, response.url)))
    page.goto(f"{window.base_url}/open#{window.new_code()}")
    # The answer to the load event decides which page is shown.
    expect(page.locator("#status .kb-pill")).to_be_visible()
    page.wait_for_timeout(500)
    page.locator("#start-details").click()
    for tab in ("2 데이터 준비", "3 학습", "4 대화", "5 설정", "1 가져오기"):
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(300)
    page.reload()
    expect(page.locator("#start-upload")).to_be_visible()
    assert [problem for problem in problems if "Content Security" in problem] == []
    assert [(status, url) for status, url in refused if status >= 400] == []


def test_a_page_that_the_program_no_longer_knows_says_so(
    tmp_path: Path, context: BrowserContext
) -> None:
    """Its home was replaced while the program did not run for a moment."""
    page = context.new_page()
    port = free_port()
    with running_window(tmp_path / "one", port=port) as window:
        page.goto(f"{window.base_url}/open#{window.code}")
        expect(page.locator("#start-upload")).to_be_visible()
    with running_window(tmp_path / "two", port=port):
        page.reload()
        expect(page.locator("main")).to_contain_text("launch.py")
