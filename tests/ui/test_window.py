"""The window with fake services, called over HTTP by dependency number, as an attacker can."""

import inspect
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from types import MethodType
from typing import Any

import gradio as gr
import httpx
import pytest

from kakaobot.app.auth import LOCKED, PasswordGate
from kakaobot.app.password_file import PasswordFile
from kakaobot.app.settings import SettingsEditor
from kakaobot.config import ROOT, Home
from tests.patience import patience
from tests.ui.window_fakes import (
    FILE,
    PRIVATE,
    REPORT,
    EchoChat,
    FakeDatasets,
    FakeEstimates,
    FakeExports,
    FakeParticipants,
    FakeTraining,
    honest_services,
)
from ui import text
from ui.password_bar import PasswordBarHandlers
from ui.services import Services
from ui.tabs.chat.conversation import ChatHandlers
from ui.tabs.chat.conversations import ConversationsHandlers
from ui.tabs.chat.persona import PersonaHandlers
from ui.window import build_window

# These do nothing, or remove the conversation, while the page is locked.
OPEN = {
    ChatHandlers.show_room,
    ChatHandlers.gate_card,
    PersonaHandlers.refresh,
    ConversationsHandlers.refresh,
    ConversationsHandlers.lock_or_refresh,
    ConversationsHandlers.close_forms,
    ConversationsHandlers.open_last,
    ConversationsHandlers.talk_to,
    ConversationsHandlers.show_room,
}
GUARDED = {
    PersonaHandlers.select_run,
    PersonaHandlers.pick,
    ChatHandlers.send,
    ChatHandlers.retry,
    ChatHandlers.go_on,
    ChatHandlers.show_lines,
    ChatHandlers.stop,
    ChatHandlers.show_send_button,
    ChatHandlers.undo,
    ChatHandlers.edit,
    ConversationsHandlers.open,
    ConversationsHandlers.start,
    ConversationsHandlers.walk_back,
    ConversationsHandlers.walk_on,
    ConversationsHandlers.ask_title,
    ConversationsHandlers.rename,
    ConversationsHandlers.ask_delete,
    ConversationsHandlers.delete,
    ConversationsHandlers.set_private,
    ConversationsHandlers.export,
}


def make_window(home, password="열쇠"):
    gate = PasswordGate(password)
    chat = EchoChat(gate)
    services = Services(
        exports=FakeExports(FILE),
        participants=FakeParticipants(),
        datasets=FakeDatasets(),
        estimates=FakeEstimates(),
        training=FakeTraining(),
        chat=chat,
        talk=chat,
        gate=gate,
        settings=SettingsEditor(Home(home)),
        password_file=PasswordFile(Home(home)),
        **honest_services(Home(home), gate),
    )
    return build_window(services), chat


