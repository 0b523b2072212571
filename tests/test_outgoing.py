"""Connections to other machines are counted, named and written down; those to this one are not."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kakaobot import outgoing
from kakaobot.config import ROOT
from kakaobot.outgoing import LOG_VARIABLE, OutgoingRequest, purpose, requests, watch
from tests.patience import patience

ELSEWHERE = "192.0.2.1"
"""An address that is nobody's, for documentation."""
NOWHERE = "kakaobot.invalid"
"""A name that nobody can have."""
CONNECT = f"""
import contextlib, socket
from kakaobot.outgoing import watch
watch()
with socket.socket() as channel, contextlib.suppress(OSError):
    channel.setblocking(False)
    channel.connect(("{ELSEWHERE}", 80))
"""
DOWNLOAD = """
from kakaobot.outgoing import watch
watch()
from kakaobot.base.download import download
download("somebody/small", print)
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of a process that has just begun to count."""
    monkeypatch.setenv(LOG_VARIABLE, "")
    file = tmp_path / ".kakaobot" / "outgoing.jsonl"
    watch(file)
    yield file
    watch(Path(os.devnull))


def connect(address: tuple[str, int], family: int = socket.AF_INET) -> None:
    """Begin to connect, without waiting for an answer."""
    with socket.socket(family) as channel, contextlib.suppress(OSError):
        channel.setblocking(False)
        channel.connect(address)


def names() -> list[tuple[str, str]]:
    return [(request.host, request.purpose) for request in requests()]


def in_child(program: str, **environ: str) -> None:
    subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, **environ},
        timeout=patience(),
        check=True,
    )


def test_a_connection_to_another_machine_is_counted_and_named(log: Path) -> None:
    connect((ELSEWHERE, 80))
    with purpose("바탕 모델 내려받기"):
        connect((ELSEWHERE, 443))
    assert names() == [
        (ELSEWHERE, outgoing.UNKNOWN_PURPOSE),
        (ELSEWHERE, "바탕 모델 내려받기"),
    ]
    assert len(log.read_text(encoding="utf-8").splitlines()) == 2
    if sys.platform != "win32":
        assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_new_count_forgets_what_was_looked_up(log: Path) -> None:
    with contextlib.suppress(OSError):
        socket.getaddrinfo(NOWHERE, 443)
    watch(log)
    connect((ELSEWHERE, 443))
    assert [host for host, _ in names()] == [ELSEWHERE]


def test_a_connection_within_this_machine_is_not_counted(log: Path, tmp_path: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        connect(server.getsockname())
        connect(("0.0.0.0", server.getsockname()[1]))
        socket.create_connection(("localhost", server.getsockname()[1])).close()
    if hasattr(socket, "AF_UNIX"):
        with socket.socket(socket.AF_UNIX) as channel, contextlib.suppress(OSError):
            channel.connect(str(tmp_path / "nobody"))
    # What a server asks about its own address, and what only notes one.
    socket.getaddrinfo("192.0.2.7", 80)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.connect((ELSEWHERE, 53))
    assert names() == []
    assert not log.exists()


def test_a_datagram_to_another_machine_is_counted(log: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel, contextlib.suppress(OSError):
        channel.sendto(b"?", (ELSEWHERE, 53))
    assert names() == [(ELSEWHERE, outgoing.UNKNOWN_PURPOSE)]


def test_a_name_is_counted_with_its_connection_once(log: Path) -> None:
    with contextlib.suppress(OSError):
        socket.create_connection((NOWHERE, 443), timeout=1)
    connect((ELSEWHERE, 443))
    assert names() == [(NOWHERE, outgoing.UNKNOWN_PURPOSE)]
    connect((ELSEWHERE, 80))
    assert len(requests()) == 2


def test_a_proxy_on_this_machine_leads_out_of_it(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    watch(log)
    connect(("127.0.0.1", 9))
    connect(("127.0.0.1", 10))
    assert names() == [("127.0.0.1", outgoing.UNKNOWN_PURPOSE)]


@pytest.mark.parametrize(
    ("host", "outside"),
    [
        *(("127.8.9.1", False), ("::1", False), ("::ffff:127.0.0.1", False), ("localhost", False)),
        *(("", False), ("::", False), ("a.localhost", False), (socket.gethostname(), False)),
        *(("192.168.0.7", True), ("::ffff:8.8.8.8", True), ("fe80::1%eth0", True)),
        *(("huggingface.co", True), ("localhost.com", True)),
    ],
)
def test_what_is_outside(host: str, outside: bool) -> None:
    assert outgoing.is_outside(host) is outside


def test_a_child_process_writes_down_what_its_parent_counts(log: Path) -> None:
    connect((ELSEWHERE, 80))
    in_child(CONNECT)
    own, other = requests()
    assert own.pid == os.getpid() != other.pid
    assert other.host == ELSEWHERE


def test_a_download_of_a_base_is_named(log: Path, tmp_path: Path) -> None:
    """The hub has no address here, so that nothing leaves the machine."""
    endpoint = {"HF_ENDPOINT": f"http://{NOWHERE}", "HF_HUB_OFFLINE": "0"}
    in_child(DOWNLOAD, HF_HOME=str(tmp_path), **endpoint)
    assert {request.host for request in requests()} == {NOWHERE}
    assert all("바탕 모델 somebody/small" in request.purpose for request in requests())


def test_a_window_begins_anew_and_a_command_goes_on(log: Path) -> None:
    in_child(CONNECT)
    watch(log)
    assert len(requests()) == 1
    watch(log, anew=True)
    assert requests() == []


def test_what_cannot_be_written_or_read_is_still_counted(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("", encoding="utf-8")
    watch(in_the_way / "log")
    connect((ELSEWHERE, 80))
    assert len(requests()) == 1
    damaged = tmp_path / "log"
    damaged.write_text('{"at": 1}\n[]\nnull\n{"at"', encoding="utf-8")
    watch(damaged)
    assert requests() == []
    connect((ELSEWHERE, 80))
    watch(Path(os.devnull))


def test_requests_are_in_the_order_of_time(log: Path) -> None:
    log.parent.mkdir()
    late = OutgoingRequest(9e9, "b.example", "나중", 1)
    early = OutgoingRequest(1.0, "a.example", "먼저", 1)
    for request in (late, early):
        outgoing._append(log, request)
    assert requests() == [early, late]
