"""One window per home: the lock, and two real programs started at the same moment."""

import json
import os
import subprocess
import sys
import time

import pytest

from kakaobot.config import ROOT, Home
from kakaobot.errors import ConfigError
from scripts.file_lock import try_lock
from tests.patience import patience
from ui.one_window import one_window

START = "from ui.app import run; raise SystemExit(run(open_browser=False))"


def test_the_first_is_alone_and_leaves_the_place_to_the_next(tmp_path):
    home = Home(tmp_path)
    for _ in range(2):
        with one_window(home) as other:
            assert other is None
            with (home.state_folder / "window.lock").open("a") as lock:
                assert not try_lock(lock)


def test_a_window_that_does_not_respond_is_reported(tmp_path):
    with (
        one_window(Home(tmp_path)),
        pytest.raises(ConfigError, match="대답하지 않습니다"),
        one_window(Home(tmp_path), max_wait=0.3),
    ):
        pass


@pytest.mark.slow
def test_two_starts_at_the_same_moment_make_one_window(tmp_path):
    own = {name: value for name, value in os.environ.items() if not name.startswith("CHATBOT_")}
    own |= {"KAKAOBOT_HOME": str(tmp_path), "PYTHONUTF8": "1", "HF_HUB_OFFLINE": "1"}
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", START], cwd=ROOT, env=own, encoding="utf-8",
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]  # fmt: skip
    try:
        lines = [program.stdout.readline() for program in programs if program.stdout]
        addresses = [line.split("/open#") for line in lines]
        [[first, _], [second, _]] = addresses
        assert first == second
        deadline = time.monotonic() + patience()
        while not (ended := [p for p in programs if p.poll() is not None]):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        [shown] = ended
        assert shown.returncode == 0
        assert "이미 열려 있습니다" in shown.communicate()[1]
        [serving] = set(programs) - {shown}
        assert serving.poll() is None
        record = json.loads((tmp_path / ".kakaobot" / "instance.json").read_text("utf-8"))
        assert record["pid"] == serving.pid
        # A killed program leaves no lock behind.
        serving.kill()
        serving.wait()
        with one_window(Home(tmp_path)) as other:
            assert other is None
    finally:
        for program in programs:
            program.kill()
            program.communicate()
