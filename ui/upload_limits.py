"""ASGI middleware that bounds what pages send, and removes broken uploads from their folder.

A refusal is a Korean sentence, which `ui/static/refusals.js` shows.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect

from kakaobot.asgi import App, Receive, Scope, Send
from kakaobot.atomic_io import disk_is_full
from kakaobot.language import tr
from ui import request_text as text
from ui.errors import failure_of

log = logging.getLogger("kakaobot.window")

_GB = 1 << 30
_UPLOAD, _EVENT = "/gradio_api/upload", "/gradio_api/queue/join"
MAX_EVENT_BYTES = 16 << 20
"""Bytes of any other request; gradio reads it into memory."""


@dataclass(frozen=True)
class UploadLimits:
    total_bytes: int = _GB
    """Of one request, and of all files in the upload folder."""
    files: int = 200
    """Files of one request."""
    free_bytes: int = _GB
    """What must stay free on the disk."""
    silence: float = 60.0
    """Seconds without a byte after which an upload counts as broken."""

    @property
    def too_many(self) -> str:
        return text.UPLOAD_TOO_MANY.format(count=self.files)

    @property
    def too_large(self) -> str:
        return text.UPLOAD_TOO_LARGE.format(size=size_text(self.total_bytes))


class UploadRefused(Exception):
    """A request that is not read, or not read to its end."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class UploadLimitsMiddleware:
    """Answers 413 to floods, 507 if the disk is full and 408 if an upload stalls."""

    def __init__(self, app: App, *, folder: Path, limits: UploadLimits | None = None) -> None:
        self._app = app
        self._folder = folder
        self._limits = limits or UploadLimits()
        self._uploads: list[_Body] = []
        """Uploads that are being received."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("POST", "PUT", "PATCH"):
            await self._app(scope, receive, send)
        elif scope["path"] == _UPLOAD:
            await self._receive_upload(scope, receive, send)
        else:
            body = _Body(receive, MAX_EVENT_BYTES, text.REQUEST_TOO_LARGE)
            answer = _Answer(send, body, as_json=True, is_event=scope["path"] == _EVENT)
            if _announced(Headers(scope=scope), MAX_EVENT_BYTES) > MAX_EVENT_BYTES:
                body.refusal = UploadRefused(413, text.REQUEST_TOO_LARGE)
                await answer.refuse(body.refusal)
            else:
                await self._app(scope, body.receive, answer.send)

    async def _receive_upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, limits = Headers(scope=scope), self._limits
        body = _Body(receive, 0, limits.too_large, limits, _delimiter(headers))
        answer = _Answer(send, body, failure=text.UPLOAD_BROKEN)
        try:
            body.left = self._reserve(headers)
        except UploadRefused as refusal:
            await answer.refuse(refusal)
            return
        self._uploads.append(body)
        try:
            error = await failure_of(self._app(scope, body.receive, answer.send))
        finally:
            self._uploads.remove(body)
            if not self._uploads:
                _sweep(self._folder)
        if error is not None:
            await answer.refuse(_refusal_of(error))

    def _reserve(self, headers: Headers) -> int:
        """Bytes that an upload may send; without an announced length, all that is left.

        Raises:
            UploadRefused: it announces more than there is room for.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        limits, waiting = self._limits, sum(upload.left for upload in self._uploads)
        announced = _announced(headers, 0)
        if announced > limits.total_bytes:
            raise UploadRefused(413, limits.too_large)
        room = limits.total_bytes - waiting - _size_of(self._folder)
        if announced > room or room <= 0:
            raise UploadRefused(413, text.UPLOADS_WAITING)
        free = shutil.disk_usage(self._folder).free - waiting - limits.free_bytes
        if announced > free or free <= 0:
            raise _disk_full(limits.free_bytes)
        return announced if "content-length" in headers else min(room, free)


