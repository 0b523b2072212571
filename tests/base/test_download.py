"""Downloads from a tiny hub on this machine, into the library's real cache."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kakaobot.base.download import ModelFile, byte_text, select_files
from kakaobot.config import ROOT
from kakaobot.starter import FOLDER
from tests.patience import patience

NAME = "somebody/small"
COMMIT = "c" * 40
CHUNK = 1 << 20


class Hub:
    """Answers the requests of huggingface_hub: the listings of a model, and its files.

    Args:
        files: name and content.
        pause: seconds before each megabyte.
        cut: bytes after which the connection is closed; 0 for never.
    """

    def __init__(self, files: dict[str, bytes], *, pause: float = 0.0, cut: int = 0) -> None:
        self.files, self.requests = files, list[str]()
        hub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self._answer(head=True)

            def do_GET(self) -> None:
                self._answer(head=False)

            def _answer(self, *, head: bool) -> None:
                hub.requests.append(f"{self.command} {self.path}")
                path = self.path.split("?")[0]
                if path in (f"/api/models/{NAME}", f"/api/models/{NAME}/revision/main"):
                    siblings = [{"rfilename": n, "size": len(b)} for n, b in files.items()]
                    body = json.dumps({"id": NAME, "sha": COMMIT, "siblings": siblings}).encode()
                    self._send(body, {}, head=head)
                    return
                if path == f"/api/models/{NAME}/tree/{COMMIT}":
                    tree = [
                        {"type": "file", "path": n, "size": len(b), "oid": "0" * 40}
                        for n, b in files.items()
                    ]
                    self._send(json.dumps(tree).encode(), {}, head=head)
                    return
                name = path.rpartition("/")[2]
                if path.startswith(f"/{NAME}/resolve/") and name in files:
                    tag = hashlib.sha256(files[name]).hexdigest()
                    headers = {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT}
                    self._send(files[name], headers, head=head)
                    return
                self.send_response(404)
                self.send_header("X-Error-Code", "EntryNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _send(self, body: bytes, headers: dict[str, str], *, head: bool) -> None:
                self.send_response(200)
                for key, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(key, value)
                self.end_headers()
                for start in range(0, 0 if head else len(body), CHUNK):
                    if len(body) > CHUNK:
                        time.sleep(pause)
                    if cut and start >= cut:
                        self.connection.close()
                        return
                    self.wfile.write(body[start : start + CHUNK])

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub(
        {
            "config.json": b"{}",
            "README.md": b"x" * 5_000_000,
            "model.safetensors": os.urandom(40 * CHUNK),
            "pytorch_model.bin": b"y" * 50_000_000,
        },
        pause=0.05,
    )
    yield server
    server.close()


def run_python(hub: Hub, cache: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in its own process: the library reads its environment on import."""
    environ = {
        **os.environ,
        "HF_ENDPOINT": hub.address,
        "HF_HOME": str(cache),
        "HF_HUB_DISABLE_XET": "1",
        "PYTHONUTF8": "1",
    }
    environ.pop("HF_HUB_OFFLINE", None)
    return subprocess.run(
        [sys.executable, "-c", f"from kakaobot.base.download import download\n{program}"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        encoding="utf-8",
        timeout=patience(),
        check=False,
    )


@pytest.mark.slow
def test_download_reports_received_bytes(hub: Hub, tmp_path: Path) -> None:
    completed = run_python(hub, tmp_path, f"download({NAME!r}, print, interval=0.1)")
    assert completed.returncode == 0, completed.stderr
    lines = completed.stdout.splitlines()
    assert all(line.startswith("바탕 모델을 내려받는 중 ") for line in lines)
    received = [line.removesuffix(" / 42MB").rpartition(" ")[2] for line in lines]
    megabytes = [int(text.removesuffix("MB")) for text in received if text.endswith("MB")]
    assert megabytes == sorted(megabytes)
    # The library counts ten megabytes at a time.
    assert len({count for count in megabytes if 0 < count < 42}) >= 2
    assert received[-1] == "42MB"
    [weights] = tmp_path.rglob("snapshots/*/model.safetensors")
    assert weights.read_bytes() == hub.files["model.safetensors"]
    unneeded = ("README", "pytorch_model")
    assert not any(name in line for line in hub.requests for name in unneeded)
    assert completed.stderr == ""


@pytest.mark.slow
def test_a_complete_model_is_not_downloaded_again(hub: Hub, tmp_path: Path) -> None:
    run_python(hub, tmp_path, f"download({NAME!r}, print)")
    hub.requests.clear()
    completed = run_python(hub, tmp_path, f"download({NAME!r}, print)")
    assert (completed.returncode, completed.stdout) == (0, "")
    requests = [line.split("?")[0] for line in hub.requests if NAME in line]
    assert requests == [f"GET /api/models/{NAME}"]


@pytest.mark.slow
def test_an_exception_of_the_callback_cancels_the_download(hub: Hub, tmp_path: Path) -> None:
    program = f"""
import threading
class Stopped(Exception): pass
def report(text):
    if " 0" not in text: raise Stopped(text)
try:
    download({NAME!r}, report, interval=0.1)
except Stopped:
    print("stopped")
for thread in threading.enumerate():
    if thread.name.startswith("download-"): thread.join()
"""
    completed = run_python(hub, tmp_path, program)
    assert completed.stdout == "stopped\n", completed.stderr
    # By now an uncancelled thread would have the whole file.
    assert not list(tmp_path.rglob("snapshots/*/model.safetensors"))


def test_an_interrupted_download_raises_an_error_with_the_received_bytes(tmp_path: Path) -> None:
    hub = Hub({"config.json": b"{}", "model.safetensors": b"w" * 8 * CHUNK}, cut=2 * CHUNK)
    program = f"""
import huggingface_hub.file_download as library
library.time.sleep = lambda seconds: None
from kakaobot.errors import BaseModelError
try:
    download({NAME!r}, print, interval=0.1)
except BaseModelError as error:
    print("error:", error)
"""
    completed = run_python(hub, tmp_path, program)
    hub.close()
    last = completed.stdout.splitlines()[-1]
    assert last.startswith("error: 바탕 모델 somebody/small 을 내려받다가 끊겼습니다"), (
        completed.stderr
    )
    assert "/ 8MB" in last
    assert "다시 시작하세요" in last


def test_a_full_disk_is_reported_before_any_download(hub: Hub, tmp_path: Path) -> None:
    program = f"""
import shutil
from collections import namedtuple
shutil.disk_usage = lambda place: namedtuple("Usage", "free")(30_000_000)
download({NAME!r}, print)
"""
    completed = run_python(hub, tmp_path, program)
    assert "디스크 공간이 모자랍니다 (필요 42MB, 남음 30MB)" in completed.stderr
    assert not any("resolve" in line for line in hub.requests)


def test_download_returns_at_once_without_a_hub(hub: Hub, tmp_path: Path) -> None:
    hub.close()
    completed = run_python(
        hub, tmp_path, f"download({NAME!r}, print); download({str(FOLDER)!r}, print)"
    )
    assert (completed.returncode, completed.stdout) == (0, "")


def test_loading_an_uncached_model_without_a_hub_fails_without_retries(
    hub: Hub, tmp_path: Path
) -> None:
    hub.close()
    program = f"""
import time
from kakaobot.base.loading import load_base
from kakaobot.base.tokenizer import read_tokenizer_info
from kakaobot.errors import BaseModelError
# The library waits between retries, a second and more each time.
waits = []
time.sleep = waits.append
for load in (read_tokenizer_info, load_base):
    try:
        load({NAME!r})
    except BaseModelError as error:
        print(str(error)[:20])
print(sum(waits) < 1)
"""
    completed = run_python(hub, tmp_path, program)
    errors = "somebody/small 의 토크나\n바탕 모델 somebody/small\nTrue\n"
    assert completed.stdout == errors, completed.stderr


@pytest.mark.slow
def test_a_downloaded_model_loads_without_the_hub(tmp_path: Path) -> None:
    hub = Hub({file.name: file.read_bytes() for file in FOLDER.iterdir() if file.is_file()})
    program = f"""
download({NAME!r}, lambda text: None)
import huggingface_hub.constants
huggingface_hub.constants.HF_HUB_OFFLINE = True
from kakaobot.base.loading import load_base
print(load_base({NAME!r}).context)
"""
    completed = run_python(hub, tmp_path, program)
    hub.close()
    assert completed.stdout == "512\n", completed.stderr


def test_only_files_that_loading_needs_are_selected() -> None:
    shards = [ModelFile(f"model-0000{n}-of-00002.safetensors", 9) for n in (1, 2)]
    small = [ModelFile("config.json", 1), ModelFile("tokenizer.json", 5)]
    others = [
        ModelFile("README.md", 1),
        ModelFile("consolidated.safetensors", 9),
        ModelFile("pytorch_model.bin", 9),
        ModelFile("onnx/model.onnx", 9),
        ModelFile("original/config.json", 1),
    ]
    assert select_files([*others, *shards, *reversed(small)]) == [*small, *shards]
    assert select_files([*small, others[2]]) == [*small, others[2]]
    assert select_files(small) == []


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0MB"), (12_345, "12KB"), (35_400_000, "35MB"), (1_234_000_000, "1.2GB")],
)
def test_byte_text(count: int, text: str) -> None:
    assert byte_text(count) == text
