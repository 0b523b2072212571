from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kakaobot.dataset import artifacts, jsonl
from kakaobot.dataset.build_report import report_from_json, report_to_json
from kakaobot.errors import DatasetError
from kakaobot.schema import ChatMessage, Conversation
from tests.ui.window_fakes import REPORT

ROW = Conversation(
    "id1",
    "방",
    "가",
    (
        ChatMessage("user", "줄\n바꿈 \u2028 ok", "나"),
        ChatMessage("assistant", "ㅇㅇ", is_target=True),
    ),
    ("a:1", "a:2"),
    ("2026-03-01T12:00:00", "2026-03-01T12:01:00"),
)


def test_rows_round_trip(tmp_path: Path) -> None:
    with artifacts.ArtifactDraft(tmp_path) as draft:
        draft.write(artifacts.TRAIN, jsonl.dump_rows([ROW, ROW]))
    assert jsonl.read_rows(tmp_path / artifacts.TRAIN) == [ROW, ROW]


def test_damaged_line_is_reported_by_number(tmp_path: Path) -> None:
    with artifacts.ArtifactDraft(tmp_path) as draft:
        draft.write(artifacts.TRAIN, [*jsonl.dump_rows([ROW]), '{"id": 1}\n'])
    with pytest.raises(DatasetError, match="2번째 줄"):
        jsonl.read_rows(tmp_path / artifacts.TRAIN)


def test_bytes_that_are_no_text_are_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / artifacts.TRAIN).write_bytes(b"\xff\xfe\n")
    with pytest.raises(DatasetError, match="손상"):
        jsonl.read_rows(tmp_path / artifacts.TRAIN)


@pytest.mark.parametrize("text", ["[" * 100_000, "{", "\udcff"])
def test_damaged_json_reads_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / artifacts.STATS).write_bytes(text.encode(errors="surrogateescape"))
    assert artifacts.read_json(tmp_path, artifacts.STATS) is None


@pytest.mark.parametrize("damage", [{"effects": [1]}, {"figures": [1]}, {"speeches": [[]]}])
def test_damaged_report_reads_as_none(damage: dict[str, object]) -> None:
    stats = report_to_json(REPORT)
    assert report_from_json(stats, []) is not None
    assert report_from_json({**stats, **damage}, []) is None


def test_missing_file_points_to_preprocess(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="preprocess"):
        jsonl.read_rows(tmp_path / artifacts.TRAIN)


def fingerprint(folder: Path, train: list[str], val: list[str], settings: str) -> str:
    with artifacts.ArtifactDraft(folder) as draft:
        draft.write(artifacts.TRAIN, train)
        draft.write(artifacts.VAL, val)
        draft.write_unhashed(artifacts.STATS, "{}")
        return draft.fingerprint(settings)


def test_fingerprint_depends_on_rows_split_and_settings(tmp_path: Path) -> None:
    first = fingerprint(tmp_path, ["가", "나"], ["다"], "설정")
    assert fingerprint(tmp_path, ["가나"], ["다"], "설정") == first
    others = [(["가"], ["나", "다"], "설정"), (["가나"], ["다"], "다른 설정"), ([], [], "")]
    assert first not in {fingerprint(tmp_path, *other) for other in others}


def test_old_files_stay_until_all_new_ones_are_written(tmp_path: Path) -> None:
    with artifacts.ArtifactDraft(tmp_path) as draft:
        draft.write(artifacts.TRAIN, ["old"])

    def failing_parts() -> Iterator[str]:
        yield "new"
        raise RuntimeError

    with pytest.raises(RuntimeError), artifacts.ArtifactDraft(tmp_path) as draft:
        draft.write(artifacts.VAL, ["new"])
        draft.write(artifacts.TRAIN, failing_parts())
    assert [file.name for file in tmp_path.iterdir()] == [artifacts.TRAIN]
    assert (tmp_path / artifacts.TRAIN).read_text(encoding="utf-8") == "old"
