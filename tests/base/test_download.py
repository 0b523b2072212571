"""A base model from a tiny hub on this machine: real requests, real bytes, the real cache."""

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

from kakaobot.base.download import ModelFile, amount, chosen
from kakaobot.config import ROOT
from kakaobot.starter import FOLDER
from tests.patience import patience

NAME = "somebody/small"
COMMIT = "c" * 40
CHUNK = 1 << 20


class Hub:
    """Speaks what huggingface_hub asks: the list of files, and each of them, slowly where wanted.

    Args:
        files: name and content.
        pause: seconds before each megabyte.
        cut: bytes after which the connection is closed; 0 for never.
    """

    def __init__(self, files: dict[str, bytes], *, pause: float = 0.0, cut: int = 0) -> None:
        self.files, self.asked = files, list[str]()
        hub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self._answer(head=True)

            def do_GET(self) -> None:
                self._answer(head=False)

            def _answer(self, *, head: bool) -> None:
                hub.asked.append(f"{self.command} {self.path}")
                path = self.path.split("?")[0]
                if path == f"/api/models/{NAME}":
                    siblings = [{"rfilename": n, "size": len(b)} for n, b in files.items()]
                    body = json.dumps({"id": NAME, "sha": COMMIT, "siblings": siblings}).encode()
                    self._send(body, {}, head=head)
                    return
                name = path.rpartition("/")[2]
                if path.startswith(f"/{NAME}/resolve/") and name in files:
                    tag = hashlib.sha256(files[name]).hexdigest()
                    marks = {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT}
                    self._send(files[name], marks, head=head)
                    return
                self.send_response(404)
                self.send_header("X-Error-Code", "EntryNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _send(self, body: bytes, marks: dict[str, str], *, head: bool) -> None:
                self.send_response(200)
                for key, value in {"Content-Length": str(len(body)), **marks}.items():
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
    made = Hub(
        {
            "config.json": b"{}",
            "README.md": b"x" * 5_000_000,
            "model.safetensors": os.urandom(40 * CHUNK),
            "pytorch_model.bin": b"y" * 50_000_000,
        },
        pause=0.05,
    )
    yield made
    made.close()


def python(hub: Hub, cache: Path, program: str) -> subprocess.CompletedProcess[str]:
    """A process of its own: the library reads its environment while it is imported."""
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
def test_the_bytes_that_are_here_are_told_while_they_come(hub: Hub, tmp_path: Path) -> None:
    done = python(hub, tmp_path, f"download({NAME!r}, print, beat=0.1)")
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert all(line.startswith("바탕 모델을 내려받는 중 ") for line in said)
    here = [line.removesuffix(" / 42MB").rpartition(" ")[2] for line in said]
    megabytes = [int(each.removesuffix("MB")) for each in here if each.endswith("MB")]
    assert megabytes == sorted(megabytes)
    # The library counts ten megabytes at a time.
    assert len({each for each in megabytes if 0 < each < 42}) >= 2
    assert here[-1] == "42MB"
    [weights] = tmp_path.rglob("snapshots/*/model.safetensors")
    assert weights.read_bytes() == hub.files["model.safetensors"]
    assert not any(name in line for line in hub.asked for name in ("README", "pytorch_model"))
    assert done.stderr == ""


@pytest.mark.slow
def test_what_is_here_is_not_fetched_again_and_nothing_is_said(hub: Hub, tmp_path: Path) -> None:
    python(hub, tmp_path, f"download({NAME!r}, print)")
    hub.asked.clear()
    done = python(hub, tmp_path, f"download({NAME!r}, print)")
    assert (done.returncode, done.stdout) == (0, "")
    asked = [line.split("?")[0] for line in hub.asked if NAME in line]
    assert asked == [f"GET /api/models/{NAME}"]


@pytest.mark.slow
def test_a_stop_ends_the_download_at_once(hub: Hub, tmp_path: Path) -> None:
    program = f"""
import threading
class Stopped(Exception): pass
def say(words):
    if " 0" not in words: raise Stopped(words)
try:
    download({NAME!r}, say, beat=0.1)
except Stopped:
    print("stopped")
for thread in threading.enumerate():
    if thread.name.startswith("download-"): thread.join()
"""
    done = python(hub, tmp_path, program)
    assert done.stdout == "stopped\n", done.stderr
    # Left to itself the thread would have had the whole file by now.
    assert not list(tmp_path.rglob("snapshots/*/model.safetensors"))


def test_a_broken_download_is_a_sentence_with_the_bytes_that_came(tmp_path: Path) -> None:
    hub = Hub({"config.json": b"{}", "model.safetensors": b"w" * 8 * CHUNK}, cut=2 * CHUNK)
    program = f"""
import huggingface_hub.file_download as library
library.time.sleep = lambda seconds: None
from kakaobot.errors import BaseModelError
try:
    download({NAME!r}, print, beat=0.1)
except BaseModelError as error:
    print("error:", error)
"""
    done = python(hub, tmp_path, program)
    hub.close()
    last = done.stdout.splitlines()[-1]
    assert last.startswith("error: 바탕 모델 somebody/small 을 내려받다가 끊겼습니다"), done.stderr
    assert "/ 8MB" in last
    assert "다시 시작하세요" in last


def test_a_disk_that_is_too_full_is_told_before_anything_comes(hub: Hub, tmp_path: Path) -> None:
    program = f"""
import shutil
from collections import namedtuple
shutil.disk_usage = lambda place: namedtuple("Usage", "free")(30_000_000)
download({NAME!r}, print)
"""
    done = python(hub, tmp_path, program)
    assert "디스크 공간이 모자랍니다 (필요 42MB, 남음 30MB)" in done.stderr
    assert not any("resolve" in line for line in hub.asked)


def test_without_a_hub_nothing_happens(hub: Hub, tmp_path: Path) -> None:
    hub.close()
    done = python(hub, tmp_path, f"download({NAME!r}, print); download({str(FOLDER)!r}, print)")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.slow
def test_a_model_that_was_fetched_loads_without_the_hub(tmp_path: Path) -> None:
    hub = Hub({file.name: file.read_bytes() for file in FOLDER.iterdir() if file.is_file()})
    program = f"""
download({NAME!r}, lambda words: None)
import huggingface_hub.constants
huggingface_hub.constants.HF_HUB_OFFLINE = True
from kakaobot.base.loading import load_base
print(load_base({NAME!r}).context)
"""
    done = python(hub, tmp_path, program)
    hub.close()
    assert done.stdout == "512\n", done.stderr


def test_of_all_files_only_those_that_are_loaded_are_chosen() -> None:
    shards = [ModelFile(f"model-0000{n}-of-00002.safetensors", 9) for n in (1, 2)]
    small = [ModelFile("config.json", 1), ModelFile("tokenizer.json", 5)]
    others = [
        ModelFile("README.md", 1),
        ModelFile("consolidated.safetensors", 9),
        ModelFile("pytorch_model.bin", 9),
        ModelFile("onnx/model.onnx", 9),
        ModelFile("original/config.json", 1),
    ]
    assert chosen([*others, *shards, *reversed(small)]) == [*small, *shards]
    assert chosen([*small, others[2]]) == [*small, others[2]]
    assert chosen(small) == []


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0MB"), (12_345, "12KB"), (35_400_000, "35MB"), (1_234_000_000, "1.2GB")],
)
def test_an_amount_reads_like_on_the_hub(count: int, words: str) -> None:
    assert amount(count) == words
