"""A home with the dataset of the sample room, for trainings by the real worker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.app.training import Training
from kakaobot.base.selection import choose
from kakaobot.config import Home, save
from kakaobot.runs.run import Run, Runs
from kakaobot.runs.status import LIVE
from tests.conftest import QUICK, SAMPLE
from tests.patience import wait_for


class SampleRoom:
    """Trains the starter on 도담 of the sample room, with quick settings and `changes`."""

    def __init__(self, root: Path, changes: Mapping[str, object], *, export: Path = SAMPLE) -> None:
        self.home = Home(root)
        self.home.settings()
        save(
            self.home.settings_file,
            {
                **QUICK,
                "training.batch": 2,
                "training.learning_rate": 2e-3,
                "data.persona": "도담",
                "data.val_ratio": 0.03,
                **changes,
            },
        )
        self.bases = BaseModels(lambda requested: choose(requested, reachable=lambda: False))
        Exports(self.home).import_files([export])
        self.rebuild()
        self.training = Training(self.home, self.bases)

    def rebuild(self) -> None:
        """Build the dataset with the settings of now."""
        Datasets(self.home, self.bases).build()

    @property
    def runs(self) -> Runs:
        return Runs(self.home.folder("checkpoints_lora"))

    def begin(self, name: str, changes: Mapping[str, object]) -> Run:
        """Start or resume the run of that name."""
        save(self.home.settings_file, {**changes, "project.run_name": name})
        self.training.start()
        return self.runs.find(name)

    def finish(self, run: Run) -> None:
        wait_for(lambda: run.status().state not in LIVE, run)
        assert run.status().state == "finished", run.log.tail(80)
        self.wait_for_exit(run)

    def wait_for_exit(self, run: Run) -> None:
        wait_for(lambda: self.training.wait(run.name, 0.1), run)


def recorded_metrics(run: Run) -> dict[tuple[str, int], float]:
    """Value by kind and step."""
    return {(point.kind, point.step): point.value for point in run.points()}
