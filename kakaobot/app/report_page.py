"""What a training that has ended changes in report.html."""

from __future__ import annotations

from kakaobot.app.datasets import Datasets
from kakaobot.app.estimates import Estimates
from kakaobot.errors import KakaobotError
from kakaobot.schema import Progress, no_progress


def follow_training(
    datasets: Datasets, estimates: Estimates, progress: Progress = no_progress
) -> bool:
    """Render report.html again, with the likeness of the training and an estimate by its speed.

    Returns:
        Whether that was possible. It is no failure of the training: a build, and opening the tab of
        the data, tell what is wrong.
    """
    try:
        datasets.update_report_page(estimates.get(progress), progress)
    except (KakaobotError, OSError):
        return False
    return True
