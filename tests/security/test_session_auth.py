"""Nobody enters the window but a browser that has exchanged a code of this user."""

import json
import re

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from kakaobot.app.auth import PasswordGate
from kakaobot.config import ROOT
from kakaobot.hosts import AllowedHosts
from scripts.open_page import proof_of
from tests.security.browser import Browser, exchange
from ui import request_text, text
from ui.browser_sessions import BrowserSessions
from ui.public_files import PUBLIC_FILES
from ui.session_auth import KEY_HEADER, SessionAuthMiddleware
from ui.upload_limits import MAX_EVENT_BYTES

TOKEN = "c0ntrol"
HOST = "127.0.0.1:7860"
JOIN = "/gradio_api/queue/join"
STATIC = ["/", "/theme.css", "/favicon.ico", "/assets/index.js", "/static/js/frame.min.js"]
API = [
    ("GET", "/gradio_api/queue/data?session_hash=abc"),
    ("GET", "/gradio_api/heartbeat/abc"),
    ("GET", "/gradio_api/upload_progress?upload_id=1"),
    ("POST", "/gradio_api/upload"),
    ("POST", JOIN),
    ("POST", "/gradio_api/cancel"),
    ("POST", "/gradio_api/reset"),
    ("GET", "/open/return"),
    ("GET", "/pulse?of=gate"),
]
ELSEWHERE = [
    "/config",
    "/config/",
    "/gradio_api/info",
    "/gradio_api/openapi.json",
    "/gradio_api/deep_link?session_hash=abc",
    "/gradio_api/deep_link",
    "/gradio_api/file=data/raw/people.json",
    "/gradio_api/file/data/raw/people.json",
    "/gradio_api/proxy=http://127.0.0.1:1/",
    "/gradio_api/component_server",
    "/gradio_api/app_id",
    "/gradio_api/runs",
    "/gradio_api/run-history/records",
    "/gradio_api/queue/status",
    "/gradio_api/stream/abc/1/2/playlist.m3u8",
    "/gradio_api/run/predict",
    "/gradio_api/api/predict",
    "/gradio_api/call/predict",
    "/gradio_api/call/v2/predict",
    "/gradio_api/dev/reload",
    "/gradio_api/mcp/",
    "/gradio_api/token",
    "/monitoring",
    "/monitoring/summary",
    "/login",
    "/logout",
    "/manifest.json",
    "/pwa_icon",
    "/docs",
    "/openapi.json",
    "/svelte/svelte.js",
    "/assets/../config",
    "/assets/%2e%2e/config",
    "/static/..%2f..%2fdata",
    "/static/C:/Windows/win.ini",
    "/assets/\\server\\share",
]


async def page(request):
    body = (await request.body()).decode(errors="replace")
    return JSONResponse({"body": body, "headers": dict(request.headers)})


def make_client(host="127.0.0.1", netloc=HOST, gate=None, addresses=(), sessions=None):
    """A client of an app behind the middleware, and its sessions."""
    sessions = sessions or BrowserSessions(gate)
    app = Starlette(routes=[Route("/{path:path}", page, methods=["GET", "POST", "PUT"])])
    guarded = SessionAuthMiddleware(
        app,
        sessions=sessions,
        hosts=AllowedHosts(host, lambda: set(addresses)),
        port=7860,
        control_token=TOKEN,
        pulse=lambda access, query: {**query, "access": str(access)},
    )
    return TestClient(guarded, base_url=f"http://{netloc}", follow_redirects=False), sessions


@pytest.fixture
def stranger():
    return make_client()[0]


@pytest.fixture
def browser():
    client, sessions = make_client()
    return Browser.open(client, sessions.issue_code())


@pytest.mark.parametrize("path", [*STATIC, *ELSEWHERE, *(path for _, path in API)])
def test_a_stranger_gets_nothing(stranger, path):
    response = stranger.get(path)
    assert response.status_code == 401
    assert text.UNAUTHORIZED in response.text
    assert stranger.post(path, json={"session_hash": "abc"}).status_code == 401


