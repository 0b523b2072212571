"""Which engine a chat loads, and what is converted for it in the background; all of it real."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from kakaobot.app import chat_engines
from kakaobot.app.auth import PasswordGate
from kakaobot.app.chat import ChatService
from kakaobot.app.chat_engines import ChatEngines
from kakaobot.app.storage import Storage
from kakaobot.base.generation import Sampling
from kakaobot.chat.engine import Engine
from kakaobot.chat.engine_choice import MEASURED, is_faster
from kakaobot.chat.lines import ChatLine
from kakaobot.chat.llama_engine import LlamaEngine
from kakaobot.chat.llama_process import NOT_INSTALLED
from kakaobot.chat.protocol import NEVER, ChatModel
from kakaobot.config import Home, save
from kakaobot.publish.target_folder import CONVERTED_FOLDER
from kakaobot.runs.checkpoints import adapter_gguf
from kakaobot.runs.run import Run
from tests.chat_models import LONG_REPLIES, create_chat_run, save_starter_with_adapter
from tests.patience import wait_for

SHORT = {**LONG_REPLIES, "generation.max_new_tokens": 8, "generation.temperature": 0}
ASKED = [ChatLine("마루", "안녕? 오늘 뭐 해?", from_user=True)]
SAMPLING = Sampling(4, temperature=0.0, top_p=1.0, top_k=0, repetition_penalty=1.0)


class Room:
    """A home with one run on the starter."""

    def __init__(self, home: Home, folder: Path, engine: str) -> None:
        save_starter_with_adapter(folder)
        self.home = home
        self.run: Run = create_chat_run(home, folder)
        save(home.settings_file, {**SHORT, "model.chat_engine": engine})
        self.base = folder / "base"
        self.adapter = self.run.path / "adapter_best"
        self.engines = ChatEngines(home)

    def load(self) -> ChatModel:
        settings = self.home.settings()
        return self.engines.load(
            str(self.base), self.adapter, settings, threading.Event(), lambda share: None
        )

    def converted(self) -> list[Path]:
        return [*self.home.folder(CONVERTED_FOLDER).glob("*"), *self.run.path.glob("*.gguf")]


@pytest.fixture
def cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_engines, "_has_gpu", lambda: False)


def test_the_first_engine_answers_until_the_conversion_is_done(home: Home, tmp_path: Path) -> None:
    room = Room(home, tmp_path / "model", "llama.cpp")
    ready = threading.Event()
    room.engines.ready = ready.set
    assert isinstance(room.load(), Engine)
    assert room.engines.wait(60)
    assert ready.is_set()
    assert room.engines.note == ""
    model = room.load()
    assert isinstance(model, LlamaEngine)
    assert model.size == sum(file.stat().st_size for file in room.converted())
    model.close()


def test_a_chat_goes_on_with_llama_cpp_once_it_can(home: Home, tmp_path: Path) -> None:
    room = Room(home, tmp_path / "model", "llama.cpp")
    gate = PasswordGate("바다")
    access = gate.authenticate("바다")
    chat = ChatService(home, gate, engines=room.engines)
    first = list(chat.reply(access, ASKED))[-1]
    assert room.engines.wait(60)
    later = [*ASKED, ChatLine("도담", " ".join(first.bubbles), from_user=False), *ASKED]
    assert list(chat.reply(access, later))[-1].done
    assert isinstance(chat._model._model, LlamaEngine)
    # It stays in memory, and goes with it.
    model = chat._model._model
    list(chat.reply(access, [*later, *later]))
    assert chat._model._model is model
    child = model._process._process
    del model
    chat.unload()
    wait_for(lambda: child.poll() is not None)


def test_the_conversion_is_made_once_and_again_for_a_new_adapter(
    home: Home, tmp_path: Path
) -> None:
    room = Room(home, tmp_path / "model", "llama.cpp")
    settings = home.settings()
    room.engines.prepare(str(room.base), room.adapter, settings)
    assert room.engines.wait(60)
    before = {file: file.stat().st_mtime_ns for file in room.converted()}
    assert len(before) == 2
    room.engines.prepare(str(room.base), room.adapter, settings)
    assert room.engines.wait(60)
    assert {file: file.stat().st_mtime_ns for file in room.converted()} == before

    old = adapter_gguf(room.adapter)
    create_chat_run(home, tmp_path / "model")
    save(home.settings_file, {**SHORT, "model.chat_engine": "llama.cpp"})
    assert adapter_gguf(room.adapter) != old
    room.engines.prepare_newest()
    assert room.engines.wait(60)
    assert adapter_gguf(room.adapter).is_file()
    assert not old.exists()
    assert len(room.converted()) == 2


def test_what_was_learned_is_counted_and_erased_with_its_run(home: Home, tmp_path: Path) -> None:
    room = Room(home, tmp_path / "model", "llama.cpp")
    room.engines.prepare_newest()
    assert room.engines.wait(60)
    things = {thing.kind: thing for thing in Storage(home).things()}
    assert room.run.path in things["run"].roots
    assert things["run"].size > adapter_gguf(room.adapter).stat().st_size
    assert things["converted"].files == 1


def test_transformers_converts_nothing(home: Home, tmp_path: Path, cpu: None) -> None:
    room = Room(home, tmp_path / "model", "transformers")
    assert isinstance(room.load(), Engine)
    room.engines.prepare_newest()
    assert room.engines.wait(60)
    assert room.converted() == []
    assert room.engines.note == ""


@pytest.mark.parametrize("has_gpu", [False, True])
def test_auto_follows_the_table_on_a_cpu_only(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_gpu: bool
) -> None:
    room = Room(home, tmp_path / "model", "auto")
    monkeypatch.setattr(chat_engines, "_has_gpu", lambda: has_gpu)
    for faster in (False, True):
        monkeypatch.setattr(chat_engines, "is_faster", lambda _, faster=faster: faster)
        assert isinstance(room.load(), Engine)
        assert room.engines.wait(60)
        assert bool(room.converted()) == (faster and not has_gpu)


def test_the_size_of_a_base_chooses_among_what_was_measured() -> None:
    for speed in MEASURED:
        expected = min(speed.decode, speed.candidates) >= 1.2
        assert is_faster(speed.parameters) == is_faster(int(speed.parameters * 1.3)) == expected
    assert is_faster(1_700_000_000) == is_faster(MEASURED[-1].parameters)


def test_without_the_package_the_first_engine_answers_and_a_sentence_says_why(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room(home, tmp_path / "model", "llama.cpp")
    monkeypatch.setattr(chat_engines, "is_installed", lambda: False)
    assert isinstance(room.load(), Engine)
    assert room.engines.note == NOT_INSTALLED
    assert room.converted() == []
    gate = PasswordGate("바다")
    chat = ChatService(home, gate, engines=room.engines)
    before = chat.memory_version()
    assert chat.memory(gate.authenticate("바다")).note == NOT_INSTALLED
    room.engines.note = ""
    assert chat.memory_version() != before


def test_a_damaged_file_leaves_the_chat_to_the_first_engine(home: Home, tmp_path: Path) -> None:
    room = Room(home, tmp_path / "model", "llama.cpp")
    room.engines.prepare_newest()
    assert room.engines.wait(60)
    # Whole by its header, but of nothing that llama.cpp knows.
    target = adapter_gguf(room.adapter)
    raw = target.read_bytes()
    assert raw.count(b"qwen3") >= 1
    target.write_bytes(raw.replace(b"qwen3", b"qwenX"))
    model = room.load()
    assert isinstance(model, Engine)
    assert "llama.cpp" in room.engines.note
    assert list(model.stream_reply([], SAMPLING, cancelled=NEVER))
    # It is not converted again and again.
    assert isinstance(room.load(), Engine)
    assert target.read_bytes() != raw

    # A file that was cut short is written anew.
    fresh = ChatEngines(home)
    target.write_bytes(raw[:-100])
    fresh.prepare_newest()
    assert fresh.wait(60)
    assert target.read_bytes() == raw


def test_a_conversion_that_fails_says_why(home: Home, tmp_path: Path) -> None:
    room = Room(home, tmp_path / "model", "llama.cpp")
    home.folder(CONVERTED_FOLDER).parent.mkdir(parents=True, exist_ok=True)
    home.folder(CONVERTED_FOLDER).write_text("a file in its place", encoding="utf-8")
    assert isinstance(room.load(), Engine)
    assert room.engines.wait(60)
    assert room.engines.note.startswith("더 빨리 대답하도록 바꾸지 못해")
    assert not list(room.run.path.glob("*.gguf"))


def test_a_base_that_llama_cpp_does_not_know_stays_with_the_first_engine(
    home: Home, tmp_path: Path
) -> None:
    room = Room(home, tmp_path / "model", "llama.cpp")
    config = room.base / "config.json"
    config.write_text(
        config.read_text(encoding="utf-8").replace('"silu"', '"gelu"'), encoding="utf-8"
    )
    assert isinstance(room.load(), Engine)
    assert "gelu" in room.engines.note
    assert room.converted() == []
