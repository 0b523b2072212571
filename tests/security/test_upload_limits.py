"""Floods, broken uploads and hostile multipart bodies against a served window."""

import contextlib
import os
import socket
import time
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from starlette.middleware import Middleware

from tests.patience import patience, wait_for
from tests.ui.serving import serving
from ui import request_text
from ui.errors import GuardedBlocks
from ui.upload_limits import UploadLimits, UploadLimitsMiddleware, size_text

LIMITS = UploadLimits(total_bytes=100_000, files=5, free_bytes=1, silence=1.0)
ROOM = "도담 : 안녕".encode()


@contextlib.contextmanager
def served(folder, limits=LIMITS, build=lambda: None):
    """An app with the middleware; `build` adds its components."""
    with GuardedBlocks(analytics_enabled=False) as window:
        gr.File(file_count="multiple")
        build()
    middleware = [Middleware(UploadLimitsMiddleware, folder=folder, limits=limits)]
    with serving(window.queue(max_size=1), app_kwargs={"middleware": middleware}) as server:
        yield SimpleNamespace(client=server.client, port=server.port, folder=folder)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("uploads")
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        with served(folder) as server:
            yield server


@pytest.fixture(autouse=True)
def _empty_folder(server):
    for file in stored(server):
        file.unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def _no_traceback(capfd, caplog):
    yield
    output = capfd.readouterr()
    log = output.out + output.err + caplog.text
    assert "Traceback" not in log
    assert 'File "' not in log


def files(*contents, name="방.txt"):
    return [("files", (f"{number}{name}", content)) for number, content in enumerate(contents)]


def stored(server):
    return [Path(folder, name) for folder, _, names in os.walk(server.folder) for name in names]


def part(disposition, content=ROOM, *more):
    lines = [b"--B", f"Content-Disposition: {disposition}".encode(), *more, b"", content, b""]
    return b"\r\n".join(lines)


def post(server, body, content_type="multipart/form-data; boundary=B", **headers):
    headers = {"content-type": content_type, **headers}
    return server.client.post("/upload", content=body, headers=headers)


def test_an_upload_within_the_limits_is_stored(server):
    response = server.client.post("/upload", files=files(b"one", b"two"))
    assert response.status_code == 200
    assert sorted(file.read_bytes() for file in stored(server)) == [b"one", b"two"]


@pytest.mark.parametrize("count", [6, 60, 500])
def test_too_many_files_are_refused(server, count):
    response = server.client.post("/upload", files=files(*[b"x"] * count))
    assert (response.status_code, response.text) == (413, LIMITS.too_many)
    wait_for(lambda: not stored(server), lambda: None)


def test_too_many_fields_without_a_file_are_refused(server):
    body = part('form-data; name="x"', b"") * 500 + b"--B--\r\n"
    response = post(server, body)
    assert (response.status_code, response.text) == (413, LIMITS.too_many)


def test_a_delimiter_split_between_chunks_is_counted(server):
    body = part('form-data; name="files"; filename="a.txt"') * 7 + b"--B--\r\n"
    response = post(server, (body[n : n + 1] for n in range(len(body))))
    assert (response.status_code, response.text) == (413, LIMITS.too_many)
    wait_for(lambda: not stored(server), lambda: None)


def test_an_announced_size_is_refused_before_a_byte_is_read(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=patience()) as client:
        client.sendall(
            b"POST /gradio_api/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999999999\r\n"
            b"Content-Type: multipart/form-data; boundary=B\r\n\r\n"
        )
        answer = b""
        while LIMITS.too_large.encode() not in answer:
            received = client.recv(4096)
            assert received, answer
            answer += received
    assert answer.startswith(b"HTTP/1.1 413")


def test_a_body_without_a_length_is_counted(server):
    disposition = 'form-data; name="files"; filename="a.txt"'
    body = part(disposition, b"x" * 150_000) + b"--B--\r\n"
    response = post(server, (body[n : n + 5_000] for n in range(0, len(body), 5_000)))
    assert (response.status_code, response.text) == (413, LIMITS.too_large)
    wait_for(lambda: not stored(server), lambda: None)


def test_files_that_wait_for_their_import_count(server):
    assert server.client.post("/upload", files=files(b"a" * 80_000)).status_code == 200
    response = server.client.post("/upload", files=files(b"b" * 50_000))
    assert (response.status_code, response.text) == (413, request_text.UPLOADS_WAITING)
    for file in stored(server):
        file.unlink(missing_ok=True)
    assert server.client.post("/upload", files=files(b"b" * 50_000)).status_code == 200


def test_uploads_in_progress_count(server):
    with interrupted_upload(server, announced=80_000):
        response = server.client.post("/upload", files=files(b"b" * 50_000))
        assert (response.status_code, response.text) == (413, request_text.UPLOADS_WAITING)


