"""Who may ask: keys, kinds of keys, names of the host, the password, and sizes of requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from kakaobot.app.api_keys import KeyKind
from kakaobot.app.auth import PasswordGate
from kakaobot.app.chat import ChatService
from kakaobot.config import save
from kakaobot.errors import AccessDenied, ConfigError
from kakaobot.serve.application import MAX_BODY, ApiApplication
from kakaobot.serve.completions import Completions, Voice
from kakaobot.serve.rate_limit import RateLimit
from kakaobot.serve.reading import Reader
from kakaobot.serve.server import ApiServer
from kakaobot.serve.skill import Skill
from tests.patience import wait_for
from tests.serve.served import PASSWORD, Served, prepare, serving

ROUTES: dict[str, tuple[str, KeyKind]] = {
    "/v1/models": ("GET", "api"),
    "/v1/chat/completions": ("POST", "api"),
    "/kakao/skill": ("POST", "kakao"),
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(prepare(tmp_path_factory.mktemp("served"), slow=False)) as served:
        yield served


def test_the_table_has_every_route(served: Served) -> None:
    reader = Reader()
    voice = Voice(served.chat, served.access)
    app = ApiApplication(
        served.home,
        served.keys,
        Completions(voice, reader),
        Skill(served.home, voice, reader),
        reader,
    )
    assert {path: (route.method, route.kind) for path, route in app.routes.items()} == ROUTES


@pytest.mark.parametrize(
    "path", [*ROUTES, "/", "/v1", "/docs", "/openapi.json", "/v1/../v1/models"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "Bearer",
        "Bearer kb-00000000-" + "a" * 43,
        "Bearer null",
        "Basic a2I6a2I=",
        "Bearer \xff",
    ],
)
def test_no_route_answers_without_a_key(
    served: Served, path: str, method: str, value: str | None
) -> None:
    with served.http() as client:
        del client.headers["authorization"]
        headers = [] if value is None else [(b"authorization", value.encode("latin-1"))]
        answer = client.request(method, path, headers=headers, content=b"{}")
    assert answer.status_code == 401
    assert not [name for name in answer.headers if name.startswith("access-control")]
    if method != "HEAD":
        assert answer.json()["error"]["code"] == "invalid_api_key"


def test_a_key_opens_the_routes_of_its_kind_only(served: Served) -> None:
    kinds: tuple[KeyKind, ...] = ("api", "kakao")
    for kind in kinds:
        with served.http(served.key(f"{kind}용", kind)) as client:
            for path, (method, opens) in ROUTES.items():
                answer = client.request(method, path, json={})
                assert (answer.status_code == 403) == (kind != opens), (path, kind)


def test_an_unknown_route_and_method_are_refused(served: Served) -> None:
    with served.http() as client:
        assert client.get("/v1/embeddings").status_code == 404
        assert client.get("/v1/chat/completions").status_code == 405
        # A browser asks this before a page of another site may.
        assert client.options("/v1/models").status_code == 405


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "192.168.0.7", "", "["])
def test_a_rebound_name_is_refused(served: Served, host: str) -> None:
    with served.http() as client:
        assert client.get("/v1/models", headers={"host": host}).status_code == 421


def test_the_name_of_a_tunnel_is_accepted_once_it_is_in_the_settings(served: Served) -> None:
    with served.http() as client:
        headers = {"host": "Bot.Example.com"}
        assert client.get("/v1/models", headers=headers).status_code == 421
        save(served.home.settings_file, {"serve.domains": ["bot.example.com"]})
        try:
            assert client.get("/v1/models", headers=headers).status_code == 200
        finally:
            save(served.home.settings_file, {"serve.domains": []})


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_json"),
        (b"{", 400, "invalid_json"),
        (b"[" * 200_000, 400, "invalid_json"),
        (b"\xff\xfe", 400, "invalid_json"),
        (b" " * (MAX_BODY + 1), 413, "too_large"),
        (b"[]", 400, None),
        (b"null", 400, None),
    ],
)
def test_a_bad_body_is_an_error(served: Served, body: bytes, status: int, code: str | None) -> None:
    with served.http() as client:
        answer = client.post("/v1/chat/completions", content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_changed_password_closes_the_server_until_it_is_started_again(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = prepare(tmp_path_factory.mktemp("changed"), slow=False)
    with serving(home) as served:
        assert not served.server.state.is_locked
        access = served.gate.change(PASSWORD, "새 비밀번호 열둘")
        assert served.server.state.is_locked
        with served.http() as client:
            for path, (method, kind) in ROUTES.items():
                if kind != "api":
                    continue
                body: Any = {"model": "main", "messages": [{"role": "user", "content": "안녕"}]}
                answer = client.request(method, path, json=body)
                assert answer.status_code == 403, path
                assert answer.json()["error"]["code"] == "locked"
        served.server.start(access, 0)
        with served.http() as client:
            assert client.get("/v1/models").status_code == 200


def test_the_server_is_started_and_stopped_with_a_pass_only(served: Served) -> None:
    server = ApiServer(served.home, served.gate, served.chat)
    for access in (None, PasswordGate(PASSWORD).authenticate(PASSWORD)):
        with pytest.raises(AccessDenied):
            server.start(access, 0)
        with pytest.raises(AccessDenied):
            server.stop(access)
    locked = PasswordGate("")
    with pytest.raises(AccessDenied):
        ApiServer(served.home, locked, ChatService(served.home, locked)).start(None, 0)
    assert not server.state.is_on


def test_a_stopped_server_lets_go_of_its_port(served: Served) -> None:
    server = ApiServer(served.home, served.gate, served.chat)
    state = server.start(served.access, 0)
    port = int(state.address.rpartition(":")[2].removesuffix("/v1"))
    with pytest.raises(ConfigError, match=f"포트 {port}"):
        ApiServer(served.home, served.gate, served.chat).start(served.access, port)
    assert server.start(served.access, 0) == state, "it runs already"
    server.stop(served.access)
    assert not server.state.is_on
    with pytest.raises(httpx.ConnectError):
        httpx.get(state.address, trust_env=False)
    other = ApiServer(served.home, served.gate, served.chat)
    other.start(served.access, port)
    other.close()
    wait_for(lambda: not other.state.is_on)


def test_a_host_that_is_not_this_machine_is_a_sentence(served: Served) -> None:
    save(served.home.settings_file, {"serve.host": "203.0.113.7"})
    try:
        with pytest.raises(ConfigError, match=r"203\.0\.113\.7"):
            ApiServer(served.home, served.gate, served.chat).start(served.access, 0)
    finally:
        save(served.home.settings_file, {"serve.host": "127.0.0.1"})


def test_the_limit_counts_a_minute_for_each_key() -> None:
    now = [0.0]
    limit = RateLimit(lambda: now[0])
    assert [limit.wait("가", 2) for _ in range(3)] == [0, 0, 60]
    assert limit.wait("나", 2) == 0
    now[0] = 59.5
    assert limit.wait("가", 2) == 1
    now[0] = 60.0
    assert limit.wait("가", 2) == 0
