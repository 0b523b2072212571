"""The short way: who can be learned with their own lines, and a dataset of the one chosen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.participants import Participants
from kakaobot.app.quick_start import QuickStart
from kakaobot.app.training import Training
from kakaobot.config import Home, save
from kakaobot.errors import ConfigError
from kakaobot.runs.run import Runs
from kakaobot.runs.status import Status
from tests.conftest import SAMPLE


@pytest.fixture
def datasets(home: Home, bases: BaseModels) -> Datasets:
    return Datasets(home, bases)


@pytest.fixture
def quick_start(home: Home, bases: BaseModels, datasets: Datasets) -> QuickStart:
    return QuickStart(home, datasets, Training(home, bases))


def said_by(name: str) -> set[str]:
    pattern = re.compile(rf"^\[{name}\] \[.+?\] (.+)$", re.MULTILINE)
    return set(pattern.findall(SAMPLE.read_text(encoding="utf-8")))


def test_people_are_listed_with_their_own_lines(home: Home, quick_start: QuickStart) -> None:
    assert not quick_start.has_files()
    Exports(home).import_files([SAMPLE])
    assert quick_start.has_files()
    people = quick_start.people()
    assert [person.stats.name for person in people] == ["도담", "마루", "은솔", "서하늘"]
    for person in people:
        assert len(set(person.lines)) == 3
        assert set(person.lines) <= said_by(person.stats.name)
    assert [person.lines for person in quick_start.people(with_lines=False)] == [()] * 4


def test_lines_are_masked_and_those_who_are_not_learned_are_left_out(
    home: Home, quick_start: QuickStart, tmp_path: Path
) -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    file = tmp_path / "방.txt"
    file.write_text(re.sub(r"(?m)^(\[마루\] \[.+?\] )", r"\g<1>010-2345-6789 ", text), "utf-8")
    Exports(home).import_files([file])
    Participants(home).exclude(["은솔"])
    people = {person.stats.name: person for person in quick_start.people()}
    assert "은솔" not in people
    assert len(people["마루"].lines) == 3
    assert all(line.startswith("<전화번호> ") for line in people["마루"].lines)


def test_a_person_is_chosen_and_the_dataset_built(
    home: Home, datasets: Datasets, quick_start: QuickStart
) -> None:
    Exports(home).import_files([SAMPLE])
    save(home.settings_file, {"data.room": "다른 방"})
    with pytest.raises(ConfigError, match="배울 사람을 다시 고르세요"):
        quick_start.prepare("아무개")
    assert quick_start.is_open()
    quick_start.prepare("도담")
    report = datasets.report()
    assert report
    assert report.persona == "도담"
    assert home.settings().data.room == ""
    assert datasets.changes_since(report) == ()
    assert not quick_start.is_open()


def test_the_chat_opens_with_the_first_adapter(home: Home, quick_start: QuickStart) -> None:
    assert not quick_start.can_chat()
    run = Runs(home.folder("checkpoints_lora")).get("main")
    run.create({"base": {"name": "a", "label": "a", "reason": "", "practice": True}})
    run.write_status(Status("finished", 80, 80))
    assert not quick_start.is_open()
    assert not quick_start.can_chat()

    def write(folder: Path) -> None:
        (folder / "adapter_config.json").write_text("{}")
        (folder / "adapter_model.safetensors").write_bytes(b"")

    run.checkpoints.replace_adapter("best", write)
    assert quick_start.can_chat()