@pytest.mark.parametrize("path", PUBLIC_FILES)
def test_a_stranger_gets_the_name_and_the_icons_only(stranger, path):
    """They are the same for everybody, and asked for without a cookie."""
    response = stranger.get(path)
    assert (response.status_code, response.headers["content-type"]) == (200, PUBLIC_FILES[path])
    assert response.content == (ROOT / "ui/static" / path[1:]).read_bytes()
    assert stranger.post(path).status_code == 401
    assert stranger.get(path, headers={"host": "evil.com"}).status_code == 400


def test_a_browser_gets_what_the_page_requests(browser):
    for path in STATIC:
        assert browser.client.get(path).status_code == 200
    for method, path in API:
        body = {"session_hash": "abc"} if method == "POST" else None
        response = browser.client.request(method, path, json=body, headers=browser.headers)
        assert response.status_code == 200, path


@pytest.mark.parametrize("path", ELSEWHERE)
def test_other_routes_of_gradio_do_not_exist(browser, path):
    assert browser.get(path).status_code == 404
    assert browser.post(path, json={"session_hash": "abc"}).status_code in (404, 405)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(browser, method):
    response = browser.client.request(method, JOIN, headers=browser.headers)
    assert response.status_code == 404
    assert browser.client.request(method, "/").status_code == 405


def test_the_pulse_is_told_to_a_browser_with_its_key_only(browser):
    assert browser.client.get("/pulse?of=gate").status_code == 401
    wrong = {**browser.headers, KEY_HEADER: "wrong"}
    assert browser.client.get("/pulse?of=gate", headers=wrong).status_code == 401
    assert browser.post("/pulse", json={}).status_code == 405
    assert browser.get("/pulse?of=gate&of=x").json() == {"of": "gate", "access": "None"}


# --- codes


def test_a_code_is_exchanged_once():
    client, sessions = make_client()
    code = sessions.issue_code()
    first = exchange(client, code)
    cookie = first.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    second = exchange(client, code)
    assert second.status_code == 401
    assert second.json() == {"message": request_text.CODE_USED, "asks_password": False}
    assert "set-cookie" not in second.headers


@pytest.mark.parametrize("code", ["", "wrong", "토", TOKEN, "x" * 3000, "x" * 9000, None, [], {}])
def test_a_forged_code_opens_nothing(stranger, code):
    assert exchange(stranger, code).status_code == 401


