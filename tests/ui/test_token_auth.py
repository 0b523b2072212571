import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from ui import text
from ui.token_auth import TokenAuthMiddleware

TOKEN = "t0ken"
HOST = "127.0.0.1:7860"


def client(host="127.0.0.1", netloc=HOST):
    async def page(request):
        return PlainTextResponse("inside")

    paths = ("/", "/config", "/health", "/gradio_api/startup-events", "/gradio_api/upload")
    app = Starlette(routes=[Route(path, page, methods=["GET", "POST"]) for path in paths])
    protected = TokenAuthMiddleware(app, token=TOKEN, host=host, port=7860)
    return TestClient(protected, base_url=f"http://{netloc}", follow_redirects=False)


@pytest.fixture
def authenticated():
    """A client with the cookie."""
    browser = client()
    browser.get(f"/?t={TOKEN}")
    return browser


@pytest.mark.parametrize(
    "path", ["/", "/config", "/gradio_api/upload", "/?t=wrong", "/?t=", "/?t=토"]
)
def test_requests_without_the_token_are_unauthorized(path):
    response = client().get(path)
    assert response.status_code == 401
    assert text.UNAUTHORIZED in response.text


def test_the_token_is_exchanged_for_an_http_only_same_site_cookie():
    response = client().get(f"/?t={TOKEN}")
    assert (response.status_code, response.headers["location"]) == (303, "/")
    cookie = response.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


def test_the_token_is_accepted_at_the_root_path_only():
    assert client().get(f"/config?t={TOKEN}").status_code == 401


def test_the_cookie_opens_every_path(authenticated):
    assert authenticated.get("/config").text == "inside"
    assert authenticated.post("/gradio_api/upload").text == "inside"


def test_a_forged_cookie_is_rejected():
    assert client().get("/config", headers={"cookie": "kakaobot-7860=wrong"}).status_code == 401
    assert client().get("/config", headers={"cookie": b"kakaobot-7860=\x80"}).status_code == 401


@pytest.mark.parametrize("origin", ["http://evil.com", "null", "http://127.0.0.1:9999", f"x{HOST}"])
def test_a_foreign_origin_is_forbidden(authenticated, origin):
    response = authenticated.post("/gradio_api/upload", headers={"origin": origin})
    assert response.status_code == 403


def test_the_same_origin_is_allowed(authenticated):
    response = authenticated.post("/gradio_api/upload", headers={"origin": f"http://{HOST}"})
    assert response.text == "inside"


@pytest.mark.parametrize("host", ["evil.com", "127.0.0.1.evil.com", "", "[", "10.0.0.5"])
def test_a_foreign_host_header_is_a_bad_request(authenticated, host):
    assert authenticated.get("/config", headers={"host": host}).status_code == 400


def test_health_needs_no_token():
    health = client().get("/health").json()
    assert health["app"] == "kakaobot"
    assert isinstance(health["pid"], int)


def test_gradios_startup_request_needs_no_token():
    assert client().get("/gradio_api/startup-events").text == "inside"


def test_the_requested_host_is_accepted():
    assert client("192.168.0.9", "192.168.0.9:7860").get("/health").status_code == 200
    assert client("192.168.0.9", "192.168.0.8:7860").get("/health").status_code == 400


def test_a_wildcard_host_accepts_ip_addresses_but_no_names():
    assert client("0.0.0.0", "10.1.2.3:7860").get("/health").status_code == 200
    assert client("0.0.0.0", "evil.com:7860").get("/health").status_code == 400
