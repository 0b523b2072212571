"""One look: what is asked several times is read once, and never kept for the next look."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import psutil
import pytest

from kakaobot.config import Home
from kakaobot.one_look import asked_once, one_look
from kakaobot.runs.run import Run, Runs
from kakaobot.runs.status import Status
from tests.conftest import write_password
from ui.pulse import Pulse
from ui.services import Services


class Shelf:
    def __init__(self) -> None:
        self.read = 0

    @asked_once(lambda self, name: name)
    def book(self, name: str) -> str:
        self.read += 1
        if name == "missing":
            raise FileNotFoundError(name)
        return f"{name} {self.read}"


def test_a_look_reads_each_thing_once() -> None:
    shelf = Shelf()
    with one_look():
        assert shelf.book("a") == shelf.book("a") == "a 1"
        assert shelf.book("b") == "b 2"
    with one_look():
        assert shelf.book("a") == "a 3"
    assert (shelf.book("a"), shelf.book("a")) == ("a 4", "a 5")


def test_another_thread_looks_itself() -> None:
    shelf = Shelf()
    with one_look():
        shelf.book("a")
        thread = threading.Thread(target=shelf.book, args=("a",))
        thread.start()
        thread.join()
    assert shelf.read == 2


def test_an_error_is_no_answer() -> None:
    shelf = Shelf()
    with one_look():
        for _ in range(2):
            with pytest.raises(FileNotFoundError):
                shelf.book("missing")
    assert shelf.read == 2


@pytest.fixture
def run(home: Home) -> Run:
    """A live run, whose worker is this process."""
    write_password(home)
    run = Runs(home.folder("checkpoints_lora")).get("main")
    run.create({"created_at": "2026-05-01 09:30", "base": {}, "data": {}, "settings": {}})
    run.worker.record_start(os.getpid())
    run.write_status(Status("running", 1, 100, loss=2.0))
    return run


def test_a_pulse_looks_at_the_worker_once(
    home: Home, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    process = psutil.Process

    def look(pid: int) -> psutil.Process:
        looks.append(pid)
        return process(pid)

    pulse = Pulse(Services.from_home(home))
    query = {"of": "gate,erased,workflow,building,training", "live": "status,card,chart"}
    pulse.answer(None, query)
    monkeypatch.setattr("kakaobot.runs.liveness.psutil.Process", look)
    run.write_status(Status("running", 2, 100, loss=1.9))
    live = pulse.answer(None, query)["live"]
    assert isinstance(live, dict) and "2 / 100" in live["card"]
    assert looks == [os.getpid()]


def test_a_worker_that_dies_is_seen_by_the_next_pulse(home: Home, run: Run) -> None:
    worker = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    run.worker.record_start(worker.pid)
    run.write_status(Status("running", 2, 100, loss=1.9))
    pulse, query = Pulse(Services.from_home(home)), {"of": "training", "live": "card"}
    before = pulse.answer(None, query)["versions"]
    # No file changes.
    worker.kill()
    worker.communicate()
    assert pulse.answer(None, query)["versions"] != before