class _Body:
    """The body of a request, counted while it is read."""

    def __init__(
        self,
        receive: Receive,
        left: int,
        too_large: str,
        limits: UploadLimits | None = None,
        delimiter: bytes = b"",
    ) -> None:
        self._receive = receive
        self.left = left
        """Bytes that may still come."""
        self._too_large = too_large
        self._limits = limits
        self._delimiter = delimiter
        self._parts = 0
        self._tail = b""
        self.refusal: UploadRefused | None = None

    async def receive(self) -> MutableMapping[str, Any]:
        try:
            message = await asyncio.wait_for(self._receive(), self._silence)
            if message["type"] == "http.request":
                self._count(message.get("body", b""))
                if not message.get("more_body", False):
                    self.left = 0
        except asyncio.TimeoutError:
            self.refusal = UploadRefused(408, text.UPLOAD_STALLED)
            raise self.refusal from None
        except UploadRefused as refusal:
            self.refusal = refusal
            raise
        return message

    @property
    def _silence(self) -> float | None:
        """Only while the body is read: afterwards, gradio waits for the client to disconnect."""
        return self._limits.silence if self._limits and self.left else None

    def _count(self, chunk: bytes) -> None:
        if len(chunk) > self.left:
            self.left = 0
            raise UploadRefused(413, self._too_large)
        self.left -= len(chunk)
        if self._limits and self._delimiter:
            window = self._tail + chunk
            self._parts += window.count(self._delimiter)
            self._tail = window[-len(self._delimiter) + 1 :]
            # The last delimiter ends the body.
            if self._parts > self._limits.files + 1:
                raise UploadRefused(413, self._limits.too_many)


class _Answer:
    """The response to a request, in which a Korean sentence replaces the failures of gradio."""

    def __init__(
        self,
        send: Send,
        body: _Body,
        *,
        failure: str = "",
        as_json: bool = False,
        is_event: bool = False,
    ) -> None:
        self._send, self._body = send, body
        self._failure, self._as_json, self._is_event = failure, as_json, is_event
        self._is_started = self._is_replaced = False

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            status = message["status"]
            if self._body.refusal and status >= 400:
                await self.refuse(self._body.refusal)
            elif self._failure and status >= 400:
                await self.refuse(UploadRefused(status, self._failure))
            elif self._is_event and status == 503:
                # The page shows a sentence of its own for 503.
                await self.refuse(UploadRefused(429, text.BUSY))
        if not self._is_replaced:
            self._is_started = True
            await self._send(message)

    async def refuse(self, refusal: UploadRefused) -> None:
        """Respond with the sentence, unless a response has been started."""
        if self._is_started or self._is_replaced:
            return
        self._is_replaced = True
        sentence = str(refusal)
        body = json.dumps({"detail": sentence}) if self._as_json else sentence
        kind = "application/json" if self._as_json else "text/plain; charset=utf-8"
        headers = [(b"content-type", kind.encode()), (b"cache-control", b"no-store")]
        await self._send(
            {"type": "http.response.start", "status": refusal.status, "headers": headers}
        )
        await self._send({"type": "http.response.body", "body": body.encode()})


def size_text(size: int) -> str:
    """`1GB`, `500MB`, or bytes."""
    for unit, name in ((_GB, "GB"), (1 << 20, "MB")):
        if size >= unit:
            return f"{size / unit:.3g}{name}"
    return tr("{size:,}바이트").format(size=size)


def _announced(headers: Headers, otherwise: int) -> int:
    """The announced length of a body."""
    length = headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else otherwise


def _delimiter(headers: Headers) -> bytes:
    """What stands before every part of a multipart body; empty if the header names none."""
    _, options = parse_options_header(headers.get("content-type"))
    boundary = options.get(b"boundary", b"")
    return b"--" + boundary if boundary else b""


def _refusal_of(error: Exception) -> UploadRefused:
    if isinstance(error, UploadRefused):
        return error
    if isinstance(error, OSError) and disk_is_full(error):
        return _disk_full(UploadLimits.free_bytes)
    if not isinstance(error, ClientDisconnect):
        # Gradio's parser fails on bodies that no browser sends.
        log.warning("broken upload: %s", type(error).__name__)
    return UploadRefused(400, text.UPLOAD_BROKEN)


def _disk_full(free_bytes: int) -> UploadRefused:
    return UploadRefused(507, text.UPLOAD_DISK_FULL.format(size=size_text(free_bytes)))


def _size_of(folder: Path) -> int:
    """Bytes of all files in a folder; files may vanish meanwhile."""
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                size += Path(parent, name).lstat().st_size
            except OSError:
                continue
    return size


def _sweep(folder: Path) -> None:
    """Remove what uploads have left: gradio moves a complete file into a folder of its own."""
    for entry in folder.glob("*"):
        try:
            if entry.is_dir():
                entry.rmdir()
            else:
                entry.unlink()
        except OSError:
            # A folder with a file that is yet to be imported.
            continue
