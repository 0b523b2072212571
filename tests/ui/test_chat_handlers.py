"""Handlers of the chat tab, with a fake model."""

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr
import pytest

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.conversations import Conversations
from kakaobot.app.room_talk import TalkOptions
from kakaobot.chat.lines import ChatLine, Reply
from kakaobot.errors import AccessDenied, RunError
from tests.ui.window_fakes import EchoChat, user_line
from ui import chat_text
from ui.bubbles import bubbles, small_note
from ui.tabs.chat.conversation import ChatHandlers
from ui.tabs.chat.persona import PersonaHandlers
from ui.tabs.chat.streaming import UPDATE_PERIOD

SKIP = gr.skip()


@pytest.fixture
def gate():
    return PasswordGate("열쇠")


@pytest.fixture
def chat_handlers(home, gate) -> Any:
    return lambda chat: ChatHandlers(chat, chat, Conversations(home, gate), gate)


@pytest.fixture
def handlers(chat_handlers, gate) -> Any:
    return chat_handlers(EchoChat(gate))


def test_a_reply_streams_bubble_by_bubble_and_is_appended(handlers, gate):
    steps = list(
        handlers.send(gate.authenticate("열쇠"), " 안녕 친구 ", (), "", ("마루",), "", True)
    )
    bubbles = [step[0] for step in steps if step[0] != SKIP]
    assert [len(messages) for messages in bubbles] == [2, 2, 3, 3]
    lines = steps[-1][1]
    assert lines == (user_line("안녕 친구"), ChatLine("마루", "안녕\n친구", from_user=False))
    assert steps[0][2] == ""


class FastChat(EchoChat):
    """Echoes one letter more in each reply."""

    def answer(
        self, access: AccessPass | None, lines: Sequence[ChatLine], options: TalkOptions
    ) -> Iterator[Reply]:
        for length in range(len(lines[-1].text)):
            yield Reply("마루", (lines[-1].text[:length],), done=False)
        yield Reply("마루", (lines[-1].text,), done=True)


def test_a_bubble_that_grows_fast_changes_the_page_rarely(chat_handlers, gate):
    message = "가나다라마바사" * 200
    began = time.monotonic()
    handlers = chat_handlers(FastChat(gate))
    steps = list(handlers.send(gate.authenticate("열쇠"), message, (), "", ("마루",), "", True))
    expected = (time.monotonic() - began) / UPDATE_PERIOD
    # And what was sent, the first letter and the whole reply.
    assert len([step for step in steps if step[0] != SKIP]) <= expected + 3
    assert steps[-1][1][-1].text == message


def test_send_ignores_an_empty_message(handlers, gate):
    [step] = handlers.send(gate.authenticate("열쇠"), "  ", (), "", (), "", True)
    assert step == (SKIP,) * 5


def test_retry_replaces_the_last_reply(handlers, gate):
    before = (user_line("안녕"), ChatLine("도담", "싫어", from_user=False))
    lines = list(handlers.retry(gate.authenticate("열쇠"), before, "", (), "", True))[-1][1]
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
        next(handlers.send(foreign_pass, "안녕", (), "", (), "", True))


def test_an_unlocked_room_explains_that_no_run_has_an_adapter(chat_handlers, gate):
    handlers = chat_handlers(EchoChat(gate, persona=None))
    values: tuple[Any, ...] = handlers.show_room(gate.authenticate("열쇠"), ())
    card, people, members, run, _, go_on = values[5:]
    assert "아직 배운 것이 없습니다." in card
    assert (people, members, run.choices) == ("", (), [])
    assert not go_on.visible


def test_a_locked_room_sends_no_conversation_to_the_browser(handlers, gate):
    lines = (user_line("비밀 이야기"),)
    panels, room, bubbles, *rest = handlers.show_room(None, lines)
    assert (panels.visible, room.visible, bubbles) == (True, False, [])
    assert "도담" not in str(rest)
    panels, room, bubbles, *_ = handlers.show_room(gate.authenticate("열쇠"), lines)
    assert "비밀 이야기" in str(bubbles)
    # Shown once the last conversation is open: a message sent before would go into another one.
    assert (panels, room) == (SKIP, SKIP)


def test_a_refused_message_leaves_the_button_that_stops_the_first(handlers, gate):
    access, page = gate.authenticate("열쇠"), gr.Request(session_hash="a")
    first: Any = handlers.send(access, "하나 둘", (), "", (), "", True, 1.0, page)
    next(first)
    list(handlers.send(access, "셋", (), "", (), "", True, 1.0, page))
    send, stop = handlers.show_send_button(access, page)
    assert (send.visible, stop.visible) == (False, True)
    first.close()
    send, stop = handlers.show_send_button(access, page)
    assert (send.visible, stop.visible) == (True, False)


def test_closing_the_stream_stops_the_model(chat_handlers, gate):
    chat = EchoChat(gate)
    handlers = chat_handlers(chat)
    stream: Any = handlers.send(gate.authenticate("열쇠"), "하나 둘 셋", (), "", (), "", True)
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


