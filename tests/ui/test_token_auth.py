import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from ui import text
from ui.token_auth import TokenAuthMiddleware

TOKEN = "t0ken"
HOST = "127.0.0.1:7860"


def client(host="127.0.0.1", at=HOST):
    async def page(request):
        return PlainTextResponse("inside")

    paths = ("/", "/config", "/health", "/gradio_api/startup-events", "/gradio_api/upload")
    app = Starlette(routes=[Route(path, page, methods=["GET", "POST"]) for path in paths])
    guarded = TokenAuthMiddleware(app, token=TOKEN, host=host, port=7860)
    return TestClient(guarded, base_url=f"http://{at}", follow_redirects=False)


@pytest.fixture
def known():
    browser = client()
    browser.get(f"/?t={TOKEN}")
    return browser


@pytest.mark.parametrize(
    "path", ["/", "/config", "/gradio_api/upload", "/?t=wrong", "/?t=", "/?t=토"]
)
def test_a_browser_without_the_token_is_told_to_start_the_program(path):
    answer = client().get(path)
    assert answer.status_code == 401
    assert text.UNAUTHORIZED in answer.text


def test_the_token_is_exchanged_for_a_cookie_that_scripts_and_other_sites_do_not_get():
    answer = client().get(f"/?t={TOKEN}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


def test_the_token_is_taken_at_the_front_door_only():
    assert client().get(f"/config?t={TOKEN}").status_code == 401


def test_with_the_cookie_everything_is_open(known):
    assert known.get("/config").text == "inside"
    assert known.post("/gradio_api/upload").text == "inside"


def test_a_forged_cookie_is_not_enough():
    assert client().get("/config", headers={"cookie": "kakaobot-7860=wrong"}).status_code == 401
    assert client().get("/config", headers={"cookie": b"kakaobot-7860=\x80"}).status_code == 401


@pytest.mark.parametrize("origin", ["http://evil.com", "null", "http://127.0.0.1:9999", f"x{HOST}"])
def test_another_site_cannot_use_the_cookie(known, origin):
    answer = known.post("/gradio_api/upload", headers={"origin": origin})
    assert answer.status_code == 403


def test_its_own_pages_may_post(known):
    answer = known.post("/gradio_api/upload", headers={"origin": f"http://{HOST}"})
    assert answer.text == "inside"


@pytest.mark.parametrize("host", ["evil.com", "127.0.0.1.evil.com", "", "[", "10.0.0.5"])
def test_a_name_that_is_not_ours_is_refused(known, host):
    assert known.get("/config", headers={"host": host}).status_code == 400


def test_health_names_the_program_without_a_token():
    said = client().get("/health").json()
    assert said["app"] == "kakaobot"
    assert isinstance(said["pid"], int)


def test_gradio_may_ask_itself_at_the_start():
    assert client().get("/gradio_api/startup-events").text == "inside"


def test_another_host_is_allowed_where_it_was_asked_for():
    assert client("192.168.0.9", "192.168.0.9:7860").get("/health").status_code == 200
    assert client("192.168.0.9", "192.168.0.8:7860").get("/health").status_code == 400


def test_all_addresses_means_addresses_and_no_names():
    assert client("0.0.0.0", "10.1.2.3:7860").get("/health").status_code == 200
    assert client("0.0.0.0", "evil.com:7860").get("/health").status_code == 400
