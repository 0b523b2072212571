"""What gradio leaves open by itself, against the real app over HTTP.

More of it: routes and handlers by name (`test_routes`), session hashes (`test_session_auth`,
`test_words`), sizes of uploads (`test_upload_limits`), all handlers (`test_every_handler`), signals
and temporary files of the process (`test_window_process`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from kakaobot.app.auth import FREE_ATTEMPTS, LOCKED
from kakaobot.config import Home
from tests.conftest import SAMPLE, write_password
from tests.security import walk
from tests.security.browser import Browser
from tests.security.local_window import LocalWindow, local_window
from tests.security.window import PASSWORD, Page, running_window
from ui import request_text, text

EVIL = "http://evil.example"


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalWindow]:
    home = Home(tmp_path_factory.mktemp("home"))
    home.settings()
    write_password(home, f"'{PASSWORD}'")
    with local_window(home) as window:
        yield window


@pytest.fixture
def page(window: LocalWindow) -> Iterator[Page]:
    yield window.open_page()
    (window.home.state_folder / "attempts.json").unlink(missing_ok=True)


def uploads(window: LocalWindow) -> list[Path]:
    found = window.home.upload_folder.rglob("*")
    # Gradio leaves empty temporary files.
    return [file for file in found if file.is_file() and file.stat().st_size]


def upload(page: Page, name: str, content: bytes, **headers: str) -> httpx.Response:
    files = {"files": (name, content)}
    return page.browser.post("/gradio_api/upload", files=files, headers=headers)


def test_the_sixth_attempt_waits_whatever_address_it_claims(
    window: LocalWindow, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also from another browser: a client chooses its address, its session and its page."""
    # The first lockout lasts five seconds only.
    monkeypatch.setattr(window.services.gate, "_clock", lambda: 1e9)
    for number in range(FREE_ATTEMPTS):
        page.browser.headers |= {"x-forwarded-for": f"9.9.9.{number}", "forwarded": "for=9.9.9.9"}
        assert "틀렸습니다" in str(page.unlock("산토끼"))
    for tried in (page, window.open_page(), Page.of(page.browser.other_page("other"))):
        tried.browser.headers |= {"x-forwarded-for": "8.8.8.8", "x-real-ip": "8.8.8.8"}
        assert "초 뒤에" in str(tried.unlock(PASSWORD))
        assert tried.call("chat-new")["output"]["error"] == LOCKED


@pytest.mark.parametrize("state", [True, ["access", True], {"_seal": "x"}, "open"])
def test_a_state_that_a_page_sends_is_ignored(page: Page, state: object) -> None:
    dependency = page.dependency("chat-new")
    page.send(dependency["id"], [state] * len(dependency["inputs"]))
    assert page.completion()["output"]["error"] == LOCKED


@pytest.mark.parametrize("path", ["/gradio_api/run/predict", "/gradio_api/api/predict"])
def test_a_handler_is_not_called_by_its_number_elsewhere(page: Page, path: str) -> None:
    body = {"fn_index": page.dependency("chat-new")["id"], "data": [None]}
    assert page.browser.post(path, json=body | {"session_hash": "x"}).status_code == 404


ODD_EVENTS: list[object] = [
    None,
    "ask",
    {"ask": "3"},
    {"ask": "[" * 100_000},
    {"ask": {"do": "same"}, "hash": ["x"], "conversation": {"id": 1}},
    {"ask": '{"do": "없는 일"}', "typed": ""},
    {"ask": '{"do": "exclude", "names": [1]}', "typed": ""},
    {"ask": '{"do": "same", "others": {}, "room": 3}', "typed": ""},
    {"ask": '{"do": "learn", "name": ["x"]}', "unfolded": "x"},
    {"ask": '{"run": {}}', "typed": ""},
    {"ask": r'{"name": "\ud800", "do": "learn"}', "typed": ""},
]
"""What no script of a page sends with an event."""


