"""A damaged adapter is one sentence that names the file; no other adapter replaces it silently."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from kakaobot.base.loading import load_base
from kakaobot.chat.engine import Engine
from kakaobot.errors import KakaobotError
from kakaobot.runs.checkpoints import Checkpoints, check_adapter
from kakaobot.settings import LoraSettings
from kakaobot.starter import FOLDER
from kakaobot.train.adapter import with_lora
from tests.base.damages import DAMAGES
from tests.security.test_foreign_code import as_legacy, as_zip, change

FILES = ("adapter_config.json", "adapter_model.safetensors")
DAMAGE = pytest.mark.parametrize(
    "damage", [*DAMAGES.values(), Path.unlink], ids=[*DAMAGES, "missing"]
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real adapter."""
    folder = tmp_path_factory.mktemp("saved") / "adapter"
    base = load_base(str(FOLDER))
    with_lora(base, LoraSettings(r=2), checkpointing=False).save_pretrained(folder)
    return folder


@pytest.fixture
def run(tmp_path: Path, saved: Path) -> Path:
    """With a best and a latest adapter."""
    for kind in ("best", "latest"):
        shutil.copytree(saved, tmp_path / "main" / f"adapter_{kind}")
    return tmp_path / "main"


def load(adapter: Path) -> Engine:
    return Engine.load(
        str(FOLDER),
        adapter,
        load_in_4bit=False,
        dtype="float32",
        attn_implementation="auto",
        max_turns=4,
    )


@DAMAGE
@pytest.mark.parametrize("file", FILES)
def test_a_damaged_file_is_named(run: Path, file: str, damage: Callable[[Path], object]) -> None:
    damage(run / "adapter_best" / file)
    chosen = Checkpoints(run).adapter()
    assert chosen == ("best", run / "adapter_best")
    with pytest.raises(KakaobotError) as caught:
        load(chosen[1])
    message = str(caught.value)
    assert f"배운 파일 main/adapter_best 의 {file} 파일이 " in message
    assert "폴더를 지우면 가장 최근에 배운 것(adapter_latest)으로 대답합니다" in message
    assert "train --new" in message
    assert "\n" not in message


def test_following_the_advice_helps(run: Path) -> None:
    DAMAGES["truncated"](run / "adapter_best" / FILES[1])
    shutil.rmtree(run / "adapter_best")
    chosen = Checkpoints(run).adapter()
    assert chosen == ("latest", run / "adapter_latest")
    load(chosen[1])


def test_a_damaged_latest_adapter_is_not_recommended(run: Path) -> None:
    for kind in ("best", "latest"):
        DAMAGES["truncated"](run / f"adapter_{kind}" / FILES[1])
    with pytest.raises(KakaobotError) as caught:
        load(run / "adapter_best")
    assert "adapter_latest" not in str(caught.value)
    with pytest.raises(KakaobotError, match="adapter_latest 의 adapter_model"):
        load(run / "adapter_latest")


@pytest.mark.parametrize(
    "changes",
    [
        {"peft_type": "PROMPT_TUNING"},
        {"peft_type": None},
        {"auto_mapping": {"base_model_class": "x", "parent_library": "antigravity"}},
        {"megatron_config": {"a": 1}, "megatron_core": "antigravity"},
    ],
)
def test_a_config_that_imports_modules_is_refused(run: Path, changes: dict[str, object]) -> None:
    change(run / "adapter_best" / FILES[0], changes)
    with pytest.raises(KakaobotError, match="이 프로그램이 쓴 것이 아닙니다"):
        check_adapter(run / "adapter_best")


@pytest.mark.parametrize(
    "changes",
    [{"r": 4}, {"r": "many"}, {"r": -1}, {"target_modules": ["none"]}, {"task_type": "NONE"}],
)
def test_a_config_that_does_not_fit_is_a_readable_error(
    run: Path, changes: dict[str, object]
) -> None:
    change(run / "adapter_best" / FILES[0], changes)
    with pytest.raises(KakaobotError, match="다시 학습하세요"):
        load(run / "adapter_best")


def test_weights_of_another_model_are_a_readable_error(run: Path) -> None:
    save_file({"base_model.model.other": torch.ones(2)}, run / "adapter_best" / FILES[1])
    with pytest.raises(KakaobotError, match="다시 학습하세요"):
        load(run / "adapter_best")


@pytest.mark.parametrize("write", [as_legacy, as_zip])
def test_a_pickle_in_place_of_an_adapter_never_runs(
    run: Path, tmp_path: Path, write: Callable[[Path, Path], None]
) -> None:
    """peft would read `adapter_model.bin`."""
    (run / "adapter_best" / FILES[1]).unlink()
    write(run / "adapter_best" / "adapter_model.bin", tmp_path / "ran")
    with pytest.raises(KakaobotError, match=r"adapter_model\.safetensors 파일이 없습니다"):
        load(run / "adapter_best")
    assert not (tmp_path / "ran").exists()


def test_an_adapter_holds_no_path(saved: Path) -> None:
    config = json.loads((saved / FILES[0]).read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == ""
    assert str(FOLDER) not in (saved / FILES[0]).read_text(encoding="utf-8")