def test_a_full_disk_is_reported(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with served(tmp_path, UploadLimits(free_bytes=1 << 60)) as server:
        response = server.client.post("/upload", files=files(b"x"))
    assert response.status_code == 507
    assert response.text == request_text.UPLOAD_DISK_FULL.format(size=size_text(1 << 60))


@contextlib.contextmanager
def interrupted_upload(server, announced):
    """The beginning of an upload, up to a part of its file."""
    body = part('form-data; name="files"; filename="a.txt"', b"x" * 2_000)
    with socket.create_connection(("127.0.0.1", server.port), timeout=patience()) as client:
        client.sendall(
            b"POST /gradio_api/upload HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: multipart/form-data; boundary=B\r\n"
            + f"Content-Length: {announced}\r\n\r\n".encode()
            + body
        )
        wait_for(lambda: bool(stored(server)), lambda: None)
        yield client


def test_an_upload_whose_client_is_gone_is_removed(server):
    with interrupted_upload(server, announced=50_000):
        pass
    wait_for(lambda: not stored(server), lambda: None)


def test_an_upload_that_stalls_is_removed(server):
    with interrupted_upload(server, announced=50_000) as client:
        started = time.monotonic()
        assert client.recv(4096).startswith(b"HTTP/1.1 408")
        assert time.monotonic() - started > 0.5
        wait_for(lambda: not stored(server), lambda: None)


HOSTILE = {
    "no boundary": ("multipart/form-data", part('form-data; name="files"; filename="a"')),
    "no multipart": ("application/json", b"{}"),
    "no content": ("multipart/form-data; boundary=B", b""),
    "not closed": ("multipart/form-data; boundary=B", b"--B\r\nContent-Disposition: form-data"),
    "garbage": ("multipart/form-data; boundary=B", b"\x00\xff" * 500),
    "no name": ("multipart/form-data; boundary=B", part("form-data", b"x") + b"--B--\r\n"),
    "a field for a file": (
        "multipart/form-data; boundary=B",
        part('form-data; name="files"', b"x") + b"--B--\r\n",
    ),
    "a huge header": (
        "multipart/form-data; boundary=B",
        part('form-data; name="files"; filename="a"', b"x", b"X-A: " + b"a" * 50_000)
        + b"--B--\r\n",
    ),
    "many headers": (
        "multipart/form-data; boundary=B",
        part('form-data; name="files"; filename="a"', b"x", *[b"X-A: a"] * 3_000) + b"--B--\r\n",
    ),
    "an unknown charset": (
        "multipart/form-data; boundary=B; charset=no-such",
        part('form-data; name="files"; filename="a\xff"', b"x", b"X: \xff") + b"--B--\r\n",
    ),
    "a parent folder": (
        "multipart/form-data; boundary=B",
        part('form-data; name="files"; filename=".."') + b"--B--\r\n",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("query", ["", "?upload_id=x"])
def test_a_broken_body_is_answered_in_korean_and_leaves_nothing(server, kind, query):
    content_type, body = HOSTILE[kind]
    response = server.client.post(
        f"/upload{query}", content=body, headers={"content-type": content_type}
    )
    if response.status_code != 200:
        assert 400 <= response.status_code < 500
        assert response.text == request_text.UPLOAD_BROKEN
    wait_for(
        lambda: not [file for file in stored(server) if file.parent == server.folder], lambda: None
    )


NAMES = [
    "../../밖.txt",
    "..\\\\밖.txt",
    "/etc/밖.txt",
    "C:\\\\밖.txt",
    "밖\x00.txt",
    "CON.txt",
    "nul",
    "방" * 1_000 + ".txt",
    "x" * 300 + "." + "y" * 300,
    "\u1103\u1169\u1103\u1161\u11b7.txt",
    "\u202etxt.방",
    "\u200b",
    " ",
    ".",
    "",
    "방\r\nX: y.txt",
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_hostile_name_stays_in_the_upload_folder(server, name):
    before = set(server.folder.parent.iterdir())
    body = part(f'form-data; name="files"; filename="{name}"') + b"--B--\r\n"
    response = post(server, body)
    if response.status_code == 200:
        [path] = response.json()
        [file] = stored(server)
        assert str(file) == path
        assert file.read_bytes() == ROOM
        assert file.is_relative_to(server.folder)
    else:
        assert (response.status_code, response.text) == (400, request_text.UPLOAD_BROKEN)
        wait_for(lambda: not stored(server), lambda: None)
    assert set(server.folder.parent.iterdir()) == before


def test_a_huge_event_is_refused(server):
    response = server.client.post(
        "/queue/join",
        content=b'{"data": ["' + b"x" * (17 << 20) + b'"]}',
        headers={"content-type": "application/json"},
    )
    assert response.status_code == 413
    assert response.json()["detail"] == request_text.REQUEST_TOO_LARGE


def test_a_huge_event_without_a_length_is_refused(server):
    response = server.client.post(
        "/queue/join",
        content=(b" " * (1 << 20) for _ in range(17)),
        headers={"content-type": "application/json"},
    )
    assert response.status_code == 413
    assert response.json()["detail"] == request_text.REQUEST_TOO_LARGE


def test_a_full_queue_is_told_in_korean(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))

    def build():
        gr.Button().click(lambda: time.sleep(0.5), api_name="slow")

    with served(tmp_path, build=build) as server:
        event = {"fn_index": 0, "data": [], "session_hash": "page"}
        answers = [server.client.post("/queue/join", json=event) for _ in range(8)]
        refused = [answer for answer in answers if answer.status_code != 200]
        assert refused
        for answer in refused:
            assert (answer.status_code, answer.json()["detail"]) == (429, request_text.BUSY)