@pytest.mark.parametrize("odd", ODD_EVENTS, ids=range(len(ODD_EVENTS)))
def test_an_odd_event_of_an_unlocked_page_is_refused_in_words(
    window: LocalWindow, page: Page, odd: object
) -> None:
    page.unlock()
    named = set()
    for call in walk.calls(window.blocks):
        if not call.has_event:
            continue
        named.add(call.name)
        answers = walk.send(page, call, [None] * len(call.inputs), odd)
        error = str(answers[-2]["output"].get("error", ""))
        assert error != request_text.UNEXPECTED_ERROR, call.name
        if call.name == "PersonaHandlers.pick":
            assert error == request_text.STALE_PAGE
    assert named >= {"PersonaHandlers.pick", "ConversationsHandlers.open", "ExportsHandlers.remove"}


def test_nothing_in_place_of_files_and_words_is_answered(page: Page) -> None:
    page.unlock()
    refused = page.call("export-upload", "upload")
    assert refused["output"]["error"] == text.NOTHING_UPLOADED
    assert page.call("compare-start")["success"]


def test_only_the_page_of_an_event_cancels_it(window: LocalWindow, page: Page) -> None:
    body = {"session_hash": page.session_hash, "fn_index": 0, "event_id": "x"}
    page.browser.post("/gradio_api/queue/join", json={**body, "data": []})
    list(page.messages())
    assert page.browser.post("/gradio_api/cancel", json=body).status_code == 200
    assert window.open_page().browser.post("/gradio_api/cancel", json=body).status_code == 403
    with window.client() as stranger:
        assert stranger.post("/gradio_api/cancel", json=body).status_code == 401


@pytest.mark.parametrize("header", [{"origin": EVIL}, {"origin": "null"}, {"host": "evil.example"}])
def test_another_site_sends_no_event_and_fills_no_disk(
    window: LocalWindow, page: Page, header: dict[str, str]
) -> None:
    before = uploads(window)
    body = {"fn_index": 0, "data": [], "session_hash": page.session_hash}
    event = page.browser.post("/gradio_api/queue/join", json=body, headers=header)
    file = upload(page, "채우기.txt", b"x" * 1000, **header)
    for response in (event, file, page.browser.get("/", headers=header)):
        assert response.status_code == (400 if "host" in header else 403)
        assert "access-control-allow-origin" not in response.headers
    assert uploads(window) == before


def test_an_upload_is_read_back_by_nobody_and_deleted_when_it_is_imported(
    window: LocalWindow, page: Page
) -> None:
    paths = upload(page, "방.txt", SAMPLE.read_bytes()).json()
    paths += upload(page, "프로그램.exe", b"MZ").json()
    assert len(uploads(window)) == 2
    for path in (*paths, "/etc/passwd", str(Path.cwd()), "README.md", EVIL, "."):
        for client in (page.browser, window.open_page().browser):
            assert client.get(f"/gradio_api/file={path}").status_code == 404
    room, program = ({"path": path, "meta": {"_type": "gradio.FileData"}} for path in paths)
    refused = page.call("export-upload", "upload", values={"export-upload": [program]})
    assert not refused["success"] and re.search("[가-힣]", refused["output"]["error"])
    shown = page.values("export-upload", "upload", values={"export-upload": [room]})
    assert shown["export-upload"] is None
    assert [file.name for file in uploads(window)] == ["프로그램.exe"]


def test_nothing_is_remembered_by_the_browser(page: Page) -> None:
    """Gradio would keep what is typed and answered in the storage of the browser."""
    assert not page.config.get("run_history")
    assert page.config["space_id"] is None
    html = page.browser.client.get("/").text
    assert "huggingface.co" not in html.split("window.gradio_config")[0]
    assert not [
        component for component in page.config["components"] if component["type"] == "browserstate"
    ]


def test_no_component_of_a_locked_page_starts_with_a_password(page: Page) -> None:
    fields = [
        component["props"]
        for component in page.config["components"]
        if component["props"].get("type") == "password"
    ]
    assert len(fields) == 6
    assert all(not field.get("value") for field in fields)
    assert PASSWORD not in json.dumps(page.config, ensure_ascii=False)


@pytest.mark.slow
def test_what_a_killed_window_left_is_gone_after_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / ".tmp"
    with running_window(tmp_path) as window:
        page = window.open_page()
        upload(page, "방.txt", b"x")
        assert [file.name for file in folder.rglob("*.txt")] == ["방.txt"]
        window.process.kill()
        window.process.wait()
    assert list(folder.rglob("*.txt"))
    with running_window(tmp_path) as window:
        assert list(folder.rglob("*.txt")) == []
        Browser.open(window.client(), window.code)
