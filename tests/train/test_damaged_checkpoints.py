"""A damaged or foreign checkpoint is passed over for the one before it, and the user is told."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import TrainerState

from kakaobot.runs.checkpoints import Checkpoints
from kakaobot.train.resume import resume_point
from tests.base.damages import DAMAGES
from tests.security.test_foreign_code import as_legacy, as_zip

FILES = (
    "adapter_config.json",
    "adapter_model.safetensors",
    "optimizer.pt",
    "scheduler.pt",
    "rng_state.pth",
    "trainer_state.json",
)
STATES = ("optimizer.pt", "scheduler.pt", "rng_state.pth")


def write_checkpoint(run: Path, step: int) -> Path:
    """What the Trainer writes, for a model of one layer."""
    checkpoints = Checkpoints(run)
    folder = checkpoints.path(step)
    folder.mkdir(parents=True)
    layer = torch.nn.Linear(64, 64)
    optimizer = torch.optim.AdamW(layer.parameters())
    layer(torch.ones(1, 64)).sum().backward()
    optimizer.step()
    rng = {
        "python": random.getstate(),
        "numpy": np.random.get_state(),
        "cpu": torch.random.get_rng_state(),
    }
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA"}', encoding="utf-8")
    save_file(layer.state_dict(), folder / "adapter_model.safetensors")
    torch.save(optimizer.state_dict(), folder / "optimizer.pt")
    torch.save({"last_epoch": step, "_last_lr": [1e-3]}, folder / "scheduler.pt")
    torch.save(rng, folder / "rng_state.pth")
    TrainerState(global_step=step).save_to_json(str(folder / "trainer_state.json"))
    checkpoints.mark_complete(folder)
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """With checkpoints of steps 2 and 4."""
    for step in (2, 4):
        write_checkpoint(tmp_path / "main", step)
    return tmp_path / "main"


def test_the_newest_checkpoint_is_resumed_from(run: Path) -> None:
    point = resume_point(Checkpoints(run))
    assert (point.step, point.path) == (4, run / "checkpoint-4")
    assert point.notes == ()


@pytest.mark.parametrize("sized", [True, False], ids=["as recorded", "changed since"])
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("file", FILES)
def test_the_checkpoint_before_a_damaged_one_is_resumed_from(
    run: Path, file: str, damage: Callable[[Path], object], sized: bool
) -> None:
    checkpoints, newest = Checkpoints(run), run / "checkpoint-4"
    damage(newest / file)
    if sized and (newest / file).is_file():
        # As if the file had been written like this.
        checkpoints.mark_complete(newest)
    point = resume_point(checkpoints)
    assert (point.step, point.path) == (2, run / "checkpoint-2")
    [note] = point.notes
    assert f"checkpoint-4 의 {file} 파일이 망가져" in note
    assert "2단계부터 이어서" in note
    assert not newest.exists()


@pytest.mark.parametrize("damage", [*DAMAGES.values(), Path.unlink], ids=[*DAMAGES, "missing"])
def test_a_checkpoint_without_its_record_is_passed_over(
    run: Path, damage: Callable[[Path], object]
) -> None:
    damage(run / "checkpoint-4" / "complete.json")
    assert resume_point(Checkpoints(run)).step == 2


def test_a_checkpoint_that_was_being_written_is_not_called_damaged(run: Path) -> None:
    (run / "checkpoint-4" / "complete.json").unlink()
    point = resume_point(Checkpoints(run))
    assert (point.unfinished, point.notes) == (("checkpoint-4",), ())


@pytest.mark.parametrize("write", [as_legacy, as_zip])
@pytest.mark.parametrize("file", STATES)
def test_a_pickle_in_a_checkpoint_never_runs(
    run: Path, tmp_path: Path, file: str, write: Callable[[Path, Path], None]
) -> None:
    write(run / "checkpoint-4" / file, tmp_path / "ran")
    Checkpoints(run).mark_complete(run / "checkpoint-4")
    point = resume_point(Checkpoints(run))
    assert point.step == 2
    assert file in point.notes[0]
    assert not (tmp_path / "ran").exists()


def test_without_a_whole_checkpoint_the_run_starts_over(run: Path) -> None:
    for step in (2, 4):
        DAMAGES["truncated"](run / f"checkpoint-{step}" / "optimizer.pt")
    point = resume_point(Checkpoints(run))
    assert (point.step, point.path) == (0, None)
    assert [f"checkpoint-{step}" in note for step, note in zip((2, 4), point.notes, strict=True)]
    assert all("처음부터 다시" in note for note in point.notes)


def test_leftovers_of_libraries_are_removed(run: Path) -> None:
    """They hold paths of this machine, and one is a pickle that nothing reads."""
    newest = run / "checkpoint-4"
    for name in ("training_args.bin", "README.md"):
        (newest / name).write_bytes(b"/home/somebody")
    Checkpoints(run).mark_complete(newest)
    assert {"training_args.bin", "README.md"}.isdisjoint(path.name for path in newest.iterdir())


@pytest.mark.parametrize("name", ["training_args.bin", "README.md"])
def test_leftovers_of_older_versions_do_not_matter(run: Path, tmp_path: Path, name: str) -> None:
    newest = run / "checkpoint-4"
    as_legacy(newest / name, tmp_path / "ran")
    assert resume_point(Checkpoints(run)).step == 4
    (newest / name).unlink()
    assert resume_point(Checkpoints(run)).step == 4
    assert not (tmp_path / "ran").exists()
