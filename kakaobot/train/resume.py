"""The checkpoint a worker resumes from: the newest one that can be loaded in full."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import TrainerState
from transformers.trainer_pt_utils import safe_globals

from kakaobot.language import tr
from kakaobot.model_files import damage
from kakaobot.runs.checkpoints import TRAINER_STATE, UNUSED, Checkpoints

_LOAD_ERRORS = (
    *(pickle.UnpicklingError, EOFError, OSError, ValueError, RuntimeError),
    *(LookupError, AttributeError, TypeError),
)


@dataclass(frozen=True)
class ResumePoint:
    """Where a worker starts."""

    step: int = 0
    path: Path | None = None
    """None to start over."""
    unfinished: tuple[str, ...] = ()
    """Deleted checkpoints whose writing was cut off, such as by a kill."""
    notes: tuple[str, ...] = ()
    """Korean: damaged checkpoints that were passed over."""


def resume_point(checkpoints: Checkpoints) -> ResumePoint:
    """Find the newest checkpoint that can be loaded, and delete newer ones.

    Sizes and headers are checked wherever checkpoints are listed; here the files are read, as
    otherwise the Trainer would fail on them.
    """
    damaged = dict(checkpoints.damaged())
    unfinished = [name for name in checkpoints.remove_incomplete() if name not in damaged]
    step, path = 0, None
    for step, path in reversed(checkpoints.complete()):
        fault = unloadable_file(path)
        if not fault:
            break
        damaged[path.name] = fault
        checkpoints.remove(path)
        step, path = 0, None
    start = tr("{step}단계부터 이어서").format(step=step) if path else tr("처음부터 다시")
    notes = tuple(
        tr(
            "저장본 {name} 의 {file} 파일이 망가져 있어 그 저장본을 지우고 {start} 배웁니다."
        ).format(name=name, file=file, start=start)
        for name, file in sorted(damaged.items())
    )
    return ResumePoint(step, path, tuple(unfinished), notes)


def unloadable_file(checkpoint: Path) -> str:
    """The name of a file that cannot be loaded, if any. Pickles are read as data only."""
    for file in sorted(file for file in checkpoint.iterdir() if file.name not in UNUSED):
        try:
            if damage(file):
                return file.name
            if file.suffix in (".pt", ".pth"):
                with safe_globals():
                    # Mapped: the tensors of an optimizer are not read.
                    torch.load(file, map_location="cpu", weights_only=True, mmap=True)
            if file.name == TRAINER_STATE:
                TrainerState.load_from_json(str(file))
        except _LOAD_ERRORS:
            return file.name
    return ""
