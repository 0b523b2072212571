"""The bundled sample room in the four main formats."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from kakaobot.exports.reader import Export, read_export
from tests.exports.rooms import merge

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "data" / "sample"
FILES = sorted(SAMPLE.glob("sample_*"))


def make_sample() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_sample", ROOT / "scripts/make_sample.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_sample"] = module
    spec.loader.exec_module(module)
    return module


def read(path: Path) -> Export:
    # Only the file name of macOS contains the room name.
    csv_name = "KakaoTalk_Chat_주말 보드게임방_2026-05-01-09-30-12.csv"
    return read_export(path, name=csv_name if path.suffix == ".csv" else None)


def test_there_is_a_sample_of_every_main_format() -> None:
    assert {read(path).format for path in FILES} == {"W-KO", "A-KO", "I-KO", "M-CSV"}


def test_the_sample_files_match_the_script() -> None:
    rendered = make_sample().render((SAMPLE / "room.txt").read_text(encoding="utf-8"))
    assert rendered == {path.name: path.read_bytes() for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_line_of_a_sample_is_understood(path: Path) -> None:
    export = read(path)
    assert export.not_understood == ()
    assert export.room == "주말 보드게임방"
    assert sum(vars(export.counts).values()) == export.lines
    assert len(export.people) == 4
    assert {message.kind for message in export.messages} == {"text", "media", "system", "deleted"}


def test_all_samples_hold_the_same_messages() -> None:
    rooms = [
        [
            (m.at.replace(second=0), m.sender, m.text, m.kind)
            for m in read(path).messages
            if m.kind != "system"
        ]
        for path in FILES
    ]
    assert 650 <= len(rooms[0]) <= 800
    assert all(room == rooms[0] for room in rooms)


def test_the_samples_merge_into_one_room_without_duplicates() -> None:
    exports = [read_export(path) for path in FILES]
    histories = merge(exports)
    assert [history.room for history in histories] == ["주말 보드게임방"]
    assert len(histories[0].messages) == len(exports[0].messages)