def test_place_repeats_and_cut_of_a_reply(chat_handlers, gate):
    handlers = chat_handlers(SlowChat(gate))
    steps: Any = list(handlers.send(gate.authenticate("열쇠"), "안녕", (), "", (), "", True))
    last_bubbles = [step[0] if step[0] == SKIP else step[0][-1]["content"] for step in steps]
    assert last_bubbles == [
        chat_text.TYPING,
        small_note("앞에 1명이 있습니다."),
        SKIP,
        chat_text.TYPING,
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
    first: Any = handlers.send(
        access, "하나 둘", (), "", (), "", True, 1.0, gr.Request(session_hash="a")
    )
    next(first)
    page_a, page_b = (gr.Request(session_hash=page) for page in "ab")
    [refused] = handlers.send(access, "셋", (), "", (), "", True, 1.0, page_a)
    assert refused == (SKIP,) * 5
    other: Any = handlers.send(
        access, "셋", (), "", (), "", True, 1.0, gr.Request(session_hash="b")
    )
    assert next(other)[0] != SKIP
    first.close()
    again: Any = handlers.send(
        access, "넷", (), "", (), "", True, 1.0, gr.Request(session_hash="a")
    )
    assert next(again)[0] != SKIP


def test_nothing_of_a_stopped_reply_comes_after_the_stop(chat_handlers, gate):
    chat = EchoChat(gate)
    handlers = chat_handlers(chat)
    access, page = gate.authenticate("열쇠"), gr.Request(session_hash="a")
    stream: Any = handlers.send(access, "하나 둘", (), "", (), "", False, 1.0, page)
    lines = next(stream)[1]
    # Gradio closes the stream only when its model has come to its next word.
    assert handlers.stop(access, lines, page)[0] == bubbles(lines)
    assert list(stream) == []
    assert not chat.generating
    again: Any = handlers.send(access, "셋", lines, "", (), "", False, 1.0, page)
    assert next(again)[0] != SKIP


def shown(steps: Any) -> list[list[str]]:
    """The bubbles after each step that changed them."""
    return [[message["content"] for message in step[0]] for step in steps if step[0] != SKIP]


def test_somebody_types_until_the_reply_is_done(handlers, gate):
    steps = list(handlers.send(gate.authenticate("열쇠"), "하나 둘", (), "", (), "", False))
    bubbles = [messages[1:] for messages in shown(steps)]
    first = "도담 · AI\n하나"
    assert bubbles == [
        [chat_text.TYPING],
        [first, chat_text.TYPING],
        [first, "둘", chat_text.TYPING],
        [first, "둘"],
    ]


def test_a_room_that_talks_by_itself_keeps_its_turns_and_breaks(handlers, gate):
    before = (user_line("안녕"),)
    steps = list(handlers.go_on(gate.authenticate("열쇠"), before, "", (), "", True))
    lines = steps[-1][1]
    assert [(line.name, line.text) for line in lines[1:]] == [
        ("도담", "하나\n둘"),
        ("마루", "셋"),
        ("", "· 3시간 뒤 ·"),
        ("은솔", "넷"),
    ]
    assert [line.is_break for line in lines] == [False, False, False, True, False]
    last = shown(steps)[-1]
    assert last[-3:] == ["마루 · AI\n셋", small_note("· 3시간 뒤 ·"), "은솔 · AI\n넷"]


def test_a_room_stops_at_once_and_keeps_what_was_said(chat_handlers, gate):
    chat = EchoChat(gate)
    handlers = chat_handlers(chat)
    access = gate.authenticate("열쇠")
    stream: Any = handlers.go_on(access, (), "", (), "", False)
    lines: Any = ()
    for step in stream:
        lines = lines if step[1] == SKIP else step[1]
        if lines:
            break
    stream.close()
    assert not chat.generating
    assert handlers.stop(access, lines)[0] == bubbles(lines)


def test_a_room_of_one_person_says_why_it_does_not_talk(handlers, gate):
    steps = list(handlers.go_on(gate.authenticate("열쇠"), (), "", ("도담",), "", True))
    assert "두 사람 이상" in shown(steps)[-1][-1]
    assert steps[-1][3].visible


class SilentChat(EchoChat):
    """A room in which nobody answers."""

    def _echo(self, text: str, name: str) -> Iterator[Reply]:
        yield Reply("", (), done=False)
        yield Reply("", (), done=True, note="(조용합니다)")


def test_silence_is_a_small_note(chat_handlers, gate):
    handlers = chat_handlers(SilentChat(gate))
    steps: Any = list(handlers.send(gate.authenticate("열쇠"), "안녕", (), "", (), "", False))
    assert shown(steps)[-1][1:] == [small_note("(조용합니다)")]
    assert steps[-1][1] == (user_line("안녕"),)


@pytest.fixture
def choices(gate) -> Any:
    return PersonaHandlers(EchoChat(gate), gate)


def click(**request: object) -> Any:
    return gr.EventData(None, {"ask": json.dumps(request)})


def test_a_click_picks_people_by_name(choices, gate):
    access = gate.authenticate("열쇠")
    card, people, members, run, user_name, go_on = choices.pick(
        access, "main", (), click(name="마루")
    )
    assert members == ("마루",)
    assert 'aria-pressed="true"' in people.split("마루")[0].rsplit("<button", 1)[1]
    assert not go_on.visible
    assert "마루" not in [name for _, name in user_name.choices]
    *_, go_on = both = choices.pick(access, "main", members, click(name="은솔"))
    assert both[2] == ("마루", "은솔")
    assert go_on.visible
    assert choices.pick(access, "main", both[2], click(run="main"))[2] == ()


def test_a_click_on_somebody_who_is_not_there_changes_nothing(choices, gate):
    access = gate.authenticate("열쇠")
    assert choices.pick(access, "main", ("마루",), click(name="<b>"))[2] == ("마루",)


def test_people_are_picked_behind_the_password(choices):
    with pytest.raises(AccessDenied):
        choices.pick(None, "main", (), click(name="마루"))
    assert choices.refresh(None, "main", ()) == (SKIP,) * 6
