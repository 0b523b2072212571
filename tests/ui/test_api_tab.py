"""The section for other programs: the switch tells the truth, and a key is shown once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr
import httpx
import pytest

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat import ChatService
from kakaobot.config import Home, save
from kakaobot.errors import AccessDenied, ConfigError
from tests.security.window import free_port
from ui.api_services import Api
from ui.tabs.api import ApiHandlers

PASSWORD = "귤"


@pytest.fixture
def gate() -> PasswordGate:
    return PasswordGate(PASSWORD)


@pytest.fixture
def access(gate: PasswordGate) -> AccessPass:
    return gate.authenticate(PASSWORD)


@pytest.fixture
def api(home: Home, gate: PasswordGate) -> Iterator[Api]:
    save(home.settings_file, {"serve.port": free_port()})
    api = Api.from_home(home, gate, ChatService(home, gate))
    yield api
    api.server.close()


@pytest.fixture
def handlers(api: Api, gate: PasswordGate) -> ApiHandlers:
    return ApiHandlers(api, gate)


def test_the_switch_starts_and_stops_the_server(
    handlers: ApiHandlers, api: Api, access: AccessPass
) -> None:
    before = api.version()
    card = str(handlers.start(access)[0])
    address = api.server.state.address
    assert address in card
    assert httpx.get(f"{address}/models", trust_env=False).status_code == 401
    assert api.version() != before, "other pages are told"
    # As a page that is loaded again.
    shown: Any = handlers.show(access)
    assert shown[2] == card
    assert (shown[3].visible, shown[4].visible) == (False, True)
    handlers.stop(access)
    shown = handlers.show(access)
    assert address not in shown[2]
    assert (shown[3].visible, shown[4].visible) == (True, False)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/models", trust_env=False)


def test_a_changed_password_shows_that_nobody_is_answered(
    handlers: ApiHandlers, access: AccessPass, gate: PasswordGate
) -> None:
    handlers.start(access)
    renewed = gate.change(PASSWORD, "새 비밀번호 열둘")
    shown: Any = handlers.show(renewed)
    assert "비밀번호가 바뀌어" in shown[2]
    assert shown[3].visible


def test_a_key_is_shown_once_and_revoked(
    handlers: ApiHandlers, api: Api, access: AccessPass
) -> None:
    table, chosen, revoke, made, name = handlers.make(access, "<b>노트북</b>", "api")
    assert isinstance(made, gr.Textbox)
    assert isinstance(chosen, gr.Dropdown)
    assert isinstance(revoke, gr.Button)
    assert chosen.visible
    assert revoke.visible
    secret = str(made.value)
    assert api.keys.all(access)[0].id == secret[3:11]
    assert secret not in str(table)
    assert "&lt;b&gt;노트북" in str(table)
    # A phone shows rows as cards, which name their columns.
    assert '<td data-column="이름">&lt;b&gt;노트북' in str(table)
    assert name == ""
    shown: Any = handlers.show(access)
    assert secret not in str([getattr(one, "value", one) for one in shown])
    with pytest.raises(ConfigError, match="먼저 고르세요"):
        handlers.revoke(access, None)
    key = api.keys.all(access)[0]
    table, chosen, *_ = handlers.revoke(access, key.id)
    assert "만든 키가 없습니다" in str(table)
    assert isinstance(chosen, gr.Dropdown)
    assert not chosen.visible
    assert api.keys.all(access) == []


def test_a_locked_page_shows_and_does_nothing(
    handlers: ApiHandlers, api: Api, access: AccessPass
) -> None:
    handlers.make(access, "노트북", "api")
    shown: Any = handlers.show(None)
    assert (shown[0].visible, shown[1].visible) == (True, False)
    assert "노트북" not in str([getattr(one, "value", one) for one in shown])
    for call in (
        lambda: handlers.start(None),
        lambda: handlers.stop(None),
        lambda: handlers.make(None, "둘", "api"),
        lambda: handlers.revoke(None, "노트북"),
    ):
        with pytest.raises(AccessDenied):
            call()
    assert not api.server.state.is_on
    assert len(api.keys.all(access)) == 1


def test_a_taken_port_is_a_sentence(
    handlers: ApiHandlers, home: Home, gate: PasswordGate, access: AccessPass
) -> None:
    handlers.start(access)
    other = Api.from_home(home, gate, ChatService(home, gate))
    with pytest.raises(ConfigError, match="다른 프로그램이 쓰고 있습니다"):
        ApiHandlers(other, gate).start(access)
    assert not other.server.state.is_on
