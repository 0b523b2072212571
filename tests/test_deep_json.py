"""Files of brackets alone, nested too deeply to parse, in the place of every file of a home."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kakaobot.app.auth import PasswordGate
from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.atomic_io import parse_json
from kakaobot.config import Home
from kakaobot.runs.run import Run
from kakaobot.train.run_config import run_config
from scripts.running_window import running_window
from tests.prepared_home import is_sentence, prepare_home, run_command

NESTED = ["[" * 200_000, '{"a":' * 200_000, "[" * 200_000 + "]" * 200_000]
FILES = [
    *("data/raw/manifest.json", "data/raw/people.json", "data/raw/rooms.json"),
    *("data/raw/pseudonyms.json", "data/sft/stats.json", "data/sft/train.jsonl"),
    *("data/sft/val.jsonl", "data/sft/preview.json", "configs/sft.yaml", ".kakaobot/attempts.json"),
    *("checkpoints_lora/main/config.yaml", "checkpoints_lora/main/status.json"),
    *("checkpoints_lora/main/worker.json", "checkpoints_lora/main/metrics.jsonl"),
    *("checkpoints_lora/main/samples.jsonl", "checkpoints_lora/main/cues.json"),
    *("checkpoints_lora/main/checkpoint-4/complete.json",),
    *("checkpoints_lora/main/adapter_best/adapter_config.json",),
]
COMMANDS = [
    *(["people"], ["preprocess", "--report"], ["train", "--dry-run"], ["status", "--samples"]),
    *(["runs", "--settings"], ["reply", "안녕"]),
]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = prepare_home(tmp_path_factory.mktemp("prepared"))
    report = Datasets(home, BaseModels()).report()
    assert report
    base = BaseModels().select(home)
    run = Run(home.root / "checkpoints_lora" / "main")
    run.create(run_config(run, home, base, report, home.settings()))
    return home


@pytest.mark.parametrize("text", NESTED, ids=["lists", "objects", "closed"])
def test_nesting_is_no_json(text: str) -> None:
    with pytest.raises(ValueError):
        parse_json(text)


@pytest.mark.parametrize("name", FILES)
def test_no_command_is_stopped_by_a_nested_file(prepared: Home, tmp_path: Path, name: str) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(prepared.root, home.root)
    file = home.root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.write_text(NESTED[0] + "\n", encoding="utf-8")
    for argv in COMMANDS:
        code, said = run_command(home, argv)
        assert code == 0 or is_sentence(said.splitlines()[-1]), argv


def test_the_window_and_its_launcher_survive_a_nested_file(home: Home) -> None:
    for name in ("attempts.json", "instance.json"):
        (home.root / ".kakaobot").mkdir(exist_ok=True)
        (home.root / ".kakaobot" / name).write_text(NESTED[0], encoding="utf-8")
    assert not PasswordGate.from_home(home).is_set
    assert running_window(home.root) is None
