"""The window as a process: it tells where it is, and leaves nothing behind."""

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
def started(tmp_path):
    environ = {**os.environ, "KAKAOBOT_HOME": str(tmp_path), "PYTHONUTF8": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=environ,
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
@pytest.mark.skipif(os.name != "posix", reason="Windows ends a process in another way")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_it_opens_tells_its_address_and_ends_clean(started, name):
    process, address, home = started
    file = home / ".kakaobot" / "instance.json"
    assert json.loads(file.read_text(encoding="utf-8"))["url"] == address
    assert stat.S_IMODE((home / ".tmp").stat().st_mode) == 0o700

    with httpx.Client(follow_redirects=True, timeout=patience()) as client:
        assert client.get(address.split("?")[0]).status_code == 401
        assert client.get(address.replace("/?t=", "/health?t=")).json()["pid"] == process.pid
        assert "gradio" in client.get(address).text
        # As an open page does: it must not hold the end up.
        with client.stream("GET", address.split("?")[0] + "gradio_api/heartbeat/page") as page:
            assert page.status_code == 200
            process.send_signal(getattr(signal, name))
            _, said = process.communicate(timeout=patience())

    assert process.returncode == 0
    assert said.splitlines()[-1] == text.CLOSED
    assert "Traceback" not in said
    assert not file.exists()
    assert not (home / ".tmp").exists()