@pytest.mark.parametrize("body", [b"", b"[", b"[" * 100_000, b"null", b"\xff"])
def test_a_malformed_exchange_is_refused(stranger, body):
    response = stranger.post("/open", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 401


def test_a_form_of_another_site_cannot_exchange(stranger):
    assert stranger.post("/open", data={"code": "x"}).status_code == 405


def test_no_address_holds_anything_that_opens_the_window_twice():
    client, sessions = make_client()
    code = sessions.issue_code()
    page = client.get("/open").text
    # A fragment is not sent, and the page removes it from the history before anything else.
    assert page.index("history.replaceState") < page.index("fetch(")
    response = exchange(client, code)
    secrets = (response.json()["key"], client.cookies["kakaobot-7860"], code)
    assert len(set(secrets)) == 3
    for secret in secrets:
        assert client.get(f"/?code={secret}&t={secret}", headers={"cookie": ""}).status_code == 401


def test_only_the_control_token_gets_new_codes(stranger):
    assert stranger.post("/open/new").status_code == 401
    wrong = {"authorization": "Bearer wrong"}
    assert stranger.post("/open/new", headers=wrong).status_code == 401
    right = {"authorization": f"Bearer {TOKEN}"}
    assert stranger.get("/open/new", headers=right).status_code == 405
    response = stranger.post("/open/new", headers=right)
    Browser.open(stranger, response.json()["code"])


def test_forgotten_codes_and_sessions_are_the_oldest():
    sessions = BrowserSessions()
    codes = [sessions.issue_code() for _ in range(40)]
    client, _ = make_client()
    opened = sessions.exchange(codes[-1])
    with pytest.raises(Exception, match=re.escape(request_text.CODE_USED)):
        sessions.exchange(codes[0])
    for _ in range(70):
        sessions.exchange(sessions.issue_code())
    assert sessions.find(opened.cookie) is None


# --- the password at the door, for other devices


def test_another_device_needs_code_and_password():
    gate = PasswordGate("바다 거북")
    client, sessions = make_client(gate=gate)
    code = sessions.issue_code()
    missing = exchange(client, code)
    assert (missing.status_code, missing.json()["asks_password"]) == (401, True)
    assert exchange(client, code, "틀림").json()["asks_password"]
    assert not exchange(client, "wrong", "바다 거북").json()["asks_password"]
    assert Browser.open(client, code, "바다 거북")
    # Its first page is unlocked already, and no other.
    cookie = client.cookies["kakaobot-7860"]
    gate.verify(sessions.find_pass(cookie, "first"))
    assert sessions.find_pass(cookie, "second") is None
    gate.verify(sessions.find_pass(cookie, "first"))


# --- two secrets


def test_the_cookie_alone_opens_no_words(browser):
    for method, path in API:
        response = browser.client.request(method, path, json={"session_hash": "abc"})
        assert response.status_code == 401, path


def test_the_key_alone_opens_nothing(browser):
    browser.client.cookies.clear()
    assert browser.post(JOIN, json={"session_hash": "abc"}).status_code == 401


def test_the_key_of_another_browser_does_not_fit():
    client, sessions = make_client()
    other = Browser.open(client, sessions.issue_code())
    client.cookies.clear()
    own = Browser.open(client, sessions.issue_code())
    assert own.post(JOIN, json={"session_hash": "a"}).status_code == 200
    assert Browser(client, other.key).post(JOIN, json={"session_hash": "b"}).status_code == 401


@pytest.mark.parametrize("cookie", ["kakaobot-7860=wrong", b"kakaobot-7860=\x80", "kakaobot-7860="])
def test_a_forged_cookie_is_rejected(stranger, cookie):
    assert stranger.get("/", headers={"cookie": cookie}).status_code == 401


def test_a_cookie_of_another_program_does_no_harm(browser):
    value = browser.client.cookies["kakaobot-7860"]
    cookie = f"broken; other={{}}; kakaobot-7860={value}"
    assert browser.client.get("/", headers={"cookie": cookie}).status_code == 200


# --- pages


def test_a_page_cannot_use_the_session_hash_of_another(browser):
    other = browser.other_page("other")
    assert browser.post(JOIN, json={"session_hash": "abc"}).status_code == 200
    for path in (JOIN, "/gradio_api/cancel"):
        assert other.post(path, json={"session_hash": "abc"}).status_code == 403
        assert browser.post(path, json={"session_hash": "abc"}).status_code == 200
    for path in ("/gradio_api/queue/data?session_hash=abc", "/gradio_api/heartbeat/abc"):
        assert other.get(path).status_code == 403
        assert browser.get(path).status_code == 200


def test_a_reset_names_no_session_hash_and_does_nothing(browser, stranger):
    """Gradio's page sends it after every cancel."""
    answer = browser.post("/gradio_api/reset", json={"event_id": "abc"})
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert stranger.post("/gradio_api/reset", json={"event_id": "abc"}).status_code == 401


def test_a_browser_cannot_use_the_page_of_another():
    client, sessions = make_client()
    first = Browser.open(client, sessions.issue_code())
    assert first.post(JOIN, json={"session_hash": "abc"}).status_code == 200
    client.cookies.clear()
    second = Browser.open(client, sessions.issue_code())
    assert second.post(JOIN, json={"session_hash": "abc"}).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/queue/data",
        "/gradio_api/queue/data?session_hash=",
        "/gradio_api/queue/data?session_hash=mine&session_hash=abc",
        "/gradio_api/queue/data?session_hash=a/../b",
    ],
)
def test_an_unclear_session_hash_is_refused(browser, path):
    assert browser.get(path).status_code == 403


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"[" * 100_000, b'{"session_hash": 1}'])
def test_an_event_without_session_hash_is_refused(browser, body):
    assert browser.post(JOIN, content=body).status_code == 400


def test_a_duplicate_session_hash_means_the_same_to_gradio(browser):
    """Both parsers take the last one."""
    browser.other_page("victim").post(JOIN, json={"session_hash": "abc"})
    body = b'{"session_hash": "mine", "session_hash": "abc"}'
    assert browser.post(JOIN, content=body).status_code == 403


