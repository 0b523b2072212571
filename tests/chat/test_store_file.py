"""The file of the conversations: who may read it, and what happens when it or its disk fails."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kakaobot.chat.lines import ChatLine
from kakaobot.chat.store import ConversationStore
from kakaobot.chat.store_file import FILE_NAME, StoreDamaged, StoreFile
from kakaobot.config import ROOT
from kakaobot.errors import ConversationError
from tests.patience import patience
from tests.permissions import obeyed_permissions
from tests.prepared_home import is_sentence
from tests.small_disk import small_disk

ON_WINDOWS = sys.platform == "win32"
WRITER = """
import sys
from pathlib import Path
from kakaobot.chat.lines import ChatLine
from kakaobot.chat.store import ConversationStore
store, name, count = ConversationStore(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
id, lines = "", []
for number in range(count):
    lines.append(ChatLine(name, f"{name} {number} " + "말" * (number % 7 * 300), number % 2 == 0))
    id = store.save(id, lines, {})
    # Deleting rewrites the whole file.
    store.delete(store.save("", [ChatLine(name, "곧 지울 말", True)], {}))
    print(id, number, flush=True)
"""


@pytest.fixture
def store(tmp_path: Path) -> ConversationStore:
    return ConversationStore(tmp_path / "chats")


def say(store: ConversationStore, *texts: str, id: str = "") -> str:
    return store.save(id, [ChatLine("", text, True) for text in texts], {})


def writer(folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name, str(count)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.skipif(ON_WINDOWS, reason="Windows has no such modes")
def test_the_folder_and_all_its_files_are_private(store, tmp_path):
    folder = tmp_path / "chats"
    with umask(0):
        say(store, "안녕")
        with StoreFile(folder).write() as database:
            database.execute("UPDATE lines SET text = 'ㅋ'")
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
        assert modes == {FILE_NAME: 0o600, f"{FILE_NAME}-journal": 0o600}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        # What another program has opened to others is closed again.
        folder.chmod(0o755)
        (folder / FILE_NAME).chmod(0o644)
        say(store, "안녕")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / FILE_NAME).stat().st_mode) == 0o600


def test_no_journal_is_left_behind(store, tmp_path):
    store.delete(say(store, "안녕"))
    say(store, "하나", "둘")
    assert [file.name for file in (tmp_path / "chats").iterdir()] == [FILE_NAME]


@pytest.mark.slow
def test_kills_in_the_middle_lose_no_line_that_was_saved(store, tmp_path):
    folder, rng = tmp_path / "chats", random.Random(5)
    saved: dict[str, int] = {}
    for round_ in range(4):
        process = writer(folder, f"글쓴이{round_}", 10_000)
        assert process.stdout is not None
        for _ in range(rng.randint(3, 25)):
            id, number = process.stdout.readline().split()
            saved[id] = int(number)
        process.kill()
        rest = process.communicate(timeout=patience())[0].splitlines()
        for id, number in (line.split() for line in rest if line.count(" ") == 1):
            saved[id] = int(number)
        assert len(saved) == round_ + 1
        for id, count in saved.items():
            # One more may have been saved and not been reported.
            kept = len(store.open(id).lines)
            assert count + 1 <= kept <= count + 2
    for summary in store.search("곧"):
        store.delete(summary.id)
    assert {summary.id for summary in store.search()} == set(saved)
    assert {file.name for file in folder.iterdir()} == {FILE_NAME}
    assert "곧 지울".encode() not in (folder / FILE_NAME).read_bytes()


@pytest.mark.slow
def test_the_window_and_the_command_line_write_at_once(store, tmp_path):
    processes = [writer(tmp_path / "chats", name, 25) for name in ("창", "터미널")]
    for process in processes:
        process.communicate(timeout=patience())
        assert process.returncode == 0
    assert [len(store.open(summary.id).lines) for summary in store.search()] == [25, 25]


def damaged(data: bytes, way: str) -> bytes:
    rng = random.Random(way)
    if way == "empty of meaning":
        return b"\x00" * len(data)
    if way == "text":
        return "나는 데이터베이스가 아니다".encode() * 400
    if way.startswith("cut"):
        return data[: len(data) // 4096 // 2 * 4096 + rng.randint(1, 4000)]
    changed = bytearray(data)
    for _ in range(60):
        start = rng.randrange(100, len(data) - 64)
        changed[start : start + 64] = rng.randbytes(64)
    return bytes(changed)


@pytest.mark.parametrize(
    "way", ["empty of meaning", "text", "cut", "cut 2", "noise", "noise 2", "noise 3"]
)
@pytest.mark.parametrize("first", ["list", "save", "delete"])
def test_a_damaged_file_is_kept_aside_and_named_once(store, tmp_path, way, first):
    for number in range(20):
        id = say(store, *(f"{number}번째 대화의 {line}번째 말" for line in range(40)))
    file = tmp_path / "chats" / FILE_NAME
    file.write_bytes(bad := damaged(file.read_bytes(), way))
    # As the program finds it when it starts again.
    store = ConversationStore(tmp_path / "chats")
    calls = {
        "list": store.search,
        "save": lambda: say(store, "새 말"),
        "delete": lambda: store.delete(id),
    }
    with pytest.raises(StoreDamaged) as caught:
        calls[first]()
    [aside] = tmp_path.glob("chats/damaged-*")
    assert is_sentence(str(caught.value))
    assert str(aside) in str(caught.value)
    assert aside.read_bytes() == bad
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600 or ON_WINDOWS
    assert store.search() == []
    assert say(store, "새 말") == store.last()
    assert len(list(file.parent.iterdir())) == 2


def test_damage_below_an_open_store_is_noticed(store, tmp_path):
    """The file was intact when it was first opened."""
    say(store, *("말" * 300 for _ in range(40)))
    file = tmp_path / "chats" / FILE_NAME
    data = bytearray(file.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    file.write_bytes(bytes(data))
    with pytest.raises(StoreDamaged):
        store.search()
    assert store.search() == []


def test_two_damaged_files_are_both_kept(store, tmp_path):
    for _ in range(2):
        say(store, "안녕")
        (tmp_path / "chats" / FILE_NAME).write_bytes(b"x" * 5000)
        with pytest.raises(StoreDamaged):
            store.search()
    assert len(list(tmp_path.glob("chats/damaged-*"))) == 2


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE bookmarks (url TEXT)"],
        ["CREATE TABLE bookmarks (url TEXT)", "PRAGMA user_version = 1"],
        ["PRAGMA user_version = 1", "PRAGMA application_id = 1801546593"],
    ],
)
def test_a_database_of_another_program_is_kept_aside(store, tmp_path, statements):
    folder = tmp_path / "chats"
    folder.mkdir()
    with sqlite3.connect(folder / FILE_NAME) as database:
        for statement in statements:
            database.execute(statement)
    with pytest.raises(StoreDamaged):
        store.search()
    assert store.search() == []


def test_a_file_of_a_newer_version_is_left_alone(store, tmp_path):
    say(store, "안녕")
    file = tmp_path / "chats" / FILE_NAME
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA user_version = 99")
    before = file.read_bytes()
    for call in (store.search, lambda: say(store, "새 말")):
        with pytest.raises(ConversationError, match="새로운 카카오봇"):
            call()
    assert file.read_bytes() == before


def test_a_kill_before_the_tables_exist_leaves_a_file_that_is_used(store, tmp_path):
    (tmp_path / "chats").mkdir()
    (tmp_path / "chats" / FILE_NAME).touch()
    assert store.search() == []
    assert say(store, "안녕") == store.last()


def test_a_file_that_vanishes_is_created_again(store, tmp_path):
    say(store, "안녕")
    shutil.rmtree(tmp_path / "chats")
    assert store.search() == []
    assert say(store, "안녕") == store.last()


@pytest.mark.skipif(ON_WINDOWS, reason="Windows has no such modes")
def test_a_read_only_folder_can_be_read(store, tmp_path):
    id = say(store, "안녕")
    folder = tmp_path / "chats"
    (folder / FILE_NAME).chmod(0o400)
    folder.chmod(0o500)
    with obeyed_permissions():
        assert [summary.id for summary in store.search("안녕")] == [id]
        assert len(store.open(id).lines) == 1
    folder.chmod(0o700)


@pytest.mark.skipif(ON_WINDOWS, reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o500, 0o000])
def test_where_no_folder_can_be_created_is_a_sentence(tmp_path, mode):
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(mode)
    store = ConversationStore(tmp_path / "data" / "chats")
    with obeyed_permissions(), pytest.raises(ConversationError) as caught:
        say(store, "안녕")
    (tmp_path / "data").chmod(0o700)
    assert is_sentence(str(caught.value))
    assert "권한" in str(caught.value)


def test_a_file_in_the_place_of_the_folder_is_a_sentence(store, tmp_path):
    (tmp_path / "chats").write_text("", encoding="utf-8")
    assert store.search() == []
    with pytest.raises(ConversationError) as caught:
        say(store, "안녕")
    assert is_sentence(str(caught.value))


def test_a_folder_in_the_place_of_the_file_is_a_sentence(store, tmp_path):
    (tmp_path / "chats" / FILE_NAME).mkdir(parents=True)
    for call in (store.search, lambda: say(store, "안녕")):
        with pytest.raises(ConversationError) as caught:
            call()
        assert is_sentence(str(caught.value))


@pytest.mark.skipif(ON_WINDOWS, reason="there is no small disk to be had")
def test_a_full_disk_keeps_what_was_saved(tmp_path):
    with small_disk(tmp_path / "disk", megabytes=1) as disk, limited_files(disk is None):
        store = ConversationStore((disk or tmp_path / "disk") / "chats")
        id = ""
        texts: list[str] = []
        with pytest.raises(ConversationError) as caught:
            for number in range(200):
                id = say(store, *texts, f"{number}" + "말" * 9_000, id=id)
                texts.append(f"{number}" + "말" * 9_000)
        assert is_sentence(str(caught.value))
        assert disk is None or "디스크에 자리가 없습니다." in str(caught.value)
        assert [kept.line.text for kept in store.open(id).lines] == texts
        # Everything is saved once there is room again.
        if disk:
            subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=False)
        store.delete(say(store, "다른 말"))


@contextmanager
def limited_files(needed: bool) -> Iterator[None]:
    """No file longer than half a megabyte, where there is no small disk."""
    if not needed:
        yield
        return
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
