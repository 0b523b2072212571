from __future__ import annotations

from pathlib import Path

import pytest

from kakaobot import rows
from kakaobot.dataset import store
from kakaobot.errors import DatasetError
from kakaobot.records import ChatMessage, Conversation

ROW = Conversation(
    "id1",
    "방",
    "가",
    (ChatMessage("user", "줄\n바꿈 \u2028 ok", "나"), ChatMessage("assistant", "ㅇㅇ", learn=True)),
    ("a:1", "a:2"),
    ("2026-03-01T12:00:00", "2026-03-01T12:01:00"),
)


def test_rows_are_read_back_as_they_were(tmp_path: Path) -> None:
    store.write(tmp_path, {store.TRAIN: rows.dump([ROW, ROW])})
    assert rows.read(tmp_path / store.TRAIN) == [ROW, ROW]


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    store.write(tmp_path, {store.TRAIN: rows.dump([ROW]) + '{"id": 1}\n'})
    with pytest.raises(DatasetError, match="2번째 줄"):
        rows.read(tmp_path / store.TRAIN)


def test_a_missing_file_says_what_to_do_first(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="preprocess"):
        rows.read(tmp_path / store.TRAIN)


def test_the_fingerprint_tells_data_apart() -> None:
    assert store.fingerprint("가", "나") != store.fingerprint("가나", "")
    assert store.fingerprint("가", "나") == store.fingerprint("가", "나")
