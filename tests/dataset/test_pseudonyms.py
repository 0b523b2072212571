"""Pseudonyms are invented and stored, and leave no real name in a dataset."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.participants import Participants
from kakaobot.app.training import Training
from kakaobot.config import Home, save
from kakaobot.dataset import artifacts
from kakaobot.dataset.name_replacement import NameReplacer
from kakaobot.dataset.pseudonyms import PseudonymStore, invent_pseudonyms
from kakaobot.errors import DatasetError, RunError
from tests.conftest import SAMPLE

NAMES = ("김도담", "서하늘🌙", "마루", "Kim May", "단추공장 공장장", "날씨봇")
TEMPLATES = (
    "도담아 {n}번 버스 타고 왔어",
    "하늘이가 {n}번째로 늦었대 마루는 어디야",
    "Kim May 그리고 단추공장 공장장님 {n}시에 봐요",
    "@서하늘🌙 김도담네 집 {n}층이야",
    "마루랑 도담이랑 {n}번 갔어",
    "오늘 기온은 {n}도입니다",
)


def write_export(
    folder: Path, room: str = "김도담", count: int = 240, names: tuple[str, ...] = NAMES
) -> Path:
    """Write a Windows export of one day, whose room and file are named after a participant."""
    file = folder / f"KakaoTalk_Chat_{room}_2026.txt"
    lines = [f"{room} 님과 카카오톡 대화", "저장한 날짜 : 2026-05-01 10:00:00", ""]
    lines.append("--------------- 2026년 4월 1일 수요일 ---------------")
    for n in range(count):
        member = n % len(names)
        clock = f"오후 {1 + n // 60}:{n % 60:02d}"
        text = TEMPLATES[member % len(TEMPLATES)].format(n=n)
        lines.append(f"[{names[member]}] [{clock}] {text}")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def datasets(home: Home, bases: BaseModels, tmp_path: Path) -> Datasets:
    save(home.settings_file, {"data.pseudonyms": True, "data.merge_gap_minutes": 0})
    Exports(home).import_files([write_export(tmp_path)])
    return Datasets(home, bases)


def dataset_files(home: Home) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in home.folder("data/sft").iterdir()}


def test_no_real_name_is_left_in_any_file(home: Home, datasets: Datasets) -> None:
    report = datasets.build()
    assert report.has_pseudonyms
    files = dataset_files(home)
    assert set(files) == set(artifacts.FILES)
    for name in (*NAMES, "서하늘", "하늘", "도담", "May", "공장"):
        for file, raw in files.items():
            assert name.encode() not in raw, (file, name)
            assert json.dumps(name)[1:-1].encode() not in raw
    pseudonyms = PseudonymStore(home).known()
    assert set(report.participants) == set(pseudonyms.values())
    for pseudonym in pseudonyms.values():
        assert pseudonym.encode() in files["train.jsonl"]


def test_dataset_of_the_sample_has_no_real_name(home: Home, bases: BaseModels) -> None:
    save(home.settings_file, {"data.pseudonyms": True, "data.persona": "도담"})
    Exports(home).import_files([SAMPLE])
    report = Datasets(home, bases).build()
    assert report.persona == PseudonymStore(home).known()["도담"]
    for raw in dataset_files(home).values():
        assert not [name for name in ("도담", "마루", "은솔", "하늘") if name.encode() in raw]


def test_rebuilding_gives_the_same_bytes(home: Home, datasets: Datasets) -> None:
    datasets.build()
    reproducible = {"train.jsonl", "val.jsonl", "preview.json"}
    before = dataset_files(home)
    datasets.build()
    after = dataset_files(home)
    assert {name: after[name] for name in reproducible} == {
        name: before[name] for name in reproducible
    }


def test_pseudonyms_survive_new_files_and_rooms(
    home: Home, datasets: Datasets, tmp_path: Path
) -> None:
    datasets.build()
    before = PseudonymStore(home).known()
    strangers = tuple(f"손님 {number}호" for number in range(60))
    Exports(home).import_files([write_export(tmp_path, "모임", names=(*NAMES, *strangers))])
    datasets.build()
    after = PseudonymStore(home).known()
    assert {name: after[name] for name in before} == before
    assert set(strangers) <= set(after)
    # The stored pseudonym counts, not the one that would be invented today.
    file = home.folder("data/raw") / "pseudonyms.json"
    stored = json.loads(file.read_text(encoding="utf-8"))
    stored["names"]["마루"] = "옛날 고래"
    file.write_text(json.dumps(stored), encoding="utf-8")
    assert "옛날 고래" in datasets.build().participants


@pytest.mark.skipif(os.name == "nt", reason="Windows has no file modes")
def test_only_the_user_may_read_the_file(home: Home, datasets: Datasets) -> None:
    before = os.umask(0)
    try:
        datasets.build()
    finally:
        os.umask(before)
    file = home.folder("data/raw") / "pseudonyms.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not list(file.parent.glob("*.new"))


def test_each_home_has_its_own_salt(home: Home, datasets: Datasets, tmp_path: Path) -> None:
    datasets.build()
    other = Home(tmp_path / "other")
    assert not other.settings().data.pseudonyms
    assert PseudonymStore(other).names(NAMES) != PseudonymStore(home).known()


def test_damaged_file_is_reported_and_left_alone(home: Home, datasets: Datasets) -> None:
    datasets.build()
    file = home.folder("data/raw") / "pseudonyms.json"
    for broken in ("{", "[]", '{"salt": "x"}', '{"salt": "x", "names": []}'):
        file.write_text(broken, encoding="utf-8")
        with pytest.raises(DatasetError, match=r"pseudonyms\.json"):
            datasets.build()
        assert file.read_text(encoding="utf-8") == broken


def test_bots_stay_recognizable(home: Home, datasets: Datasets) -> None:
    report = datasets.build()
    assert dict(report.removed)["봇의 말"] == 40
    assert PseudonymStore(home).known()["날씨봇"].endswith("로봇")


def test_alias_has_the_pseudonym_of_its_name(
    home: Home, datasets: Datasets, tmp_path: Path
) -> None:
    Participants(home).merge_names("김도담", ["마루"])
    datasets.build()
    assert PseudonymStore(home).names()["마루"] == PseudonymStore(home).names()["김도담"]
    assert "마루".encode() not in dataset_files(home)["train.jsonl"]


def test_masked_words_are_not_replaced_by_pseudonyms(home: Home, datasets: Datasets) -> None:
    save(home.settings_file, {"data.mask_words": ["도담"]})
    datasets.build()
    assert "<가린말>아" in dataset_files(home)["train.jsonl"].decode()


def test_excluded_participant_stays_excluded(
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


def test_training_refuses_real_names_once_pseudonyms_are_on(
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
    # The other way round pseudonyms do no harm.
    report = datasets.build()
    save(home.settings_file, {"data.pseudonyms": False})
    assert datasets.outdated_reason(report) == ""


def test_participants_show_their_future_pseudonyms(home: Home, datasets: Datasets) -> None:
    shown = {participant.name: participant.pseudonym for participant in datasets.participants()}
    assert set(shown) == set(NAMES)
    report = datasets.build()
    assert set(report.participants) == set(shown.values())
    save(home.settings_file, {"data.pseudonyms": False})
    assert {participant.pseudonym for participant in datasets.participants()} == {""}


def test_persona_and_room_are_pseudonymized(home: Home, datasets: Datasets) -> None:
    save(home.settings_file, {"data.persona": "김도담", "data.room": "김도담"})
    report = datasets.build()
    pseudonym = PseudonymStore(home).known()["김도담"]
    assert (report.persona, report.room) == (pseudonym, pseudonym)
    row = json.loads(dataset_files(home)["train.jsonl"].decode().splitlines()[0])
    assert (row["persona"], row["room"]) == (pseudonym, pseudonym)
    text = " ".join(message["content"] for message in row["messages"])
    assert NameReplacer({"김도담": pseudonym}).replace("도담아") in text


@given(st.sets(st.text(min_size=1, max_size=8), max_size=40), st.text(max_size=8))
def test_pseudonyms_are_unique_and_differ_from_all_names(names: set[str], salt: str) -> None:
    pseudonyms = invent_pseudonyms(names, salt)
    assert set(pseudonyms) == names
    assert len(set(pseudonyms.values())) == len(names)
    assert not set(pseudonyms.values()) & names
    assert pseudonyms == invent_pseudonyms(sorted(names, reverse=True), salt)


def test_pseudonym_depends_on_name_and_salt_only() -> None:
    names = [f"사람{number}" for number in range(60)]
    together = invent_pseudonyms(names, "소금")
    alone = {name: invent_pseudonyms([name], "소금")[name] for name in names}
    # Among 4,096 pseudonyms sixty names hardly ever collide.
    assert sum(together[name] == alone[name] for name in names) >= 58
    assert invent_pseudonyms(["사람1"], "설탕") != invent_pseudonyms(["사람1"], "소금")


def test_pseudonyms_are_the_same_in_every_version() -> None:
    """Users have datasets with them; other word lists would rename everybody."""
    assert invent_pseudonyms(["민수", "지우", "하나"], "x") == {
        "민수": "해맑은 수달",
        "지우": "나는 족제비",
        "하나": "작은 여우",
    }


def test_no_pseudonym_is_the_name_of_a_participant() -> None:
    assert invent_pseudonyms(["민수", "해맑은 수달"], "x")["민수"] != "해맑은 수달"


def test_large_room_has_enough_pseudonyms() -> None:
    names = [str(number) for number in range(5000)]
    assert len(set(invent_pseudonyms(names, "x").values())) == 5000


def test_assigned_pseudonyms_are_kept() -> None:
    names = [str(number) for number in range(3000)]
    before = invent_pseudonyms(names[:1500], "x")
    after = invent_pseudonyms(names, "x", before)
    assert {name: after[name] for name in before} == before
    assert len(set(after.values())) == 3000
    # Unless the pseudonym has become the name of a participant.
    renamed = invent_pseudonyms(["민수", "파란 고래"], "x", {"민수": "파란 고래"})
    assert renamed["민수"] != "파란 고래"
    # A new participant does not get the pseudonym of an absent one.
    pseudonym = invent_pseudonyms(["지우"], "x")["지우"]
    assert invent_pseudonyms(["지우"], "x", {"누군가": pseudonym})["지우"] != pseudonym
    assert invent_pseudonyms(["지우"], "x", {"누군가": "작은 여우"})["지우"] != "작은 여우"


def test_no_pseudonym_contains_a_name() -> None:
    names = ["민수", "수달", "해맑은"]
    assert "수달" not in invent_pseudonyms(names, "x")["민수"]
    assert "해맑은" not in invent_pseudonyms(names, "x")["민수"]
