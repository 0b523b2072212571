"""Progress and failures of pip as the user sees them."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from scripts.pip_progress import FAILURES, Progress, clock, failure_report, run_pip

PIP = """\
Looking in indexes: https://somewhere
Collecting torch==2.13.0 (from -r requirements.txt (line 2))
  Downloading torch-2.13.0-cp311-cp311-win_amd64.whl.metadata (29 kB)
Collecting ruamel.yaml<1,>=0.18
Requirement already satisfied: psutil
Downloading torch-2.13.0-cp311-cp311-win_amd64.whl (241.3 MB)
Progress 120000000 of 241300000
Processing /wheels/gradio-6.31.0-py3-none-any.whl
Installing collected packages: torch, ruamel.yaml, gradio
Successfully installed gradio-6.31.0
"""


def test_progress_is_reported_in_korean_with_counts() -> None:
    progress = Progress()
    assert list(filter(None, map(progress.message, PIP.splitlines()))) == [
        "1번째 꾸러미를 찾습니다: torch",
        "2번째 꾸러미를 찾습니다: ruamel.yaml",
        "1번째 파일을 받습니다: torch (241.3 MB)",
        "1번째 꾸러미를 폴더에서 읽습니다: gradio",
        "꾸러미 3개를 설치합니다. 몇 분 걸립니다",
        "설치했습니다",
    ]


def test_a_long_download_reports_its_bytes() -> None:
    progress = Progress()
    progress.message("Downloading torch-2.13.0-cp311-cp311-win_amd64.whl (241.3 MB)")
    progress.message("Progress 120000000 of 241300000")
    assert progress.heartbeat() == "계속하고 있습니다 (120/241 MB)"
    progress.message("Collecting next")
    assert progress.heartbeat() == "계속하고 있습니다"


def test_output_is_logged_and_silence_gets_a_heartbeat() -> None:
    program = (
        "import time; print('Collecting 가-b'); time.sleep(0.5); print('끝'); raise SystemExit(3)"
    )
    log, reported = io.StringIO(), list[str]()
    code = run_pip([sys.executable, "-c", program], log, report=reported.append, quiet=0.1)
    assert code == 3
    assert "Collecting 가-b\n끝\n" in log.getvalue()
    assert reported[0] == "  [0분 00초] 1번째 꾸러미를 찾습니다: 가-b"
    assert "계속하고 있습니다" in reported[1]


def test_clock_shows_minutes_and_seconds() -> None:
    assert clock(125.9) == "2분 05초"


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        ("OSError: [Errno 28] No space left on device", "디스크"),
        ("Failed to establish a new connection: Temporary failure in name resolution", "인터넷"),
        ("ReadTimeoutError: Read timed out.", "인터넷"),
        ("ERROR: Could not install packages: [WinError 5] Access is denied", "백신"),
        ("[WinError 206] The filename or extension is too long", "경로"),
        ("ERROR: No matching distribution found for torch==2.13.0", "꾸러미"),
        ("Segmentation fault", "기록"),
    ],
)
def test_a_failure_report_gives_advice(output: str, advice: str, tmp_path: Path) -> None:
    log = tmp_path / "install.log"
    log.write_text("처음\n" * 30 + output + "\n", encoding="utf-8")
    text = failure_report(log)
    assert output in text
    assert str(log) in text
    assert advice in text.rpartition("\n\n")[2]


def test_the_last_failure_pattern_matches_anything() -> None:
    assert FAILURES[-1][0] == ""
