"""OpenMP threads spin briefly, unless the user decides otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kakaobot.config import ROOT
from kakaobot.openmp import set_wait_policy, wait_policy
from kakaobot.runs.run import Run
from kakaobot.train.launch_command import LaunchCommand
from kakaobot.train.launcher import TrainingThread, worker_environment
from tests.patience import patience, wait_for

NAMES = ("GOMP_SPINCOUNT", "KMP_BLOCKTIME")


def bare(**more: str) -> dict[str, str]:
    """The environment without the policy of the test run."""
    return {name: value for name, value in os.environ.items() if name not in NAMES} | more


def test_the_policy_shortens_the_spin_of_both_runtimes() -> None:
    policy = wait_policy({})
    assert set(policy) == set(NAMES)
    assert 0 < int(policy["GOMP_SPINCOUNT"]) < 300_000  # libgomp's own
    assert 0 < int(policy["KMP_BLOCKTIME"]) < 200  # libomp's own


@pytest.mark.parametrize(
    "name", ["GOMP_SPINCOUNT", "KMP_BLOCKTIME", "OMP_WAIT_POLICY", "KMP_LIBRARY"]
)
def test_a_policy_set_by_the_user_takes_precedence(name: str) -> None:
    environ = {name: "7"}
    set_wait_policy(environ)
    assert environ == {name: "7"}


def test_workers_are_started_with_the_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    run = Run(tmp_path / "main")
    run.create({})
    program = f"import os; print(*map(os.environ.get, {NAMES}), flush=True)"
    thread = TrainingThread.launch(run, LaunchCommand((sys.executable, "-c", program)))
    wait_for(lambda: not thread.is_alive(), run)
    assert run.log.tail() == " ".join(wait_policy({})[name] for name in NAMES)
    assert worker_environment({"OMP_WAIT_POLICY": "ACTIVE"}).keys().isdisjoint(NAMES)


@pytest.mark.parametrize(
    "entry",
    [
        "from kakaobot.cli import main; main(['--version'])",
        # Ends at once: the address is not one of this machine.
        "from ui.app import run; run(host='203.0.113.1', open_browser=False)",
    ],
    ids=["command line", "window"],
)
def test_cli_and_window_set_the_policy_before_torch_is_imported(entry: str, tmp_path: Path) -> None:
    code = f"import os, sys; {entry}; print('torch' in sys.modules, os.environ.get({NAMES[0]!r}))"
    completed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8",
        timeout=patience(), check=True, env=bare(KAKAOBOT_HOME=str(tmp_path)),
    )  # fmt: skip
    assert completed.stdout.splitlines()[-1] == f"False {wait_policy({})[NAMES[0]]}"
