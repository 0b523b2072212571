"""Which adapter is in memory: kept under a conversation, offered, renewed, given back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kakaobot.app.auth import PasswordGate
from kakaobot.app.chat import ChatService
from kakaobot.chat.lines import ChatLine, Reply
from kakaobot.chat.load import load_engine
from kakaobot.chat.protocol import ChatModel
from kakaobot.config import Home
from kakaobot.errors import AccessDenied
from kakaobot.settings import Settings
from tests.app.test_chat import Parrot, create_run
from tests.chat_models import save_random_model

FIRST = [ChatLine("나", "안녕", from_user=True)]
LATER = [
    *FIRST,
    ChatLine("도담", "안녕", from_user=False),
    ChatLine("나", "뭐 해?", from_user=True),
]


class Room:
    """A chat that records the adapters it loads."""

    def __init__(self, home: Home) -> None:
        self.gate = PasswordGate("바다")
        self.access = self.gate.authenticate("바다")
        self.loads: list[str] = []
        self.may_load = threading.Event()
        self.may_load.set()
        self.chat = ChatService(home, self.gate, self._load)

    def reply(self, lines: list[ChatLine], run: str = "main") -> list[Reply]:
        return list(self.chat.reply(self.access, lines, run=run, reply_as="도담"))

    def _load(
        self,
        base: str,
        adapter: Path,
        settings: Settings,
        cancelled: threading.Event,
        report: Callable[[float], None],
    ) -> ChatModel:
        self.loads.append(f"{adapter.parent.name}/{adapter.name}")
        report(0.25)
        self.may_load.wait()
        return Parrot()


@pytest.fixture
def room(home: Home) -> Room:
    create_run(home, persona="도담")
    return Room(home)


def test_a_running_conversation_keeps_its_adapter_until_a_newer_one_is_taken(
    room: Room, home: Home
) -> None:
    room.reply(FIRST)
    room.reply(LATER)
    assert room.chat.memory(room.access, "main").newer is None
    create_run(home, persona="도담")
    room.reply([*LATER, ChatLine("도담", "몰라", from_user=False), *FIRST])
    assert len(room.loads) == 1
    offered = room.chat.memory(room.access, "main").newer
    assert offered
    assert offered.run == "main"

    room.chat.renew(room.access)
    room.reply(LATER)
    assert len(room.loads) == 2
    assert room.chat.memory(room.access, "main").newer is None
    room.reply(LATER)
    assert len(room.loads) == 2


def test_a_new_conversation_has_the_newest_adapter_unless_another_one_runs(
    room: Room, home: Home
) -> None:
    room.reply(FIRST)
    create_run(home, persona="도담")
    room.reply(FIRST)
    assert len(room.loads) == 2
    room.reply(LATER)
    create_run(home, persona="도담")
    room.reply(FIRST)
    assert len(room.loads) == 2
    room.chat.leave(room.access, LATER)
    room.reply(FIRST)
    assert len(room.loads) == 3


def test_a_newer_run_of_the_same_persona_is_offered(room: Room, home: Home) -> None:
    room.reply(FIRST)
    time.sleep(0.01)
    create_run(home, "other", persona="마루")
    assert room.chat.memory(room.access, "main").newer is None
    time.sleep(0.01)
    create_run(home, "newer", persona="도담")
    offered = room.chat.memory(room.access, "main").newer
    assert offered
    assert offered.run == "newer"
    room.reply(LATER)
    assert room.loads == ["main/adapter_best"]
    assert room.chat.memory(room.access, "newer").newer is None


def test_the_share_that_is_loaded_is_shown(room: Room) -> None:
    notes = [reply.note for reply in room.reply(FIRST)]
    assert "모델을 메모리에 올리는 중입니다 · 25%" in notes
    assert not any(reply.note for reply in room.reply(FIRST))


def test_memory_is_given_back_after_the_replies_in_the_line(room: Room) -> None:
    replies = room.chat.reply(room.access, [ChatLine("나", "긴 말" * 40, from_user=True)])
    assert any(reply.bubbles for reply in replies)
    memory = room.chat.memory(room.access, "main")
    assert (memory.run, memory.size) == ("main", 1000)
    assert room.chat.give_back(room.access)
    assert room.chat.memory(room.access, "main").run == ""
    # None of it is cut off.
    *_, last = replies
    assert last.done
    room.reply(FIRST)
    assert len(room.loads) == 2


def test_all_of_it_needs_the_pass(room: Room) -> None:
    for call in (
        room.chat.memory,
        room.chat.renew,
        room.chat.give_back,
        lambda access: room.chat.leave(access, FIRST),
    ):
        for access in (None, PasswordGate("바다").authenticate("바다")):
            with pytest.raises(AccessDenied):
                call(access)


def test_the_weights_are_counted_as_they_are_read(tmp_path: Path) -> None:
    save_random_model(tmp_path, hidden=64, layers=4)
    shares: list[float] = []
    settings = Settings()
    before = threading.active_count()
    model = load_engine(
        str(tmp_path / "base"), tmp_path / "adapter", settings, threading.Event(), shares.append
    )
    assert model.size > 2**20
    assert shares[0] == 0
    assert shares[-1] == 1
    assert shares == sorted(shares)
    assert len(shares) > 20
    assert threading.active_count() <= before + 4
