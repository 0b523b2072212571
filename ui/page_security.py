"""What the window's server changes in its responses: headers, and two tags of the page."""

from __future__ import annotations

import functools
import gzip
import json
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kakaobot.asgi import Send
from kakaobot.responses import Response
from ui import gradio_text, text, window_text
from ui.page_files import with_page_files
from ui.public_files import MANIFEST

_STATIC = Path(__file__).parent / "static"
_GRADIO_MANIFEST = b'<link rel="manifest" href="/manifest.json" />'
_LINKS = f"""<link rel="manifest" href="{MANIFEST}" />
<meta name="theme-color" media="(prefers-color-scheme: light)" content="#f3f1ed" />
<meta name="theme-color" media="(prefers-color-scheme: dark)" content="#171614" />""".encode()
"""The name and icons of the window, and the color of the frame around it."""
_MAX_HOSTS = 16
_LANGUAGE = (
    f'''Object.defineProperty(navigator, "language", {{ value: "{gradio_text.LANGUAGE}" }});'''
)
"""Gradio speaks the language of the browser, and has no option for it."""
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; manifest-src 'self'; "
    "frame-ancestors 'none'; base-uri 'self'; form-action 'none'"
)
# gr.HTML compiles its scripts, hence 'unsafe-eval'. The policy keeps words on this page, whatever
# script runs there.
_SECURITY_HEADERS = {
    "content-security-policy": _POLICY,
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def with_security_headers(send: Send) -> Send:
    """A `send` that adds the headers by which browsers isolate the window."""

    async def secured(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = {name.encode() for name in _SECURITY_HEADERS}
            kept = [pair for pair in message.get("headers", []) if pair[0].lower() not in own]
            message["headers"] = kept + [
                (name.encode(), value.encode()) for name, value in _SECURITY_HEADERS.items()
            ]
        await send(message)

    return secured


@functools.cache
def _scripts() -> bytes:
    """What stands between the page and its server, the first to see a request last."""
    names = ("off.js", "session.js", "config.js")
    off, session, config = ((_STATIC / name).read_text("utf-8") for name in names)
    words = {
        "app": text.APP,
        "title": window_text.OFF_TITLE,
        "restart": window_text.OTHER_LANGUAGE.restart,
        "title_elsewhere": window_text.OFF_TITLE_ELSEWHERE,
        "lead": window_text.OFF,
        "farewell": window_text.FAREWELL,
        "training": window_text.OFF_TRAINING,
        "again": window_text.OFF_AGAIN,
        "draft": window_text.OFF_DRAFT,
    }
    scripts = (_LANGUAGE, f"{off.rstrip()}({json.dumps(words)});", session, config)
    return "".join(f"<script>{script}</script>" for script in scripts).encode()


class KeptPages:
    """The page by the host that a request names. Gradio makes it anew, always the same."""

    def __init__(self) -> None:
        self._pages: dict[str, Response] = {}

    def get(self, headers: Mapping[str, str]) -> Response | None:
        """As it was sent first to a request with the host of `headers`; None before."""
        page = self._pages.get(headers.get("host", ""))
        if page is None or "gzip" in headers.get("accept-encoding", ""):
            return page
        return replace(page, body=gzip.decompress(page.body), headers={})

    def keep(self, headers: Mapping[str, str], page: bytes) -> None:
        if len(self._pages) < _MAX_HOSTS:
            body = gzip.compress(page, 6)
            kind, encoding = "text/html; charset=utf-8", {"content-encoding": "gzip"}
            self._pages[headers.get("host", "")] = Response(200, body, kind, encoding)


class PageWithScript:
    """Puts the scripts of the session before everything else of the page, and its own manifest.

    Gradio adds scripts of its `head` option after it has sent its first requests.

    Args:
        send: of the response.
        keep: called with the page, if there is one.
    """

    def __init__(self, send: Send, keep: Callable[[bytes], None] | None = None) -> None:
        self._send = send
        self._keep = keep
        self._start: MutableMapping[str, Any] = {}
        self._body = bytearray()

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = (
            with_page_files(bytes(self._body))
            .replace(b"<head>", b"<head>" + _scripts(), 1)
            .replace(_GRADIO_MANIFEST, _LINKS, 1)
            .replace(b'lang="en"', f'lang="{gradio_text.LANGUAGE}"'.encode(), 1)
        )
        kind = dict(self._start["headers"]).get(b"content-type", b"")
        if self._keep is not None and self._start["status"] == 200 and b"html" in kind:
            self._keep(body)
        headers = [pair for pair in self._start["headers"] if pair[0].lower() != b"content-length"]
        if b"content-length" in dict(self._start["headers"]):
            headers.append((b"content-length", str(len(body)).encode()))
        await self._send({**self._start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})