def test_a_page_must_name_itself(browser):
    assert browser.other_page("").post(JOIN, json={"session_hash": "abc"}).status_code == 403


def test_an_event_reaches_gradio_unchanged(browser):
    body = json.dumps({"session_hash": "abc", "data": ["한" * 100_000]}).encode()
    assert browser.post(JOIN, content=body).json()["body"] == body.decode()


def test_a_huge_event_is_refused(browser):
    body = json.dumps({"session_hash": "abc", "data": ["x" * MAX_EVENT_BYTES]}).encode()
    response = browser.post(JOIN, content=body)
    assert response.status_code == 413
    assert response.json() == {"detail": request_text.REQUEST_TOO_LARGE}


# --- hosts, origins and headers


@pytest.mark.parametrize(
    "origin", ["http://evil.com", "null", "http://127.0.0.1:9999", f"x{HOST}", "http://[", ""]
)
def test_a_foreign_origin_is_forbidden(browser, origin):
    for path in ("/open", JOIN):
        response = browser.post(path, json={"session_hash": "abc"}, headers={"origin": origin})
        assert response.status_code == 403


def test_the_same_origin_is_allowed(browser):
    origin = {"origin": f"http://{HOST}"}
    assert browser.post(JOIN, json={"session_hash": "abc"}, headers=origin).status_code == 200


@pytest.mark.parametrize("host", ["evil.com", "127.0.0.1.evil.com", "", "[", "10.0.0.5", "0.0.0.0"])
def test_a_foreign_host_header_is_a_bad_request(browser, host):
    for path in ("/", "/health", "/open", "/gradio_api/startup-events"):
        assert browser.client.get(path, headers={"host": host}).status_code == 400


@pytest.mark.parametrize(
    ("host", "netloc", "status"),
    [
        ("192.168.0.9", "192.168.0.9:7860", 200),
        ("192.168.0.9", "192.168.0.8:7860", 400),
        ("0.0.0.0", "10.1.2.3:7860", 200),
        ("0.0.0.0", "8.8.8.8:7860", 400),
        ("0.0.0.0", "evil.com:7860", 400),
        ("::", "[fd00::1]:7860", 200),
        ("::", "[fd00:0:0::1]:7860", 200),
        ("::", "[fd00::2]:7860", 400),
        ("::1", "[::1]:7860", 200),
    ],
)
def test_only_addresses_of_this_machine_are_accepted(host, netloc, status):
    client, _ = make_client(host, netloc, addresses=("10.1.2.3", "fd00::1"))
    assert client.get("/health").status_code == status


def test_forwarding_headers_do_not_reach_gradio(browser):
    forged = {
        "x-forwarded-host": "evil.com",
        "x-forwarded-proto": "https",
        "x-forwarded-for": "8.8.8.8",
        "forwarded": "host=evil.com",
        "x-gradio-server": "http://evil.com",
        "x-real-ip": "8.8.8.8",
        "accept-language": "ko",
    }
    seen = browser.client.get("/", headers=forged).json()["headers"]
    assert not set(forged) & set(seen) - {"accept-language"}
    assert seen["accept-language"] == "ko"


def test_every_response_forbids_frames_and_other_servers(browser):
    for response in (
        browser.client.get("/"),
        browser.client.get("/health"),
        browser.client.get("/open"),
        browser.get("/gradio_api/deep_link"),
        make_client()[0].get("/"),
    ):
        headers = response.headers
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        policy = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
        assert policy["connect-src"] == "'self'"
        assert "http" not in headers["content-security-policy"]


def test_health_tells_neither_process_nor_version(stranger):
    assert stranger.get("/health").json() == {"app": "kakaobot"}


def test_health_proves_the_control_token_without_telling_it(stranger):
    response = stranger.get("/health?challenge=abc")
    assert response.json()["proof"] == proof_of(TOKEN, "abc")
    assert TOKEN not in response.text


def test_gradios_startup_request_needs_no_session(stranger):
    assert stranger.get("/gradio_api/startup-events").status_code == 200


def test_websockets_are_closed(stranger):
    with pytest.raises(Exception), stranger.websocket_connect("/gradio_api/queue/join"):  # noqa: B017
        pass
