"""Where the rows of refines are kept, and when they are deleted: they hold words."""

from __future__ import annotations

from pathlib import Path

from kakaobot.config import Home
from kakaobot.dataset.corrections import read_corrections, remove_rows
from kakaobot.dataset.feedback import FEEDBACK_FOLDER, FeedbackStore
from kakaobot.errors import DatasetError
from kakaobot.runs.run import Run, Runs
from kakaobot.runs.status import LIVE

_ROWS = "rows"
"""Holds one folder a refine."""


class RefineFolders:
    """The folders of rows of one home."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._feedback = home.folder(FEEDBACK_FOLDER)

    def of(self, run: Run) -> Path:
        return self._feedback / _ROWS / run.name

    def tidy(self) -> None:
        """Delete rows of ended refines, and of stopped ones that hold a deleted entry."""
        folders = [path for path in (self._feedback / _ROWS).glob("*") if path.is_dir()]
        if not folders:
            return
        kept = {entry.id for entry in FeedbackStore(self._feedback).entries()}
        runs = Runs(self._home.folder(self._home.settings().paths.runs))
        for folder in folders:
            run = runs.get(folder.name)
            state = run.status().state if run.exists else "finished"
            if state not in LIVE and (state == "finished" or not _holds_only(folder, kept)):
                remove_rows(folder)


def _holds_only(folder: Path, kept: set[int]) -> bool:
    try:
        return all(item.entry in kept for item in read_corrections(folder))
    except DatasetError:
        return False
