"""Who may speak to the window: only the browser that was opened with the launch token.

A pure ASGI layer in front of the whole app; knows HTTP and nothing of gradio's pages. The chat's
password is another thing (`kakaobot.app.auth`).
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import os
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ui import text

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Gradio asks this of itself at the start, before there is a browser.
_STARTUP = "/gradio_api/startup-events"
_HEALTH = "/health"


class TokenAuthMiddleware:
    """Answers 400 to a strange host, 403 to a strange origin and 401 to a browser without token."""

    def __init__(self, app: App, *, token: str, host: str, port: int) -> None:
        self._app = app
        self._token = token.encode()
        self._names = _names(host)
        self._any_address = host in ("0.0.0.0", "::")
        # Browsers share cookies between the ports of a host.
        self._cookie = f"kakaobot-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        head = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        refusal = self._refusal(scope, head)
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await _answer(send, *refusal)

    def _refusal(
        self, scope: Scope, head: dict[str, str]
    ) -> tuple[int, bytes, dict[str, str]] | None:
        """Status, body and headers of what is answered in place of the app; None to let through."""
        host = head.get("host", "")
        if not self._is_ours(host):
            return 400, b"bad host", {}
        if "origin" in head and _origin_host(head["origin"]) != host:
            return 403, b"bad origin", {}
        if scope["path"] == _HEALTH:
            said = json.dumps({"app": "kakaobot", "pid": os.getpid()}).encode()
            return 200, said, {"content-type": "application/json"}
        if scope["path"] == _STARTUP or self._has_cookie(head.get("cookie", "")):
            return None
        [token] = parse_qs(scope["query_string"].decode("latin-1")).get("t", [""])[:1]
        if scope["path"] == "/" and self._matches(token):
            cookie = f"{self._cookie}={token}; Path=/; HttpOnly; SameSite=Strict"
            return 303, b"", {"location": "/", "set-cookie": cookie}
        return 401, _PAGE, {"content-type": "text/html; charset=utf-8"}

    def _is_ours(self, host: str) -> bool:
        name = _name(host)
        return name in self._names or (self._any_address and _is_address(name))

    def _has_cookie(self, header: str) -> bool:
        # Not http.cookies: it drops them all where another program on this host set an odd one.
        pairs = (part.strip().partition("=") for part in header.split(";"))
        return any(name == self._cookie and self._matches(value) for name, _, value in pairs)

    def _matches(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self._token)


def _origin_host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _names(host: str) -> set[str]:
    """Host names under which the window may be called."""
    return {
        *LOOPBACK,
        host.lower(),
        *([socket.gethostname().lower()] if host not in LOOPBACK else []),
    }


def _name(host: str) -> str:
    """The `Host` header without its port and brackets."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    # A rebinding attack needs a name of its own; an address cannot be pointed elsewhere.
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def _answer(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    given = {
        "content-type": "text/plain; charset=utf-8",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "content-length": str(len(body)),
        **headers,
    }
    raw = [(key.encode(), value.encode("latin-1")) for key, value in given.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


_PAGE = f"""<!doctype html><html lang="ko"><meta charset="utf-8"><title>{escape(text.TITLE)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center;
  font-family: Pretendard, "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR", sans-serif; }}
main {{ max-width: 26rem; padding: 2rem; line-height: 1.7; word-break: keep-all; }}
h1 {{ font-size: 1.25rem; }} p {{ opacity: .8; }}
</style><main><h1>{escape(text.UNAUTHORIZED_TITLE)}</h1><p>{escape(text.UNAUTHORIZED)}</p></main></html>
""".encode()
