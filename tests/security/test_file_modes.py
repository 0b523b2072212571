"""What the command line and its worker write is readable by this account only."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kakaobot.config import ROOT, Home, save
from tests.conftest import SAMPLE
from tests.patience import patience

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes"),
]


def command(home: Home, *argv: str) -> None:
    """Run the program as from a shell whose files are readable by everyone."""
    completed = subprocess.run(
        [sys.executable, "-m", "kakaobot", *argv],
        cwd=ROOT,
        env={**os.environ, "KAKAOBOT_HOME": str(home.root), "PYTHONUTF8": "1"},
        umask=0,
        capture_output=True,
        encoding="utf-8",
        timeout=patience(),
        check=False,
    )
    assert completed.returncode == 0, completed.stderr


def open_to_others(folder: Path) -> list[str]:
    """Files and folders that another account may read, write or enter."""
    return [
        f"{stat.filemode(path.stat().st_mode)} {path.relative_to(folder.parent)}"
        for path in [folder, *folder.rglob("*")]
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]


def test_data_adapters_checkpoints_and_logs_are_private(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    command(home, "settings")
    changes = {
        "model.base_model": "starter",
        "data.pseudonyms": True,
        "training.max_seq_len": 128,
        "training.max_steps": 2,
        "training.sample_replies": 2,
    }
    # As the program itself would save them.
    before = os.umask(0o077)
    save(home.settings_file, changes)
    os.umask(before)
    command(home, "organize", str(SAMPLE))
    command(home, "people")
    command(home, "preprocess")
    command(home, "train")
    run = home.root / "checkpoints_lora" / "main"
    for name in ("worker.log", "samples.jsonl", "checkpoint-2/optimizer.pt", "adapter_best"):
        assert (run / name).exists()
    for name in ("raw/inbox", "raw/manifest.json", "raw/pseudonyms.json", "sft/train.jsonl"):
        assert (home.root / "data" / name).exists()
    assert open_to_others(home.root) == []
    command(home, "archive", "--yes")
    assert list((home.root / "data" / "archive").rglob("adapter_model.safetensors"))
    assert open_to_others(home.root) == []
