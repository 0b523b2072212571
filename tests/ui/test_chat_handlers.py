"""The chat's handlers without a browser."""

from typing import Any

import gradio as gr
import pytest

from kakaobot.app.auth import PasswordGate
from kakaobot.app.chat import ChatLine
from kakaobot.errors import AccessDenied
from tests.ui.window_fakes import Parrot, mine
from ui.tabs.chat import ChatHandlers

SKIP = gr.skip()


def desk_of(parrot: Any, gate: PasswordGate) -> ChatHandlers:
    return ChatHandlers(parrot, gate)


@pytest.fixture
def gate():
    return PasswordGate("열쇠")


@pytest.fixture
def desk(gate):
    return desk_of(Parrot(gate), gate)


def test_an_answer_grows_bubble_by_bubble_and_is_kept(desk, gate):
    steps = list(desk.send(gate.authenticate("열쇠"), " 안녕 친구 ", (), "", "마루", ""))
    chats = [step[0] for step in steps if step[0] != SKIP]
    assert [len(chat) for chat in chats] == [2, 2, 3, 3]
    lines = steps[-1][1]
    assert lines == (mine("안녕 친구"), ChatLine("마루", "안녕\n친구", from_user=False))
    assert steps[0][2] == ""


def test_nothing_is_sent_when_nothing_was_written(desk, gate):
    [step] = desk.send(gate.authenticate("열쇠"), "  ", (), "", "", "")
    assert step == (SKIP,) * 5


def test_a_retry_forgets_the_answer_and_asks_again(desk, gate):
    before = (mine("안녕"), ChatLine("도담", "싫어", from_user=False))
    lines = list(desk.retry(gate.authenticate("열쇠"), before, "", "", ""))[-1][1]
    assert [line.text for line in lines] == ["안녕", "안녕"]


def test_an_undo_gives_the_question_back(desk, gate):
    before = (
        mine("하나"),
        ChatLine("도담", "둘", False),
        mine("셋"),
        ChatLine("도담", "넷", False),
    )
    _, lines, message = desk.undo(gate.authenticate("열쇠"), before)
    assert lines == before[:2]
    assert message == "셋"


def test_a_pass_of_another_gate_opens_nothing(desk):
    stranger = PasswordGate("열쇠").authenticate("열쇠")
    with pytest.raises(AccessDenied):
        next(desk.send(stranger, "안녕", (), "", "", ""))


def test_before_anything_is_learnt_it_says_so(gate):
    values: tuple[Any, ...] = desk_of(Parrot(gate, voice=None), gate).enter("열쇠")
    card, run, speaker, _ = values[4:]
    assert "아직 학습한 어댑터가 없습니다." in card
    assert run.choices == []
    assert not speaker.visible


def test_stopping_an_answer_stops_the_model_at_once(gate):
    parrot = Parrot(gate)
    stream: Any = desk_of(parrot, gate).send(
        gate.authenticate("열쇠"), "하나 둘 셋", (), "", "", ""
    )
    kept = [next(stream), next(stream)][-1][1]
    assert parrot.speaking
    stream.close()
    assert not parrot.speaking
    assert kept[-1].text == "하나"
