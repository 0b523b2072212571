"""Two pages chat turn after turn at the same time: the real window, over HTTP.

`KAKAOBOT_SOAK=200` in the environment makes it two hundred turns of both pages instead of a few.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from kakaobot.app.auth import PasswordGate
from kakaobot.app.conversations import Conversations
from kakaobot.app.personas import Personas, chat_messages
from kakaobot.base.generation import chat_sampling
from kakaobot.chat.guards import GuardCounts
from kakaobot.chat.lines import ChatLine, split_bubbles
from kakaobot.chat.load import load_engine
from kakaobot.chat.protocol import NEVER
from kakaobot.chat.replies import ReplyRequest, reply_texts
from kakaobot.config import Home, save
from tests.chat_models import create_chat_run, save_starter_with_adapter
from tests.patience import patience
from tests.security.window import PASSWORD, Page, WindowProcess, running_window
from ui.bubbles import bubbles

pytestmark = pytest.mark.slow

TOPICS = ("등산 가방", "김밥 재료")
"""Of each page."""
TURNS = int(os.environ.get("KAKAOBOT_SOAK", "10")) // len(TOPICS)
"""Of each page."""
WARM = max(3, TURNS // 4)
"""Turns before the memory is measured: history is at its full length, and buffers are filled."""
GROWTH = 1.05
GREEDY = {
    # The same conversation is always answered in the same way, so an answer tells whose it is.
    "generation.temperature": 0,
    "generation.candidates": 1,
    "generation.max_new_tokens": 16,
}
QUESTIONS = ("뭐가 좋을까?", "언제 살 거야?", "그건 왜?", "누구랑 같이 가?", "어제는 어땠어?")


def message(topic: str, turn: int) -> str:
    return f"{topic} {turn}번째, {QUESTIONS[turn % len(QUESTIONS)]}"


class Memory:
    """What the window holds in memory whenever both pages have had as many answers."""

    def __init__(self, window: WindowProcess) -> None:
        self._process = psutil.Process(window.process.pid)
        self.sizes: list[int] = []
        self.barrier = threading.Barrier(len(TOPICS), self._measure)

    def _measure(self) -> None:
        self.sizes.append(self._process.memory_info().rss)


class SoakingPage(threading.Thread):
    """An unlocked page that sends its messages one after the other."""

    def __init__(self, page: Page, topic: str, memory: Memory) -> None:
        super().__init__(daemon=True)
        self._page, self._topic, self._memory = page, topic, memory
        self.received: list[str] = []
        """All that the server sent to it."""
        self.errors: list[str] = []
        self.shown: object = None
        """The conversation of the page in the end."""
        self.start()

    def run(self) -> None:
        try:
            for turn in range(TURNS):
                self._send(message(self._topic, turn))
                self._memory.barrier.wait(patience())
            self.shown = self._page.values("chat-stop")["chat-box"]
        except Exception as error:  # noqa: BLE001 -- reported by the test
            self.errors.append(repr(error))
            self._memory.barrier.abort()

    def _send(self, text: str) -> None:
        values = {"chat-message": text, "chat-at-once": True}
        assert self._page.join("chat-send", values=values).status_code == 200
        for received in self._page.messages():
            self.received.append(json.dumps(received, ensure_ascii=False))
            if received["msg"] == "process_completed" and not received["success"]:
                self.errors.append(self.received[-1])


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.settings()
    save_starter_with_adapter(tmp_path / "model")
    create_chat_run(home, tmp_path / "model")
    save(home.settings_file, GREEDY)
    return home


@pytest.fixture
def window(home: Home) -> Iterator[WindowProcess]:
    with running_window(home.root, password=PASSWORD) as window:
        yield window


def test_two_pages_get_their_own_answers_and_the_window_does_not_grow(
    home: Home, window: WindowProcess
) -> None:
    began, memory = time.monotonic(), Memory(window)
    opened = [window.open_page() for _ in TOPICS]
    for page in opened:
        page.unlock()
    chats = [SoakingPage(page, topic, memory) for page, topic in zip(opened, TOPICS, strict=True)]
    for chat in chats:
        chat.join()
    assert [chat.errors for chat in chats] == [[], []]
    seconds, warm, end = time.monotonic() - began, memory.sizes[WARM - 1], memory.sizes[-1]
    print(
        f"{TURNS} turns of {len(chats)} pages in {seconds:.0f} s, RSS {warm >> 20} MiB after "
        f"{WARM}, {end >> 20} MiB in the end; every tenth: "
        f"{[size >> 20 for size in memory.sizes[:: max(1, TURNS // 10)]]}"
    )
    for chat, other in zip(chats, reversed(TOPICS), strict=True):
        assert not [text for text in chat.received if other in text]
    expected = answers(home)
    assert len({line.text for lines in expected for line in lines}) > TURNS
    assert [texts(chat.shown) for chat in chats] == [texts(bubbles(lines)) for lines in expected]
    assert sorted(kept(home)) == sorted([line.text for line in lines] for lines in expected)
    assert "Traceback" not in window.stop()
    assert end < GROWTH * warm


def answers(home: Home) -> list[list[ChatLine]]:
    """The conversation of each page, answered by a model that only this page talks to."""
    persona, settings = Personas(home).get("main"), home.settings()
    run = Personas(home).find("main")
    base = run.section("base", "name")["name"]
    adapter = run.checkpoints.adapter()
    assert adapter
    conversations = []
    for topic in TOPICS:
        engine = load_engine(base, adapter[1], settings, NEVER, lambda share: None)
        lines: list[ChatLine] = []
        for turn in range(TURNS):
            lines.append(ChatLine("", message(topic, turn), from_user=True))
            request = ReplyRequest(
                chat_messages(lines, persona), chat_sampling(settings.generation), candidates=1
            )
            *_, reply = reply_texts(engine, request, GuardCounts())
            if parts := split_bubbles(reply):
                lines.append(ChatLine(persona.name, "\n".join(parts), from_user=False))
        conversations.append(lines)
    return conversations


def kept(home: Home) -> list[list[str]]:
    """The texts of all conversations that are kept."""
    gate = PasswordGate(PASSWORD)
    access, conversations = gate.authenticate(PASSWORD), Conversations(home, gate)
    opened = [conversations.open(access, found.id) for found in conversations.search(access)]
    return [[kept.line.text for kept in conversation.lines] for conversation in opened]


def texts(shown: object) -> list[str]:
    """The texts of the bubbles of a chat, as it is sent or as it is made."""
    if isinstance(shown, str):
        return [shown]
    if isinstance(shown, dict):
        return texts(shown.get("content", shown.get("text", "")))
    return [text for item in shown for text in texts(item)] if isinstance(shown, list) else []
