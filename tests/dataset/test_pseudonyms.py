"""Invented names: who gets which, and that no other is left in what is made."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.people import Participants
from kakaobot.app.training import Training
from kakaobot.config import Home, save
from kakaobot.dataset.name_replacement import NameReplacer
from kakaobot.dataset.pseudonyms import PseudonymStore
from kakaobot.errors import DatasetError, RunError
from tests.conftest import SAMPLE

NAMES = ("김도담", "서하늘🌙", "마루", "Kim May", "단추공장 공장장", "날씨봇")
SAID = (
    "도담아 {n}번 버스 타고 왔어",
    "하늘이가 {n}번째로 늦었대 마루는 어디야",
    "Kim May 그리고 단추공장 공장장님 {n}시에 봐요",
    "@서하늘🌙 김도담네 집 {n}층이야",
    "마루랑 도담이랑 {n}번 갔어",
    "오늘 기온은 {n}도입니다",
)


def export(
    folder: Path, room: str = "김도담", count: int = 240, names: tuple[str, ...] = NAMES
) -> Path:
    """A Windows export of one day; its room and its file bear a name too."""
    file = folder / f"KakaoTalk_Chat_{room}_2026.txt"
    lines = [f"{room} 님과 카카오톡 대화", "저장한 날짜 : 2026-05-01 10:00:00", ""]
    lines.append("--------------- 2026년 4월 1일 수요일 ---------------")
    for n in range(count):
        place = n % len(names)
        clock = f"오후 {1 + n // 60}:{n % 60:02d}"
        lines.append(f"[{names[place]}] [{clock}] {SAID[place % len(SAID)].format(n=n)}")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def datasets(home: Home, bases: BaseModels, tmp_path: Path) -> Datasets:
    save(home.settings_file, {"data.pseudonyms": True, "data.merge_gap_minutes": 0})
    Exports(home).import_files([export(tmp_path)])
    return Datasets(home, bases)


def made(home: Home) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in home.folder("data/sft").iterdir()}


def test_no_real_name_is_left_in_any_file(home: Home, datasets: Datasets) -> None:
    report = datasets.build()
    assert report.has_pseudonyms
    files = made(home)
    assert set(files) == {"train.jsonl", "val.jsonl", "stats.json", "preview.json", "report.html"}
    for name in (*NAMES, "서하늘", "하늘", "도담", "May", "공장"):
        for file, raw in files.items():
            assert name.encode() not in raw, (file, name)
            assert json.dumps(name)[1:-1].encode() not in raw
    everybody = PseudonymStore(home).known()
    assert set(report.participants) == set(everybody.values())
    for invented in everybody.values():
        assert invented.encode() in files["train.jsonl"]


def test_the_sample_holds_no_name(home: Home, bases: BaseModels) -> None:
    save(home.settings_file, {"data.pseudonyms": True, "data.persona": "도담"})
    Exports(home).import_files([SAMPLE])
    report = Datasets(home, bases).build()
    assert report.persona == PseudonymStore(home).known()["도담"]
    for raw in made(home).values():
        assert not [name for name in ("도담", "마루", "은솔", "하늘") if name.encode() in raw]


def test_the_same_input_gives_the_same_bytes(home: Home, datasets: Datasets) -> None:
    datasets.build()
    rows = {"train.jsonl", "val.jsonl", "preview.json"}
    before = made(home)
    datasets.build()
    after = made(home)
    assert {name: after[name] for name in rows} == {name: before[name] for name in rows}


def test_a_person_keeps_the_name_over_new_files_and_other_rooms(
    home: Home, datasets: Datasets, tmp_path: Path
) -> None:
    datasets.build()
    before = PseudonymStore(home).known()
    strangers = tuple(f"손님 {number}호" for number in range(60))
    Exports(home).import_files([export(tmp_path, "모임", names=(*NAMES, *strangers))])
    datasets.build()
    after = PseudonymStore(home).known()
    assert {name: after[name] for name in before} == before
    assert set(strangers) <= set(after)
    # What was given counts, not what would be given today.
    file = home.folder("data/raw") / "pseudonyms.json"
    kept = json.loads(file.read_text(encoding="utf-8"))
    kept["names"]["마루"] = "옛날 고래"
    file.write_text(json.dumps(kept), encoding="utf-8")
    assert "옛날 고래" in datasets.build().participants


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_who_is_who_is_for_the_users_eyes_only(home: Home, datasets: Datasets) -> None:
    before = os.umask(0)
    try:
        datasets.build()
    finally:
        os.umask(before)
    file = home.folder("data/raw") / "pseudonyms.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not list(file.parent.glob("*.new"))


def test_the_salt_is_a_homes_own(home: Home, datasets: Datasets, tmp_path: Path) -> None:
    datasets.build()
    other = Home(tmp_path / "other")
    save_to = other.settings()
    assert not save_to.data.pseudonyms
    assert PseudonymStore(other).names(NAMES) != PseudonymStore(home).known()


def test_a_damaged_file_is_told_and_stays(home: Home, datasets: Datasets) -> None:
    datasets.build()
    file = home.folder("data/raw") / "pseudonyms.json"
    for broken in ("{", "[]", '{"salt": "x"}', '{"salt": "x", "names": []}'):
        file.write_text(broken, encoding="utf-8")
        with pytest.raises(DatasetError, match=r"pseudonyms\.json"):
            datasets.build()
        assert file.read_text(encoding="utf-8") == broken


def test_a_program_is_still_known_as_one(home: Home, datasets: Datasets) -> None:
    report = datasets.build()
    assert dict(report.removed)["봇의 말"] == 40
    assert PseudonymStore(home).known()["날씨봇"].endswith("로봇")


def test_another_name_of_somebody_leads_to_the_same(
    home: Home, datasets: Datasets, tmp_path: Path
) -> None:
    Participants(home).merge_names("김도담", ["마루"])
    datasets.build()
    assert PseudonymStore(home).names()["마루"] == PseudonymStore(home).names()["김도담"]
    assert "마루".encode() not in made(home)["train.jsonl"]


def test_what_is_masked_is_masked_and_not_renamed(home: Home, datasets: Datasets) -> None:
    save(home.settings_file, {"data.mask_words": ["도담"]})
    datasets.build()
    assert "<가린말>아" in made(home)["train.jsonl"].decode()


def test_who_is_left_out_is_left_out_under_any_name(
    home: Home, bases: BaseModels, datasets: Datasets
) -> None:
    training = Training(home, bases)
    datasets.build()
    assert training.snapshot().can_start
    save(home.settings_file, {"data.exclude_people": ["마루"]})
    with pytest.raises(RunError, match="빼기로 한 '마루'"):
        training.start()
    report = datasets.build()
    assert dict(report.removed)["빼기로 한 사람의 말"] == 40
    assert PseudonymStore(home).known()["마루"] not in report.participants
    assert training.snapshot().can_start


def test_data_with_real_names_is_not_learnt_once_they_are_unwanted(
    home: Home, bases: BaseModels, datasets: Datasets
) -> None:
    training = Training(home, bases)
    save(home.settings_file, {"data.pseudonyms": False})
    report = datasets.build()
    assert not report.has_pseudonyms
    assert "김도담" in report.participants
    assert not (home.folder("data/raw") / "pseudonyms.json").exists()
    assert datasets.outdated_reason(report) == ""
    save(home.settings_file, {"data.pseudonyms": True})
    assert "실제 이름" in datasets.outdated_reason(report)
    with pytest.raises(RunError, match="실제 이름"):
        training.start()
    # Invented names harm nobody who no longer asks for them.
    report = datasets.build()
    save(home.settings_file, {"data.pseudonyms": False})
    assert datasets.outdated_reason(report) == ""


def test_the_table_shows_who_will_be_called_what(home: Home, datasets: Datasets) -> None:
    shown = {person.name: person.pseudonym for person in datasets.participants()}
    assert set(shown) == set(NAMES)
    report = datasets.build()
    assert set(report.participants) == set(shown.values())
    save(home.settings_file, {"data.pseudonyms": False})
    assert {person.pseudonym for person in datasets.participants()} == {""}


def test_a_person_is_learnt_under_the_invented_name(home: Home, datasets: Datasets) -> None:
    save(home.settings_file, {"data.persona": "김도담", "data.room": "김도담"})
    report = datasets.build()
    invented = PseudonymStore(home).known()["김도담"]
    assert (report.persona, report.room) == (invented, invented)
    row = json.loads(made(home)["train.jsonl"].decode().splitlines()[0])
    assert (row["persona"], row["room"]) == (invented, invented)
    said = [each["content"] for each in row["messages"]]
    assert NameReplacer({"김도담": invented}).replace("도담아") in " ".join(said)
