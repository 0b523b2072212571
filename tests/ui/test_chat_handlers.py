"""Handlers of the chat tab, with a fake model."""

from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest

from kakaobot.app.auth import PasswordGate
from kakaobot.chat.lines import ChatLine, Reply
from kakaobot.errors import AccessDenied, RunError
from tests.ui.window_fakes import EchoChat, user_line
from ui.tabs.chat.conversation import ChatHandlers

SKIP = gr.skip()


@pytest.fixture
def gate():
    return PasswordGate("열쇠")


@pytest.fixture
def handlers(gate) -> Any:
    return ChatHandlers(EchoChat(gate), gate)


def test_a_reply_streams_bubble_by_bubble_and_is_appended(handlers, gate):
    steps = list(handlers.send(gate.authenticate("열쇠"), " 안녕 친구 ", (), "", "마루", ""))
    bubbles = [step[0] for step in steps if step[0] != SKIP]
    assert [len(messages) for messages in bubbles] == [2, 2, 3, 3]
    lines = steps[-1][1]
    assert lines == (user_line("안녕 친구"), ChatLine("마루", "안녕\n친구", from_user=False))
    assert steps[0][2] == ""


def test_send_ignores_an_empty_message(handlers, gate):
    [step] = handlers.send(gate.authenticate("열쇠"), "  ", (), "", "", "")
    assert step == (SKIP,) * 5


def test_retry_replaces_the_last_reply(handlers, gate):
    before = (user_line("안녕"), ChatLine("도담", "싫어", from_user=False))
    lines = list(handlers.retry(gate.authenticate("열쇠"), before, "", "", ""))[-1][1]
    assert [line.text for line in lines] == ["안녕", "안녕"]


def test_undo_moves_the_last_message_back_into_the_text_box(handlers, gate):
    before = (
        user_line("하나"),
        ChatLine("도담", "둘", False),
        user_line("셋"),
        ChatLine("도담", "넷", False),
    )
    _, lines, message = handlers.undo(gate.authenticate("열쇠"), before)
    assert lines == before[:2]
    assert message == "셋"


def test_the_pass_of_another_gate_is_rejected(handlers):
    foreign_pass = PasswordGate("열쇠").authenticate("열쇠")
    with pytest.raises(AccessDenied):
        next(handlers.send(foreign_pass, "안녕", (), "", "", ""))


def test_an_unlocked_room_explains_that_no_run_has_an_adapter(gate):
    handlers = ChatHandlers(EchoChat(gate, persona=None), gate)
    values: tuple[Any, ...] = handlers.show_room(gate.authenticate("열쇠"), ())
    card, run, reply_as, _ = values[5:]
    assert "아직 학습한 어댑터가 없습니다." in card
    assert run.choices == []
    assert not reply_as.visible


def test_a_locked_room_sends_no_conversation_to_the_browser(handlers, gate):
    lines = (user_line("비밀 이야기"),)
    panels, room, bubbles, *rest = handlers.show_room(None, lines)
    assert (panels.visible, room.visible, bubbles) == (True, False, [])
    assert "도담" not in str(rest)
    panels, room, bubbles, *_ = handlers.show_room(gate.authenticate("열쇠"), lines)
    assert (panels.visible, room.visible) == (False, True)
    assert "비밀 이야기" in str(bubbles)


def test_closing_the_stream_stops_the_model(gate):
    chat = EchoChat(gate)
    handlers = ChatHandlers(chat, gate)
    stream: Any = handlers.send(gate.authenticate("열쇠"), "하나 둘 셋", (), "", "", "")
    lines = [next(stream), next(stream)][-1][1]
    assert chat.generating
    stream.close()
    assert not chat.generating
    assert lines[-1].text == "하나"


class SlowChat(EchoChat):
    """Waits in a line, repeats itself, and is cut in the middle."""

    def _echo(self, text: str, name: str) -> Iterator[Reply]:
        yield Reply(name, (), done=False)
        for note in ("앞에 1명이 있습니다.", "앞에 1명이 있습니다.", ""):
            yield Reply(name, (), done=False, note=note)
        yield Reply(name, ("하",), done=False)
        yield Reply(name, ("하",), done=False)
        raise RunError("학습을 시작해 대화를 멈췄습니다.")


def test_place_repeats_and_cut_of_a_reply(gate):
    handlers = ChatHandlers(SlowChat(gate), gate)
    steps: Any = list(handlers.send(gate.authenticate("열쇠"), "안녕", (), "", "", ""))
    last_bubbles = [step[0] if step[0] == SKIP else step[0][-1]["content"] for step in steps]
    assert last_bubbles == [
        "…",
        "앞에 1명이 있습니다.",
        SKIP,
        "…",
        "도담 · AI\n하",
        SKIP,
        "학습을 시작해 대화를 멈췄습니다.",
    ]
    _, lines, message, send, stop = steps[-1]
    # What was sent is a line to reply to again, and what was typed since is left alone.
    assert lines == (user_line("안녕"), ChatLine("도담", "하", from_user=False))
    assert message == SKIP
    assert send.visible
    assert not stop.visible


def test_a_page_gets_one_reply_at_a_time(handlers, gate):
    access = gate.authenticate("열쇠")
    first: Any = handlers.send(access, "하나 둘", (), "", "", "", gr.Request(session_hash="a"))
    next(first)
    [refused] = handlers.send(access, "셋", (), "", "", "", gr.Request(session_hash="a"))
    assert refused == (SKIP,) * 5
    other: Any = handlers.send(access, "셋", (), "", "", "", gr.Request(session_hash="b"))
    assert next(other)[0] != SKIP
    first.close()
    again: Any = handlers.send(access, "넷", (), "", "", "", gr.Request(session_hash="a"))
    assert next(again)[0] != SKIP
