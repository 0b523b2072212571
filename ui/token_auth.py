"""Token authentication: ASGI middleware that serves only browsers with the launch token.

The password of the chat is separate (`kakaobot.app.auth`).
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import os
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ui.render.templating import render

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Gradio requests this path from itself at startup.
_STARTUP = "/gradio_api/startup-events"
_HEALTH = "/health"


class TokenAuthMiddleware:
    """Responds 400 to a foreign host, 403 to a foreign origin and 401 without the token."""

    def __init__(self, app: App, *, token: str, host: str, port: int) -> None:
        self._app = app
        self._token = token.encode()
        self._hosts = _allowed_hosts(host)
        self._any_ip = host in ("0.0.0.0", "::")
        # Browsers share cookies between the ports of a host.
        self._cookie = f"kakaobot-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        rejection = self._rejection(scope, headers)
        if rejection is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await _respond(send, *rejection)

    def _rejection(
        self, scope: Scope, headers: dict[str, str]
    ) -> tuple[int, bytes, dict[str, str]] | None:
        """Status, body and headers to respond with; None to pass the request on."""
        host = headers.get("host", "")
        if not self._is_allowed(host):
            return 400, b"bad host", {}
        if "origin" in headers and _origin_host(headers["origin"]) != host:
            return 403, b"bad origin", {}
        if scope["path"] == _HEALTH:
            body = json.dumps({"app": "kakaobot", "pid": os.getpid()}).encode()
            return 200, body, {"content-type": "application/json"}
        if scope["path"] == _STARTUP or self._has_cookie(headers.get("cookie", "")):
            return None
        [token] = parse_qs(scope["query_string"].decode("latin-1")).get("t", [""])[:1]
        if scope["path"] == "/" and self._matches(token):
            cookie = f"{self._cookie}={token}; Path=/; HttpOnly; SameSite=Strict"
            return 303, b"", {"location": "/", "set-cookie": cookie}
        return 401, render("unauthorized").encode(), {"content-type": "text/html; charset=utf-8"}

    def _is_allowed(self, host: str) -> bool:
        name = _host_name(host)
        return name in self._hosts or (self._any_ip and _is_ip(name))

    def _has_cookie(self, header: str) -> bool:
        # Not http.cookies: it drops all cookies if another program on this host set an invalid one.
        pairs = (part.strip().partition("=") for part in header.split(";"))
        return any(name == self._cookie and self._matches(value) for name, _, value in pairs)

    def _matches(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self._token)


def _origin_host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _allowed_hosts(host: str) -> set[str]:
    """Accepted names in the `Host` header."""
    return {
        *LOOPBACK,
        host.lower(),
        *([socket.gethostname().lower()] if host not in LOOPBACK else []),
    }


def _host_name(host: str) -> str:
    """The `Host` header without its port and brackets."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_ip(name: str) -> bool:
    # DNS rebinding needs a name; an IP address cannot be rebound.
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def _respond(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    all_headers = {
        "content-type": "text/plain; charset=utf-8",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "content-length": str(len(body)),
        **headers,
    }
    raw = [(key.encode(), value.encode("latin-1")) for key, value in all_headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
