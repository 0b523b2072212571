"""A dataset says what has changed since it was built, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.participants import Participants
from kakaobot.config import Home, save
from tests.conftest import SAMPLE

OTHER_ROOM = """{room} 님과 카카오톡 대화
저장한 날짜 : 2026-05-01 10:00:00

--------------- 2026년 4월 1일 수요일 ---------------
[누리] [오후 1:00] 내일 뭐 해?
[보람] [오후 1:01] 아무것도 안 해
"""


@pytest.fixture
def datasets(home: Home, bases: BaseModels) -> Datasets:
    Exports(home).import_files([SAMPLE])
    return Datasets(home, bases)


def import_other_room(home: Home, folder: Path, room: str = "낚시 모임") -> None:
    file = folder / f"{room}.txt"
    file.write_text(OTHER_ROOM.format(room=room), encoding="utf-8")
    Exports(home).import_files([file])


def merge_names(home: Home, folder: Path) -> None:
    room = Participants(home).rooms()[0].room
    Participants(home).merge_names("도담", ["은솔"], room=room)


CHANGES: dict[str, tuple[Callable[[Home, Path], object], str]] = {
    "person": (
        lambda home, _: save(home.settings_file, {"data.persona": "도담"}),
        "'가져온 모든 방 · 방 전체' 용인데 지금 고른 것은 '가져온 모든 방 · 도담' 입니다.",
    ),
    "setting": (
        lambda home, _: save(home.settings_file, {"data.session_gap_minutes": 30}),
        "바뀐 설정이 있습니다: data.session_gap_minutes.",
    ),
    "length": (
        lambda home, _: save(home.settings_file, {"training.max_seq_len": 64}),
        "바뀐 설정이 있습니다: training.max_seq_len.",
    ),
    "file": (import_other_room, "만든 뒤 가져온 파일이 1개"),
    "names": (merge_names, "사람 이름을 합치거나 나누었습니다."),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_told_until_the_next_build(
    home: Home, datasets: Datasets, tmp_path: Path, change: str
) -> None:
    report = datasets.build()
    assert datasets.changes_since(report) == ()
    make, sentence = CHANGES[change]
    make(home, tmp_path)
    (told,) = datasets.changes_since(report)
    assert sentence in told
    assert datasets.changes_since(datasets.build()) == ()


def test_settings_that_no_build_reads_change_nothing(home: Home, datasets: Datasets) -> None:
    report = datasets.build()
    save(home.settings_file, {"lora.r": 4, "generation.temperature": 0.5, "training.max_steps": 9})
    assert datasets.changes_since(report) == ()


def test_a_file_of_another_room_changes_nothing(
    home: Home, datasets: Datasets, tmp_path: Path
) -> None:
    save(home.settings_file, {"data.room": datasets.rooms()[0]})
    report = datasets.build()
    import_other_room(home, tmp_path)
    assert datasets.changes_since(report) == ()


def test_pseudonyms_change_nothing_and_are_kept_without_names(
    home: Home, datasets: Datasets
) -> None:
    save(
        home.settings_file,
        {"data.pseudonyms": True, "data.persona": "도담", "data.mask_words": ["초록 대문"]},
    )
    report = datasets.build()
    assert datasets.changes_since(report) == ()
    assert "data.mask_words" not in report.inputs
    save(home.settings_file, {"data.persona": "마루"})
    assert "지금 고른 것은 '가져온 모든 방 · 마루'" in datasets.changes_since(report)[0]


def test_a_report_of_an_older_version_tells_whom_it_imitates(
    home: Home, datasets: Datasets
) -> None:
    report = replace(datasets.build(), inputs={})
    save(home.settings_file, {"data.session_gap_minutes": 30})
    assert datasets.changes_since(report) == ()
    save(home.settings_file, {"data.persona": "마루"})
    assert "마루" in datasets.changes_since(report)[0]
