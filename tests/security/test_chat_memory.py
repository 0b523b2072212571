"""A training takes the chat's memory at once: a real model, adapter and worker."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from kakaobot.app.auth import PasswordGate
from kakaobot.app.base_models import BaseModels
from kakaobot.app.chat import ChatService
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.training import Training
from kakaobot.base.memory import release_memory
from kakaobot.chat.lines import ChatLine, Reply
from kakaobot.chat.load import load_engine
from kakaobot.chat.protocol import ChatModel
from kakaobot.config import ROOT, Home
from kakaobot.errors import RunError
from kakaobot.settings import Settings
from tests.chat_models import create_chat_run, save_random_model
from tests.conftest import SAMPLE
from tests.patience import patience, processor_time, wait_for

pytestmark = pytest.mark.slow

HELLO = [ChatLine("나", "안녕", from_user=True)]
IDLE = "import time; time.sleep(600)"
CUT = "학습을 시작해 대화를 멈췄습니다."
FREED = 6.0
"""Seconds in which the chat must give its memory back beside other tests."""
FREED_ALONE = 2.0
"""The same without other load, and so also in seconds of processor time."""


def wait_until_freed(condition: Callable[[], object]) -> None:
    began = time.process_time()
    wait_for(condition, silence=FREED)
    assert time.process_time() - began < processor_time(FREED_ALONE)


def rss() -> int:
    return int(psutil.Process().memory_info().rss)


@pytest.fixture(scope="module", params=["float32"])
def model(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int]:
    """Folder of a random model, and the bytes of its weights in memory."""
    folder = tmp_path_factory.mktemp("model")
    return folder, save_random_model(folder, hidden=1024, layers=6, dtype=request.param)


class Room:
    """A chat and a training of one home, whose worker idles."""

    def __init__(self, home: Home, bases: BaseModels, size: int) -> None:
        """`size` is that of the weights in memory."""
        self.size = size
        self.before = rss()
        self.gate = PasswordGate("바다")
        self.loading = threading.Event()
        self.chat = ChatService(home, self.gate, self._load)
        self.training = Training(
            home, bases, free_memory=self.chat.unload, argv=[sys.executable, "-c", IDLE]
        )

    def reply(self, lines: list[ChatLine] = HELLO) -> Iterator[Reply]:
        return self.chat.reply(self.gate.authenticate("바다"), lines)

    def start_training(self) -> None:
        """Start one, which must not wait long for the chat."""
        began = time.monotonic()
        assert self.training.start(new=True).can_stop
        assert time.monotonic() - began < patience(FREED)

    def _load(
        self,
        base: str,
        adapter: Path,
        settings: Settings,
        cancelled: threading.Event,
        report: Callable[[float], None],
    ) -> ChatModel:
        self.loading.set()
        return load_engine(base, adapter, settings, cancelled, report)


@pytest.fixture
def room(home: Home, bases: BaseModels, model: tuple[Path, int]) -> Iterator[Room]:
    # Also what the model of the test before left in memory.
    release_memory()
    # What other tests of this process keep takes time to examine, which a window does not have.
    gc.freeze()
    create_chat_run(home, model[0])
    Exports(home).import_files([SAMPLE])
    Datasets(home, bases).build()
    room = Room(home, bases, model[1])
    yield room
    room.chat.unload()
    if room.training.snapshot().can_stop:
        room.training.kill()


class Reader(threading.Thread):
    """Reads a reply to its end, as the thread of a page does."""

    def __init__(self, replies: Iterator[Reply]) -> None:
        super().__init__(daemon=True)
        self.replies: list[Reply] = []
        self.error = ""
        self._source = replies
        self._closed = False
        self.start()

    def close(self) -> None:
        """Leave at the next reply, as a page that was closed."""
        self._closed = True
        self.join(patience())

    def run(self) -> None:
        try:
            for reply in self._source:
                self.replies.append(reply)
                if self._closed:
                    self._source.close()  # type: ignore[attr-defined]
                    return
        except RunError as error:
            self.error = str(error)


# Weights in float32 are mapped from their file, others are converted on the heap.
@pytest.mark.parametrize("model", ["float32", "bfloat16"], indirect=True)
def test_a_training_frees_the_memory_of_a_reply_in_progress(room: Room) -> None:
    reader = Reader(room.reply())
    wait_for(lambda: len([reply for reply in reader.replies if reply.bubbles]) > 10)
    with_model = rss()
    assert with_model - room.before > 0.9 * room.size

    began = time.monotonic()
    room.start_training()
    wait_until_freed(lambda: with_model - rss() > 0.9 * room.size)
    print(
        f"weights {room.size >> 20} MiB, RSS before {room.before >> 20}, with the model "
        f"{with_model >> 20}, {time.monotonic() - began:.2f} s after the click {rss() >> 20}"
    )

    reader.join(patience(FREED))
    assert CUT in reader.error
    assert not reader.replies[-1].done


MOMENTS: dict[str, Callable[[Room], bool]] = {
    "before the weights": lambda room: room.loading.is_set(),
    "in the middle of the weights": lambda room: rss() > room.before + room.size / 3,
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_training_cancels_the_load_of_a_model(room: Room, moment: str) -> None:
    reader = Reader(room.reply())
    wait_for(lambda: MOMENTS[moment](room))
    room.start_training()
    wait_until_freed(lambda: rss() - room.before < 0.1 * room.size)
    reader.join(patience(FREED))
    assert CUT in reader.error


def test_a_training_cancels_a_long_prompt(room: Room) -> None:
    lines = [ChatLine("나", f"{number}번째 긴 말 " * 20, from_user=True) for number in range(40)]
    first = Reader(room.reply())
    wait_for(lambda: any(reply.bubbles for reply in first.replies))
    first.close()
    with_model = rss()
    reader = Reader(room.reply(lines))
    time.sleep(1)
    assert not any(reply.bubbles for reply in reader.replies)
    room.start_training()
    wait_until_freed(lambda: with_model - rss() > 0.9 * room.size)
    reader.join(patience(FREED))
    assert CUT in reader.error


def test_a_training_cuts_those_who_wait_too(room: Room) -> None:
    readers = [Reader(room.reply()) for _ in range(3)]
    # Any of them may be the last in the line.
    wait_for(
        lambda: any(
            reply.note.startswith("앞에 2명") for reader in readers for reply in reader.replies
        )
    )
    room.start_training()
    for reader in readers:
        reader.join(patience(FREED))
        assert CUT in reader.error


def test_a_refused_start_does_not_cut_a_reply(room: Room, home: Home) -> None:
    reader = Reader(room.reply())
    wait_for(lambda: any(reply.bubbles for reply in reader.replies))
    exports = Exports(home)
    exports.remove(exports.files()[0].hash)
    with pytest.raises(RunError, match="목록에서 뺀 파일"):
        room.training.start(new=True)
    count = len(reader.replies)
    wait_for(lambda: len(reader.replies) > count + 3)
    assert not reader.error


EXIT_PROGRAM = """
import sys
from pathlib import Path
from kakaobot.app.auth import PasswordGate
from kakaobot.app.chat import ChatService
from kakaobot.chat.lines import ChatLine
from kakaobot.config import ROOT, Home
gate = PasswordGate("바다")
chat = ChatService(Home(Path(sys.argv[1])), gate)
replies = chat.reply(gate.authenticate("바다"), [ChatLine("나", "안녕", from_user=True)])
while not next(replies).bubbles:
    pass
print("bye", flush=True)
"""


def test_the_program_exits_cleanly_in_the_middle_of_a_reply(
    home: Home, model: tuple[Path, int]
) -> None:
    create_chat_run(home, model[0])
    program = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", EXIT_PROGRAM, str(home.root)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=patience(),
        check=False,
    )
    assert (program.returncode, program.stdout.strip()) == (0, "bye"), program.stderr