@pytest.fixture
def window(tmp_path):
    return make_window(tmp_path)[0]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A running window, its chat service, and a function that calls a dependency by number."""
    window, chat = make_window(tmp_path_factory.mktemp("home"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    window.queue().launch(
        server_port=port, prevent_thread_lock=True, quiet=True, run_history=False, ssr_mode=False
    )
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/gradio_api", timeout=patience()) as client:

        def call(number, data, session="stranger"):
            request = {"fn_index": number, "data": data, "session_hash": session}
            client.post("/queue/join", json=request).raise_for_status()
            with client.stream("GET", "/queue/data", params={"session_hash": session}) as response:
                for line in response.iter_lines():
                    message = json.loads(line.removeprefix("data: ")) if line else {}
                    if message.get("msg") == "process_completed":
                        return message
            raise AssertionError("no response")

        yield window, chat, call
    window.close(verbose=False)


def dependencies(window: gr.Blocks, handlers: type) -> Iterator[tuple[int, Any, Any]]:
    """Number, handler and dependency of every dependency with a handler of this class."""
    for number, dependency in window.fns.items():
        handler = inspect.unwrap(dependency.fn) if dependency.fn else None
        if isinstance(handler, MethodType) and isinstance(handler.__self__, handlers):
            yield number, handler.__func__, dependency


def chat_dependencies(window: gr.Blocks) -> Iterator[tuple[int, Any, Any]]:
    yield from dependencies(window, ChatHandlers)
    yield from dependencies(window, PersonaHandlers)
    yield from dependencies(window, ConversationsHandlers)


def find_dependency(window: gr.Blocks, method: Any) -> tuple[int, Any]:
    """The first dependency with this handler."""
    return next(
        (number, dependency)
        for number, handler, dependency in dependencies(window, object)
        if handler is method
    )


def data_for(dependency):
    values = {"textbox": "훔쳐보기", "slider": 1}
    return [values.get(block.get_block_name()) for block in dependency.inputs]


def test_every_dependency_is_private(window):
    assert len(window.fns) > 25
    assert {dependency.api_visibility for dependency in window.fns.values()} == {"private"}


def test_every_chat_handler_is_open_or_guarded(window):
    methods = {method for _, method, _ in chat_dependencies(window)}
    assert methods - OPEN == GUARDED
    assert methods >= OPEN


def test_chat_handlers_reject_calls_without_the_password(served):
    window, chat, call = served
    rejected = 0
    for number, method, dependency in chat_dependencies(window):
        if method not in OPEN:
            result = call(number, data_for(dependency))
            assert not result["success"], method
            assert result["output"]["error"] == LOCKED, method
            rejected += 1
    assert rejected >= 8
    assert chat.replies == 0


def test_a_forged_pass_is_rejected(served):
    window, chat, call = served
    number, dependency = find_dependency(window, ChatHandlers.send)
    result = call(number, [{"_seal": "x"}, *data_for(dependency)[1:]])
    assert result["output"]["error"] == LOCKED
    assert chat.replies == 0


def test_a_locked_tab_reveals_nothing_of_the_room(served):
    window, _, call = served
    number, dependency = find_dependency(window, PersonaHandlers.refresh)
    result = call(number, data_for(dependency))
    assert result["success"]
    assert "도담" not in json.dumps(result, ensure_ascii=False)


def test_the_password_unlocks_the_chat_for_one_session_only(served):
    window, chat, call = served
    unlock, _ = find_dependency(window, PasswordBarHandlers.unlock)
    assert "틀렸습니다" in str(call(unlock, ["틀림"], "friend")["output"]["data"])
    assert "틀렸습니다" not in str(call(unlock, ["열쇠"], "friend")["output"]["data"])
    # The page calls it on the change of its lock.
    show_room, _ = find_dependency(window, ChatHandlers.show_room)
    assert call(show_room, [None, None, None], "friend")["success"]
    send, dependency = find_dependency(window, ChatHandlers.send)
    result = call(send, [None, "안녕 친구", None, "main", None, "", True, 1, None], "friend")
    assert result["success"], result
    assert chat.replies == 1
    assert call(send, data_for(dependency), "stranger")["output"]["error"] == LOCKED


def test_the_initial_config_holds_nothing_private(window):
    config = json.dumps(window.whole_config(), ensure_ascii=False, default=str)
    for private in (PRIVATE, "도담", "보드게임", FILE.file, REPORT.written_at):
        assert private not in config


def test_without_a_password_the_gate_says_where_to_set_one(tmp_path):
    window, _ = make_window(tmp_path, password="")
    config = json.dumps(window.whole_config(), ensure_ascii=False, default=str)
    assert text.GATE_NOT_SET_TITLE in config
    blocks = {block.elem_id: block for block in window.blocks.values()}
    assert blocks["gate-unset"].visible
    assert not blocks["gate"].visible


def test_element_ids_are_unique(window):
    ids = [block.elem_id for block in window.blocks.values() if block.elem_id]
    assert len(ids) == len(set(ids))


@pytest.mark.slow
def test_opening_the_window_does_not_import_torch():
    program = (
        "import sys, ui.app, ui.window; "
        "print([name for name in ('torch', 'transformers', 'peft') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("button", "asks", "confirm", "does"),
    [
        ("train-new", "ask", "train-new-now", "start_new"),
        ("train-kill", "ask", "train-kill-now", "kill"),
        ("feedback-delete", "ask_delete", "feedback-delete-now", "delete"),
        ("chat-delete", "ask_delete", "chat-delete-now", "delete"),
        ("quit", "ask", "quit-now", "quit"),
    ],
)
def test_what_cannot_be_undone_is_asked_about_once(
    window: gr.Blocks, button: str, asks: str, confirm: str, does: str
) -> None:
    assert clicked(window, button) == {asks}
    assert does in clicked(window, confirm)


def clicked(window: gr.Blocks, elem_id: str) -> set[str]:
    """Names of the handlers that a click on a button calls."""
    [number] = [block._id for block in window.blocks.values() if block.elem_id == elem_id]
    return {
        inspect.unwrap(dependency.fn).__name__
        for dependency in window.fns.values()
        if dependency.fn and (number, "click") in dependency.targets
    }
