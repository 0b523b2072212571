"""The whole window with fakes behind it, called as a stranger would: over HTTP, by number."""

import inspect
import json
import socket
import subprocess
import sys
from typing import Any

import httpx
import pytest

from kakaobot.app.auth import LOCKED, PasswordGate
from kakaobot.app.settings import SettingsEditor
from kakaobot.config import ROOT, Home
from tests.patience import patience
from tests.ui.window_fakes import (
    FILE,
    PRIVATE,
    REPORT,
    FakeDatasets,
    FakeExports,
    FakeOutlooks,
    FakePeople,
    FakeTraining,
    Parrot,
)
from ui.services import Services
from ui.tabs import chat
from ui.window import build_window

# They open or close the door, or show nothing while it is locked.
OPEN = {"enter", "lock", "arrive"}


def window_of(home, password="열쇠"):
    gate = PasswordGate(password)
    parrot = Parrot(gate)
    services: dict[str, Any] = {
        "exports": FakeExports(FILE),
        "people": FakePeople(),
        "datasets": FakeDatasets(),
        "outlooks": FakeOutlooks(),
        "training": FakeTraining(),
        "chatting": parrot,
        "gate": gate,
        "preferences": SettingsEditor(Home(home)),
    }
    return build_window(Services(**services)), parrot


@pytest.fixture
def window(tmp_path):
    return window_of(tmp_path)[0]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A running window, its parrot and a function that calls a handler by number."""
    window, parrot = window_of(tmp_path_factory.mktemp("home"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    window.queue().launch(
        server_port=port, prevent_thread_lock=True, quiet=True, run_history=False, ssr_mode=False
    )
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/gradio_api", timeout=patience()) as client:

        def call(number, data, session="stranger"):
            asked = {"fn_index": number, "data": data, "session_hash": session}
            client.post("/queue/join", json=asked).raise_for_status()
            with client.stream("GET", "/queue/data", params={"session_hash": session}) as lines:
                for line in lines.iter_lines():
                    said = json.loads(line.removeprefix("data: ")) if line else {}
                    if said.get("msg") == "process_completed":
                        return said
            raise AssertionError("no answer")

        yield window, parrot, call
    window.close(verbose=False)


def chat_handlers(window):
    """(number, name, gradio's function) of every handler of the chat tab."""
    for number, block in window.fns.items():
        handler = inspect.unwrap(block.fn) if block.fn else None
        if handler and inspect.getmodule(handler) is chat:
            yield number, handler.__name__, block


def data_for(block):
    return ["훔쳐보기" if each.get_block_name() == "textbox" else None for each in block.inputs]


def test_every_handler_is_private(window):
    assert len(window.fns) > 25
    assert {block.api_visibility for block in window.fns.values()} == {"private"}


def test_every_chat_handler_is_known_to_this_test(window):
    names = {name for _, name, _ in chat_handlers(window)}
    assert names - OPEN == {"choose", "send", "retry", "rest", "undo", "clear"}
    assert names >= OPEN


def test_no_chat_handler_works_without_the_password(served):
    window, parrot, call = served
    tried = 0
    for number, name, block in chat_handlers(window):
        if name not in OPEN:
            said = call(number, data_for(block))
            assert not said["success"], name
            assert said["output"]["error"] == LOCKED, name
            tried += 1
    assert tried >= 8
    assert parrot.asked == 0


def test_a_forged_pass_is_ignored(served):
    window, parrot, call = served
    number, block = next((n, b) for n, name, b in chat_handlers(window) if name == "send")
    said = call(number, [{"_seal": "x"}, *data_for(block)[1:]])
    assert said["output"]["error"] == LOCKED
    assert parrot.asked == 0


def test_a_locked_tab_shows_nothing_of_the_room(served):
    window, _, call = served
    number, block = next((n, b) for n, name, b in chat_handlers(window) if name == "arrive")
    said = call(number, data_for(block))
    assert said["success"]
    assert "도담" not in json.dumps(said, ensure_ascii=False)


def test_with_the_password_it_answers_and_only_in_that_session(served):
    window, parrot, call = served
    numbers = {name: (number, block) for number, name, block in chat_handlers(window)}
    assert not call(numbers["enter"][0], ["틀림"], "friend")["success"]
    assert call(numbers["enter"][0], ["열쇠"], "friend")["success"]
    number, block = numbers["send"]
    said = call(number, [None, "안녕 친구", None, "main", "마루", ""], "friend")
    assert said["success"], said
    assert parrot.asked == 1
    assert call(number, data_for(block), "stranger")["output"]["error"] == LOCKED


def test_nothing_private_is_in_what_the_browser_gets_before_it_asks(window):
    config = json.dumps(window.get_config_file(), ensure_ascii=False, default=str)
    for private in (PRIVATE, "도담", "보드게임", FILE.file, REPORT.written_at):
        assert private not in config


def test_without_a_password_there_is_no_door_but_a_sentence(tmp_path):
    window, _ = window_of(tmp_path, password="")
    config = json.dumps(window.get_config_file(), ensure_ascii=False, default=str)
    assert "CHATBOT_PASSWORD=" in config
    blocks = {block.elem_id: block for block in window.blocks.values()}
    assert not blocks["chat-password"].visible


def test_the_ids_that_browser_tests_use_are_unique(window):
    ids = [block.elem_id for block in window.blocks.values() if block.elem_id]
    assert len(ids) == len(set(ids))


@pytest.mark.slow
def test_the_window_opens_without_torch():
    probe = (
        "import sys, ui.app, ui.window; "
        "print([name for name in ('torch', 'transformers', 'peft') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
