"""The line about the model in memory, with the real service."""

from __future__ import annotations

import time

import gradio as gr
import pytest

from kakaobot.app.auth import PasswordGate
from kakaobot.config import Home
from kakaobot.errors import AccessDenied
from tests.app.test_chat import create_run
from tests.app.test_chat_model import FIRST, LATER, Room
from ui import chat_text
from ui.tabs.chat.memory import MemoryHandlers

SKIP = gr.skip()


@pytest.fixture
def room(home: Home) -> Room:
    create_run(home, persona="도담")
    return Room(home)


@pytest.fixture
def handlers(room: Room) -> MemoryHandlers:
    return MemoryHandlers(room.chat, room.gate)


def visible(updates: tuple[object, ...]) -> list[bool]:
    """Of the row and of the buttons to take a newer model and to free the memory."""
    row, _, *buttons = updates
    return [bool(part.visible) for part in (row, *buttons)]  # type: ignore[attr-defined]


def test_the_line_tells_what_is_loaded_and_frees_it(room: Room, handlers: MemoryHandlers) -> None:
    updates = handlers.refresh(room.access, "main", "")
    assert chat_text.MEMORY_EMPTY in str(updates[1])
    assert visible(updates) == [True, False, False]
    room.reply(FIRST)
    updates = handlers.refresh(room.access, "main", str(updates[1]))
    assert "main" in str(updates[1])
    assert "1MB" in str(updates[1])
    assert visible(updates) == [True, False, True]
    assert handlers.refresh(room.access, "main", str(updates[1])) == (SKIP,) * 4
    assert visible(handlers.give_back(room.access, "main")) == [True, False, False]
    assert room.chat.memory(room.access).run == ""


def test_a_message_that_waits_for_the_model_is_told(room: Room, handlers: MemoryHandlers) -> None:
    assert handlers.expect(room.access, "main", " ") == (SKIP,) * 4
    assert chat_text.MEMORY_AWAITED in str(handlers.expect(room.access, "main", "안녕")[1])
    room.may_load.clear()
    replies = room.chat.reply(room.access, FIRST, run="main", reply_as="도담")
    assert next(reply for reply in replies if reply.note)
    assert room.chat.memory(room.access).is_awaited
    assert chat_text.MEMORY_AWAITED in str(handlers.refresh(room.access, "main", "")[1])
    room.may_load.set()
    list(replies)
    assert not room.chat.memory(room.access).is_awaited
    assert handlers.expect(room.access, "main", "안녕") == (SKIP,) * 4


def test_a_newer_adapter_is_offered_and_taken(
    room: Room, handlers: MemoryHandlers, home: Home
) -> None:
    room.reply(LATER)
    create_run(home, persona="도담")
    updates = handlers.refresh(room.access, "main", "")
    assert "더 나은 말투" in str(updates[1])
    assert visible(updates) == [True, True, True]
    taken = handlers.take(room.access, "main")
    assert taken[:6] == (SKIP,) * 6
    room.reply(LATER)
    assert len(room.loads) == 2
    assert visible(handlers.refresh(room.access, "main", "")) == [True, False, True]


def test_taking_a_newer_run_chooses_it(room: Room, handlers: MemoryHandlers, home: Home) -> None:
    time.sleep(0.01)
    create_run(home, "newer<b>", persona="도담")
    updates = handlers.refresh(room.access, "main", "")
    assert "newer" in str(updates[1])
    assert "<b>" not in str(updates[1])
    taken = handlers.take(room.access, "main")
    assert taken[3].value == "newer<b>"  # type: ignore[attr-defined]


def test_a_locked_page_sees_nothing_and_can_do_nothing(
    room: Room, handlers: MemoryHandlers
) -> None:
    room.reply(FIRST)
    stranger = PasswordGate("바다").authenticate("바다")
    for access in (None, stranger):
        updates = handlers.refresh(access, "main", "")
        assert updates[1] == ""
        assert visible(updates) == [False, False, False]
        for call in (handlers.give_back, handlers.take):
            with pytest.raises(AccessDenied):
                call(access, "main")
        with pytest.raises(AccessDenied):
            handlers.leave(access, tuple(LATER))


def test_a_cleared_conversation_lets_the_next_one_have_the_newest(
    room: Room, handlers: MemoryHandlers, home: Home
) -> None:
    room.reply(LATER)
    create_run(home, persona="도담")
    handlers.leave(room.access, tuple(LATER))
    room.reply(FIRST)
    assert len(room.loads) == 2
