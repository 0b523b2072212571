"""The program as other accounts, other servers and other devices see it."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from kakaobot.config import ROOT
from scripts.open_page import open_in_browser, open_page_file
from tests.patience import patience
from tests.security.browser import Browser, exchange
from tests.security.window import PROGRAM, running_window
from ui import console_text

pytestmark = pytest.mark.slow
PASSWORD = "바다 거북"


def ipv6_is_available() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def own_address() -> str:
    """An address of this machine that is not a loopback address; empty if it has none."""
    addresses = [
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family == socket.AF_INET and not address.address.startswith("127.")
    ]
    return addresses[0] if addresses else ""


def start_window(home: Path, host: str) -> subprocess.CompletedProcess[str]:
    """Start a window that does not open, without a password."""
    environ = {**os.environ, "KAKAOBOT_HOME": str(home), "PYTHONUTF8": "1"}
    environ.pop("CHATBOT_PASSWORD", None)
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, host, "0"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        encoding="utf-8",
        timeout=patience(),
        check=False,
    )


@pytest.mark.skipif(os.name != "posix", reason="Windows terminates processes differently")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_the_window_prints_its_address_and_shuts_down_cleanly(tmp_path, name):
    with running_window(tmp_path) as window:
        file = tmp_path / ".kakaobot" / "instance.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / ".tmp").stat().st_mode) == 0o700
        with window.client() as client:
            assert client.get("/").status_code == 401
            browser = Browser.open(client, window.code)
            assert "gradio" in client.get("/").text
            # An open page holds this connection, which must not delay the shutdown.
            path, headers = "/gradio_api/heartbeat/page", browser.headers
            with client.stream("GET", path, headers=headers) as page:
                assert page.status_code == 200
                window.process.send_signal(getattr(signal, name))
                _, stderr = window.process.communicate(timeout=patience())
    assert window.process.returncode == 0
    assert stderr.splitlines()[-1] == console_text.CLOSED
    assert "Traceback" not in stderr
    assert not file.exists()
    assert not (tmp_path / ".tmp").exists()


def test_no_secret_is_in_a_command_line_a_url_or_the_log(tmp_path):
    with running_window(tmp_path) as window:
        with window.client() as client:
            assert exchange(client, window.code).status_code == 200
            assert exchange(client, window.code).status_code == 401
        secrets = [window.code, window.control_token]
        command = " ".join(psutil.Process(window.process.pid).cmdline())
        log = window.stop()
    assert not [secret for secret in secrets if secret in command or secret in log]


def test_the_browser_is_given_a_private_file_that_is_gone_after_use(tmp_path):
    with running_window(tmp_path) as window:
        opened: list[str] = []

        def browse(url: str) -> bool:
            opened.append(url)
            return True

        address = f"{window.base_url}/open#{window.new_code()}"
        assert open_in_browser(address, tmp_path, browse)
        file = open_page_file(tmp_path)
        # All that a neighbour sees: the path of a file which only this user reads.
        assert opened == [file.as_uri()]
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert address in file.read_text("utf-8")
        with window.client() as client:
            assert exchange(client, address.split("#")[1]).status_code == 200
        assert not file.exists()


def test_the_redirect_file_of_another_window_is_replaced_not_followed(tmp_path):
    """A link in its place must not make us write elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine", "utf-8")
    file = open_page_file(tmp_path)
    file.parent.mkdir()
    file.symlink_to(elsewhere)
    open_in_browser("http://127.0.0.1:7860/open#c", tmp_path, lambda _: True)
    assert elsewhere.read_text("utf-8") == "mine"
    assert not file.is_symlink()


def test_a_page_in_the_redirect_file_cannot_be_broken_out_of(tmp_path):
    hostile = "http://[fe80::1%</script><script>alert(1)</script>\"']:1/open#c"
    open_in_browser(hostile, tmp_path, lambda _: True)
    assert "<script>alert" not in open_page_file(tmp_path).read_text("utf-8")


def test_the_window_opens_on_ipv6_loopback_or_says_why_not(tmp_path):
    if not ipv6_is_available():
        result = start_window(tmp_path, "::1")
        assert (result.returncode, result.stdout) == (1, "")
        assert len(result.stderr.splitlines()) == 1
        return
    with running_window(tmp_path, host="::1") as window:
        assert window.base_url.startswith("http://[::1]:")
        window.open_page()


def test_another_device_is_let_in_with_its_own_code_and_the_password_only(tmp_path):
    with running_window(tmp_path, password=PASSWORD, host="0.0.0.0") as window:
        port = window.base_url.rpartition(":")[2]
        with window.client() as client:
            foreign = {"host": f"8.8.8.8:{port}"}
            assert client.get("/health", headers=foreign).status_code == 400
            assert client.get("/health").json() == {"app": "kakaobot"}
            # This machine, too, gives the password.
            assert exchange(client, window.code).json()["asks_password"]
            Browser.open(client, window.code, PASSWORD)
        printed = window.stop().splitlines()
    if not own_address():
        assert console_text.NO_NETWORK in printed
        return
    shown, *others = printed[printed.index(console_text.OTHER_DEVICE) + 1 :]
    assert f":{port}/open#" in shown
    assert own_address() in "".join((shown, *others))
    assert window.code not in shown
    assert "127.0.0.1" not in shown


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "[::]"])
def test_other_devices_are_refused_without_a_password(tmp_path, host):
    result = start_window(tmp_path, host)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.strip() == console_text.REMOTE_NEEDS_PASSWORD


def test_a_second_start_opens_the_running_window_once_more(tmp_path):
    with running_window(tmp_path) as window:
        result = subprocess.run(
            [sys.executable, str(ROOT / "launch.py"), "--no-browser"],
            env={**os.environ, "KAKAOBOT_HOME": str(tmp_path)},
            capture_output=True,
            encoding="utf-8",
            timeout=patience(),
            check=False,
        )
        assert result.returncode == 0, result.stderr
        code = result.stdout.strip().split("#")[1]
        assert code != window.code
        with window.client() as client:
            Browser.open(client, code)


def test_stored_addresses_are_private(tmp_path):
    with running_window(tmp_path):
        record = json.loads(Path(tmp_path / ".kakaobot" / "instance.json").read_text("utf-8"))
        assert set(record) == {"pid", "host", "port", "token"}
