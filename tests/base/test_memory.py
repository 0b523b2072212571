"""What threads leave in memory is freed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from kakaobot.config import ROOT
from tests.patience import patience

pytestmark = pytest.mark.slow

PROGRAM = """
import threading, psutil, torch
from kakaobot.base.memory import release_memory, use_one_heap
use_one_heap()
weights = torch.randn(1024, 3072)
def multiply():
    for rows in (4, 400, 2000):
        torch.randn(rows, 1024) @ weights
multiply()
release_memory()
before = psutil.Process().memory_info().rss
for _ in range(10):
    thread = threading.Thread(target=multiply)
    thread.start()
    thread.join()
release_memory()
print(psutil.Process().memory_info().rss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="is about glibc")
def test_threads_that_computed_leave_no_memory() -> None:
    environ = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    completed = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, encoding="utf-8",
        timeout=patience(), check=True, env=environ,
    )  # fmt: skip
    # Heaps of their own would keep 40 to 80 MiB.
    assert int(completed.stdout) < 10 << 20
