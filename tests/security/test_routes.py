"""What gradio offers beside the page does not exist, for strangers and for unlocked pages."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from kakaobot.app.exports import Exports
from kakaobot.config import Home
from tests.security.window import (
    PASSWORD,
    UNREADABLE,
    Page,
    WindowProcess,
    prepare_home,
    running_window,
)

LOCKED_AND_OPEN = pytest.mark.parametrize("unlocked", [False, True], ids=["locked", "unlocked"])


@pytest.fixture(scope="module")
def private_files(window: WindowProcess) -> list[Path]:
    """One of every kind of private file, also in the upload folder."""
    home = window.home
    (home / ".env").write_text("CHATBOT_PASSWORD=다른 비밀번호\n", encoding="utf-8")
    uploaded = home / ".tmp" / "abc" / "대화.txt"
    uploaded.parent.mkdir()
    uploaded.write_text(UNREADABLE, encoding="utf-8")
    run = home / "checkpoints_lora" / "main" / "worker.log"
    run.parent.mkdir(parents=True)
    run.write_text("로그", encoding="utf-8")
    files = [home / ".env", uploaded, run, home / "configs" / "sft.yaml"]
    files += [home / ".kakaobot" / "instance.json"]
    files += [next((home / "data/raw/inbox").rglob("*.txt")), home / "data/sft/train.jsonl"]
    assert all(file.is_file() for file in files)
    return files


@LOCKED_AND_OPEN
def test_no_private_file_is_served(
    window: WindowProcess, page: Page, private_files: list[Path], unlocked: bool
) -> None:
    if unlocked:
        page.unlock()
    for file in private_files:
        relative = os.path.relpath(file, Path.cwd())
        for path in (
            f"/gradio_api/file={file}",
            f"/gradio_api/file/{file}",
            f"/gradio_api/file=file://{file}",
            f"/gradio_api/file={relative}",
            f"/file={file}",
            f"/static/{relative}",
            f"/assets/{relative}",
            f"/static/..%2f..%2f{str(file)[1:]}",
            f"/assets/%2e%2e/%2e%2e/{str(file)[1:]}",
            f"/theme.css/../{relative}",
            f"/gradio_api/stream/{page.session_hash}/1/1/{file}",
        ):
            response = page.browser.get(path)
            assert response.status_code == 404, path
            assert file.read_bytes() not in response.content
    with window.client() as stranger:
        for file in private_files:
            assert stranger.get(f"/gradio_api/file={file}").status_code == 401


@pytest.mark.parametrize("number", [-1, 999, None, "x", [], 1e999])
def test_an_unknown_event_is_refused(window: WindowProcess, page: Page, number: object) -> None:
    body = {"fn_index": number, "data": [], "session_hash": page.session_hash}
    content = json.dumps(body).replace("Infinity", "1e999")
    headers = {"content-type": "application/json"}
    response = page.browser.post("/gradio_api/queue/join", content=content, headers=headers)
    assert 400 <= response.status_code < 500


def test_the_page_asks_for_nothing_that_the_program_refuses(page: Page) -> None:
    html = page.browser.get("/").text
    # Not gradio's, which a browser requests in vain.
    assert re.findall(r'rel="manifest" href="([^"]+)"', html) == ["/manifest.webmanifest"]
    addresses = re.findall(r'<(?:link|script)[^>]* (?:href|src)="\.?(/[^"]+)"', html)
    assert addresses
    for address in addresses:
        assert page.browser.get(address).status_code == 200, address


@LOCKED_AND_OPEN
def test_handlers_cannot_be_called_by_name(page: Page, unlocked: bool) -> None:
    if unlocked:
        page.unlock()
    names = {dependency["api_name"] for dependency in page.config["dependencies"]}
    body = {"data": ["", None], "session_hash": page.session_hash}
    for name in (*map(str, names), "predict", "unlock", "import_files", "0"):
        for path in ("run", "run/predict", "api", "call", "call/v2"):
            response = page.browser.post(f"/gradio_api/{path}/{name}", json=body)
            assert response.status_code == 404, (path, name)


@LOCKED_AND_OPEN
@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/deep_link",
        "/gradio_api/component_server",
        "/gradio_api/component_server/",
        "/gradio_api/proxy=http://169.254.169.254/latest/",
        "/gradio_api/proxy=https://huggingface.co/",
        "/gradio_api/info",
        "/gradio_api/openapi.json",
        "/gradio_api/runs",
        "/gradio_api/run-history/records",
        "/gradio_api/run-history/buckets",
        "/gradio_api/app_id",
        "/gradio_api/token",
        "/gradio_api/user",
        "/gradio_api/login_check",
        "/gradio_api/dev/reload",
        "/gradio_api/queue/status",
        "/gradio_api/mcp/sse",
        "/gradio_api/mcp/schema",
        "/gradio_api/custom_component/1/client/component/index.js",
        "/monitoring",
        "/monitoring/summary",
        "/config",
        "/docs",
        "/redoc",
        "/openapi.json",
        "/login",
        "/robots.txt",
        "/manifest.json",
        "/pwa_icon/192",
        "/svelte/svelte.js",
    ],
)
def test_a_route_does_not_exist(page: Page, path: str, unlocked: bool) -> None:
    if unlocked:
        page.unlock()
    body = {"session_hash": page.session_hash, "component_id": 1, "fn_name": "ls", "data": ["/"]}
    assert page.browser.get(path).status_code == 404
    assert page.browser.post(path, json=body).status_code == 404


def test_a_state_cannot_be_shared_by_a_link(page: Page) -> None:
    page.unlock()
    path = f"/gradio_api/deep_link?session_hash={page.session_hash}"
    assert page.browser.get(path).status_code == 404
    assert page.browser.client.get("/?deep_link=abc").status_code == 200


@pytest.mark.parametrize(
    "header", ["x-forwarded-host", "x-forwarded-server", "x-gradio-server", "forwarded"]
)
def test_a_forwarding_header_does_not_change_where_the_page_sends(page: Page, header: str) -> None:
    value = "host=evil.example" if header == "forwarded" else "evil.example"
    response = page.browser.client.get("/", headers={header: value})
    assert response.status_code == 200
    assert "evil.example" not in response.text


@pytest.mark.parametrize("origin", ["null", "http://evil.example", "http://127.0.0.1:1", "file://"])
def test_a_foreign_origin_is_forbidden(window: WindowProcess, page: Page, origin: str) -> None:
    headers = {"origin": origin}
    assert page.browser.client.get("/", headers=headers).status_code == 403
    with window.client() as client:
        code = {"code": window.new_code(), "password": ""}
        assert client.post("/open", json=code, headers=headers).status_code == 403


# --- importing what was not uploaded


@pytest.mark.parametrize("kind", ["path", "url"])
def test_only_uploaded_files_are_imported(window: WindowProcess, page: Page, kind: str) -> None:
    """An event names files by path; it must not name any other file of this machine."""
    page.unlock()
    exports = Exports(Home(window.home))
    before = [file.hash for file in exports.files()]
    secret = window.home / "비밀.txt"
    export = next((window.home / "data/raw/inbox").rglob("*.txt"))
    secret.write_bytes(export.read_bytes() + "\n[도담] [오후 9:00] 새 말\n".encode())
    value = str(secret) if kind == "path" else secret.as_uri()
    for forged in (
        {
            "path": value,
            "url": value,
            "orig_name": "비밀.txt",
            "meta": {"_type": "gradio.FileData"},
        },
        {"path": f"{window.base_url}/health", "meta": {"_type": "gradio.FileData"}},
        {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
        {"path": "../../비밀.txt", "meta": {"_type": "gradio.FileData"}},
    ):
        values = {"export-upload": [forged]}
        result = page.call("export-upload", "upload", values=values)
        assert not result["success"]
        assert "passwd" not in json.dumps(result, ensure_ascii=False)
    assert secret.exists()
    assert [file.hash for file in exports.files()] == before


def test_the_kept_page_is_that_of_its_address_and_for_sessions_only(window: WindowProcess) -> None:
    client, other = window.open_page().browser.client, str(window.base_url.rpartition(":")[2])
    # Not kept: gradio reads the query.
    assert client.get("/?deep_link=a").status_code == 200
    first, again = (client.get("/", headers={"accept-encoding": kind}) for kind in ("gzip", ""))
    assert first.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in again.headers
    assert first.text == again.text
    assert first.headers["content-security-policy"] == again.headers["content-security-policy"]
    assert f'"root":"{window.base_url}"' in first.text
    elsewhere = client.get("/", headers={"host": f"localhost:{other}"})
    assert f'"root":"http://localhost:{other}"' in elsewhere.text
    with window.client() as stranger:
        assert stranger.get("/").status_code == 401
        assert stranger.get("/", headers={"host": "evil.com"}).status_code == 400


# --- the log


def test_no_password_secret_or_message_is_logged(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = prepare_home(tmp_path_factory.mktemp("logged"))
    words, wrong = "아무에게도 하지 않은 말", "틀린 비밀번호 하나"
    with running_window(home.root, password=PASSWORD) as window:
        page = window.open_page()
        secrets = [window.code, window.control_token, page.browser.key]
        secrets += [str(page.browser.client.cookies[name]) for name in page.browser.client.cookies]
        page.unlock(wrong)
        page.call("chat-send", values={"chat-message": words})
        page.unlock()
        page.call("chat-send", values={"chat-message": words})
        page.join("export-upload", "upload", values={"export-upload": [{"path": words}]})
        list(page.messages())
        [file] = Exports(home).files()
        page.call("export-files", "select", event_data={"hash": file.hash})
        page.call("export-files", "select", event_data={"hash": words})
        page.call("shown-dataset", "select")
        page.browser.get("/gradio_api/file=" + words)
        log = window.stop()
    for private in (PASSWORD, wrong, words, UNREADABLE, *secrets):
        assert private not in log
    stored = (home.state_folder / "attempts.json").read_text("utf-8")
    assert PASSWORD not in stored
    assert wrong not in stored
