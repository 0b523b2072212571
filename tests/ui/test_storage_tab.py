"""The section "내 대화는 어디에": what its buttons carry, what is asked, and what pages learn."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from kakaobot.app.auth import PasswordGate
from kakaobot.app.consent import Consent
from kakaobot.app.exports import Exports
from kakaobot.app.storage import StoredThing
from kakaobot.config import Home
from kakaobot.errors import KakaobotError
from kakaobot.outgoing import OutgoingRequest, watch
from kakaobot.runs.run import Runs
from tests.conftest import SAMPLE
from tests.hostile import SCRIPTS
from tests.ui.window_fakes import honest_services
from ui.render.storage import ALL, Asked, outgoing_card, storage_card
from ui.tabs.storage import ErasureHandlers, StorageHandlers

PASSWORD = "귤"


@pytest.fixture
def gate() -> PasswordGate:
    return PasswordGate(PASSWORD)


@pytest.fixture
def handlers(home: Home, gate: PasswordGate) -> StorageHandlers:
    """Of a home with the sample room, a file in the archive and a run."""
    exports = Exports(home)
    exports.import_files([SAMPLE, SAMPLE.with_name("sample_mac.csv")])
    exports.remove(exports.files()[1].hash)
    Runs(home.folder("checkpoints_lora")).get("main").create({})
    return handlers_of(home, gate)


def handlers_of(home: Home, gate: PasswordGate) -> StorageHandlers:
    services = honest_services(home, gate)
    return StorageHandlers(services["own_data"], services["consent"])


def click(name: object) -> Any:
    return gr.EventData(None, {"stored": name})


def test_a_question_stands_in_the_card_that_it_is_about(
    handlers: StorageHandlers, gate: PasswordGate
) -> None:
    access = gate.authenticate(PASSWORD)
    html = unescape(str(handlers.ask(access, click("가져온대화"))[0]))
    [card] = re.findall(r'<li class="kb-card" data-thing="가져온대화">.*?</li>', html)
    assert "'가져온 대화' 을(를) 영원히 지웁니다" in card
    assert html.count('data-do="erase"') == html.count('role="alertdialog"') == 1
    assert 'data-do="erase"' not in str(handlers.ask(access, click("")))
    everything = unescape(str(handlers.ask(access, click(ALL))[0]))
    assert "'가져온 대화', '학습 main', '보관함'" in everything.partition("kb-erase-all")[2]


def test_a_refresh_takes_no_question_back(handlers: StorageHandlers, gate: PasswordGate) -> None:
    access = gate.authenticate(PASSWORD)
    asked_card, asked = handlers.ask(access, click("가져온대화"))
    assert isinstance(asked, str)
    assert handlers.show(access, asked)[0] == asked_card
    _, asked = handlers.ask(access, click(""))
    assert 'data-do="erase"' not in str(handlers.show(access, str(asked))[0])
    asked = handlers.erase(access, click("가져온대화"))[2]
    assert "kb-erase-question" not in str(handlers.show(access, str(asked))[0])


def test_a_locked_page_is_told_so_in_the_card(handlers: StorageHandlers, home: Home) -> None:
    for html in (handlers.ask(None, click(ALL))[0], handlers.erase(None, click(ALL))[0]):
        assert "잠겨 있습니다" in str(html)
        assert 'data-do="erase"' not in str(html)
    assert Exports(home).files()


def test_every_page_learns_of_an_erasure(home: Home, gate: PasswordGate) -> None:
    Exports(home).import_files([SAMPLE])
    services, access = honest_services(home, gate), gate.authenticate(PASSWORD)
    handlers = StorageHandlers(services["own_data"], services["consent"])
    pages = ErasureHandlers(services["own_data"])
    first = pages.state()
    assert first
    _, refused, _ = handlers.erase(None, click(ALL))
    assert refused == pages.follow(first) == gr.skip()
    html, signal, _ = handlers.erase(access, click("가져온대화"))
    assert "마지막으로 지운 것: '가져온 대화' 을(를) 영원히 지웠습니다" in unescape(str(html))
    assert signal == pages.follow(first) != first
    assert pages.follow(str(signal)) == gr.skip()


def test_consent_is_shown(home: Home, gate: PasswordGate) -> None:
    assert "아직 확인하지 않음" in str(handlers_of(home, gate).show(None, "")[2])
    Consent(home).give()
    card = str(handlers_of(home, gate).show(None, "")[2])
    assert re.search(r"\d+년 .*에 확인함", card)
    assert "그 사람들의 것" in card


@pytest.mark.parametrize("name", [None, 3, "없는것", "설정", "\ud800"])
def test_what_no_page_sends_erases_nothing(
    handlers: StorageHandlers, gate: PasswordGate, home: Home, name: object
) -> None:
    access = gate.authenticate(PASSWORD)
    try:
        html = str(handlers.erase(access, click(name))[0])
    except KakaobotError:
        html = ""
    assert "영원히 지웠습니다" not in html
    assert Exports(home).files()


def test_without_a_password_whoever_has_the_window_erases(home: Home) -> None:
    Exports(home).import_files([SAMPLE])
    gate = PasswordGate("")
    handlers = handlers_of(home, gate)
    handlers.erase(None, click(ALL))
    assert Exports(home).files() == []


def test_the_count_is_sent_only_when_it_changes(handlers: StorageHandlers) -> None:
    # Other tests of this process have connected to something.
    watch(Path(os.devnull))
    shown = str(handlers.show(None, "")[1])
    assert ">0번<" in shown
    assert handlers.count_outgoing(shown) == gr.skip()
    assert handlers.count_outgoing("") == shown


def test_requests_are_grouped_and_named() -> None:
    requests = [
        OutgoingRequest(0.0, "huggingface.co", "바탕 모델 a/b 확인과 내려받기", 1),
        OutgoingRequest(60.0, "huggingface.co", "바탕 모델 a/b 확인과 내려받기", 1),
        OutgoingRequest(90.0, "<b>x", "까닭이 적히지 않은 연결", 1),
    ]
    html = outgoing_card(requests)
    assert ">3번<" in html
    assert html.count("<li>") == 2
    assert "2번, 마지막 " in html
    assert "&lt;b&gt;x" in html


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_name_is_no_markup(home: Home, name: str) -> None:
    thing = StoredThing(
        "run", f"학습/{name}", f"학습 {name}", "", f"runs/{name}", home.root / "x", (), 1, 1
    )
    html = storage_card([thing], "/home", Asked(thing.name, f"{name}?"), last=name)
    assert re.findall(r"<(?!/)(\w+)", html) == re.findall(
        r"<(?!/)(\w+)",
        storage_card(
            [replace(thing, name="학습/a", title="a", place="a")],
            "/home",
            Asked("학습/a", "a?"),
            last="a",
        ),
    )
