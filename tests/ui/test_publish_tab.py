"""The inner tab "내보내기": what it tells before, during and after an export."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from kakaobot.app.chat import ChatService
from kakaobot.app.publishing import Publishing
from kakaobot.config import Home
from kakaobot.errors import AccessDenied
from kakaobot.runs.run import Run, Runs
from tests.conversion.tiny_models import save_lora, save_tiny
from tests.lasting_gate import lasting_gate
from ui.tabs.chat.publish import PublishHandlers

pytestmark = pytest.mark.slow
GATE = lasting_gate("귤")
ACCESS = GATE.authenticate("귤")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny("qwen3", tmp_path_factory.mktemp("base") / "base")


class Tab:
    """The handlers of one home with a run that has an adapter."""

    def __init__(self, home: Home, base: Path) -> None:
        self.home = home
        self.run = Runs(home.folder("checkpoints_lora")).get("main")
        create(self.run, base)
        self.publishing = Publishing(home, GATE)
        self.handlers = PublishHandlers(ChatService(home, GATE), self.publishing, GATE)


def create(run: Run, base: Path) -> None:
    run.create(
        {
            "base": {"name": str(base), "label": "바탕", "reason": "", "practice": True},
            "data": {"room": "", "persona": "이웃집고래", "people": [], "fingerprint": "0123abcd"},
        }
    )
    run.checkpoints.replace_adapter("best", lambda folder: save(base, folder))


def save(base: Path, folder: Path) -> None:
    save_lora(base, folder)


@pytest.fixture
def tab(home: Home, base: Path) -> Tab:
    return Tab(home, base)


def test_the_need_is_told_before_anything_is_written(tab):
    run, quant, needs = tab.handlers.refresh(ACCESS, None, "gguf", "f16")
    assert (run.value, quant.visible) == ("main", True)
    assert "디스크가" in needs
    assert "main-gguf" in needs
    _, quant, _ = tab.handlers.refresh(ACCESS, "main", "merged", "f16")
    assert quant.visible is False
    assert not tab.home.folder("data/published").exists()


def test_an_export_ends_with_the_folder_and_its_commands(tab):
    *during, (progress, result, start, stop) = tab.handlers.run(ACCESS, "main", "ollama", "f16")
    assert during
    assert all("kb-bar" in step[0] and step[3].visible for step in during)
    assert (progress, start.visible, stop.visible) == ("", True, False)
    folder = tab.home.folder("data/published") / "main-ollama"
    assert str(folder) in result
    assert "<code>ollama create kakaobot -f Modelfile</code>" in result
    assert (folder / "Modelfile").is_file()


def test_an_export_that_fails_says_why_and_what_to_do(tab, base, tmp_path):
    gone = tmp_path / "gone"
    shutil.copytree(base, gone)
    create(tab.run, gone)
    (gone / "model.safetensors").unlink()
    _, _, needs = tab.handlers.refresh(ACCESS, "main", "gguf", "f16")
    *_, (progress, result, start, _) = tab.handlers.run(ACCESS, "main", "gguf", "f16")
    for words in (needs, progress):
        assert "kb-warn" in words
        assert "Traceback" not in words
    assert (result, start.visible) == ("", True)
    assert not list(tab.home.folder("data/published").glob("*"))


def test_another_page_follows_and_cancels_an_export(tab, monkeypatch):
    reached, released = threading.Event(), threading.Event()
    publish = tab.publishing.publish

    def slow(access, publication, progress):
        def report(share, message):
            reached.set()
            released.wait(60)
            progress(share, message)

        return publish(access, publication, report)

    monkeypatch.setattr(tab.publishing, "publish", slow)
    first = tab.handlers.run(ACCESS, "main", "merged", "f16")
    next(first)
    assert reached.wait(60)
    other = tab.handlers.follow(ACCESS)
    assert "kb-bar" in next(other)[0]
    assert tab.handlers.stop(ACCESS).interactive is False
    released.set()
    for page in (first, other):
        *_, (progress, result, _, stop) = page
        assert "그만두었습니다" in progress
        assert (result, stop.visible) == ("", False)
    assert not list(tab.home.folder("data/published").glob("*"))


def test_a_locked_page_learns_nothing(tab):
    locked, room, run, _, needs, progress, result = tab.handlers.show_room(
        None, "main", "gguf", "f16"
    )
    assert (locked.visible, room.visible, run.choices) == (True, False, [])
    assert (needs, progress, result) == ("", "", "")
    assert all("main" not in str(value) for value in tab.handlers.refresh(None, "", "gguf", "f16"))
    with pytest.raises(AccessDenied):
        next(tab.handlers.run(None, "main", "gguf", "f16"))
    with pytest.raises(AccessDenied):
        tab.handlers.stop(None)


def test_an_export_goes_on_on_a_page_that_locks_but_shows_no_folder(tab):
    access = GATE.authenticate("귤")
    steps = tab.handlers.run(access, "main", "vllm", "f16")
    next(steps)
    GATE.revoke(access)
    *_, (progress, result, start, _) = steps
    assert (progress, result, start.visible) == ("", "", True)
