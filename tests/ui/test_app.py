"""The process of the window: address, requests and shutdown."""

import json
import os
import signal
import stat
import subprocess
import sys

import httpx
import pytest

from kakaobot.config import ROOT
from tests.patience import patience
from ui import text

PROGRAM = "from ui.app import run; raise SystemExit(run(open_browser=False))"


@pytest.fixture
def started_process(tmp_path):
    env = {**os.environ, "KAKAOBOT_HOME": str(tmp_path), "PYTHONUTF8": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    assert process.stdout
    address = process.stdout.readline().strip()
    yield process, address, tmp_path
    process.kill()
    process.communicate()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="Windows terminates processes differently")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_the_window_prints_its_address_and_shuts_down_cleanly(started_process, name):
    process, address, home = started_process
    file = home / ".kakaobot" / "instance.json"
    assert json.loads(file.read_text(encoding="utf-8"))["url"] == address
    assert stat.S_IMODE((home / ".tmp").stat().st_mode) == 0o700

    with httpx.Client(follow_redirects=True, timeout=patience()) as client:
        assert client.get(address.split("?")[0]).status_code == 401
        assert client.get(address.replace("/?t=", "/health?t=")).json()["pid"] == process.pid
        assert "gradio" in client.get(address).text
        # An open page holds this connection, which must not delay the shutdown.
        with client.stream("GET", address.split("?")[0] + "gradio_api/heartbeat/page") as page:
            assert page.status_code == 200
            process.send_signal(getattr(signal, name))
            _, stderr = process.communicate(timeout=patience())

    assert process.returncode == 0
    assert stderr.splitlines()[-1] == text.CLOSED
    assert "Traceback" not in stderr
    assert not file.exists()
    assert not (home / ".tmp").exists()
