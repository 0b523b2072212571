"""The rows that a run was trained on, as long as they are still there."""

from __future__ import annotations

from pathlib import Path

from kakaobot.dataset import artifacts
from kakaobot.errors import RunError
from kakaobot.language import tr
from kakaobot.runs.run import Run
from kakaobot.train.run_config import data_folder_of

_REBUILT = tr(
    "'{run}' 을 학습한 뒤 배운 데이터를 다시 만들었거나 지워서, 배운 말과 견줄 수 없습니다. "
    "'데이터 준비'를 하고 '새 학습'을 하면 다시 견줄 수 있습니다."
)


def trained_data_folder(run: Run) -> Path:
    """The folder of the rows of a run.

    Raises:
        RunError: they have been built again since, or the run's config is damaged.
    """
    folder = data_folder_of(run)
    stats = artifacts.read_json(folder, artifacts.STATS)
    fingerprint = stats.get("fingerprint") if isinstance(stats, dict) else None
    if not fingerprint or fingerprint != run.section("data").get("fingerprint"):
        raise RunError(_REBUILT.format(run=run.name))
    return folder
