"""Feedback is kept as it was said, one row a reply, and deleted for good."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kakaobot.config import ROOT
from kakaobot.dataset.feedback import FeedbackEntry, FeedbackStore, SaidLine
from kakaobot.errors import DatasetError

ENTRY = FeedbackEntry(
    kind="good",
    run="main",
    adapter="best",
    step=70,
    room="밤 산책",
    persona="도담",
    user_name="마루",
    context=(SaidLine("마루", "자니?\u2028", from_user=True),),
    name="도담",
    reply="아직\n안 자",
)


def test_an_entry_is_read_back_as_it_was_stored(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path)
    number = store.add(ENTRY)
    assert store.entries() == [replace(ENTRY, id=number)]
    assert store.find(number).context[0].from_user is True


def test_a_second_word_about_a_reply_replaces_the_first(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path)
    store.add(ENTRY)
    store.add(replace(ENTRY, kind="edit", wanted="응, 산책 중"))
    store.add(replace(ENTRY, reply="쿨쿨"))
    assert [(entry.kind, entry.reply) for entry in store.entries()] == [
        ("edit", ENTRY.reply),
        ("good", "쿨쿨"),
    ]


def test_a_deleted_entry_leaves_no_byte_behind(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path)
    number = store.add(replace(ENTRY, reply="xyzzy-plugh " * 400))
    assert any(b"xyzzy-plugh" in file.read_bytes() for file in tmp_path.iterdir())
    store.delete(number)
    assert store.entries() == []
    assert not any(b"xyzzy" in file.read_bytes() for file in tmp_path.iterdir())
    with pytest.raises(DatasetError, match=f"{number}번"):
        store.delete(number)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "feedback"
    FeedbackStore(folder).add(ENTRY)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("damage", [b"no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_a_sentence(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "feedback.db").write_bytes(damage)
    with pytest.raises(DatasetError, match="손상되었습니다"):
        FeedbackStore(tmp_path).entries()


def test_a_row_of_another_program_is_a_sentence(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path)
    store.add(ENTRY)
    with sqlite3.connect(tmp_path / "feedback.db") as database:
        database.execute("UPDATE feedback SET context = '{'")
    with pytest.raises(DatasetError, match="손상되었습니다"):
        store.entries()


WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from kakaobot.dataset.feedback import FeedbackStore
from tests.dataset.test_feedback import ENTRY
store = FeedbackStore(Path(sys.argv[1]))
for number in range(10 ** 6):
    store.add(replace(ENTRY, reply=f"{number} " + "말" * 2000))
    print(number, flush=True)
"""


def test_a_kill_loses_at_most_the_row_being_written(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    for _ in range(20):
        last = int(writer.stdout.readline())
    writer.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    written = [last, *map(int, writer.stdout.read().split())]
    writer.wait()
    store = FeedbackStore(tmp_path)
    kept = [int(entry.reply.split()[0]) for entry in store.entries()]
    assert kept == list(range(len(kept)))
    assert len(kept) >= written[-1] + 1
    store.add(ENTRY)
    assert store.entries()[-1].reply == ENTRY.reply
