"""Session authentication: ASGI middleware that serves only browsers which exchanged a code.

The password of the conversations is separate (`kakaobot.app.auth`).
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from kakaobot.app.auth import AccessPass
from kakaobot.asgi import App, Receive, Scope, Send
from kakaobot.errors import AccessDenied
from kakaobot.hosts import AllowedHosts
from kakaobot.responses import Response, json_object, json_response, read_body, replay, respond
from scripts.open_page import proof_of
from ui import password_text, request_text
from ui.browser_sessions import (
    BrowserSession,
    BrowserSessions,
    PasswordRequired,
    SessionSecrets,
    has_key,
)
from ui.errors import failure_of
from ui.page_files import asset
from ui.page_security import KeptPages, PageWithScript, with_security_headers
from ui.public_files import PUBLIC_FILES, public_file
from ui.render.templating import render
from ui.upload_limits import MAX_EVENT_BYTES

log = logging.getLogger("kakaobot.window")

OPEN = "/open"
"""The page that exchanges the code in its fragment; posting the code there exchanges it."""
NEW_CODE = "/open/new"
"""Issues a code to whoever knows the control token: a second `launch.py`."""
RETURN_CODE = "/open/return"
"""Gives a page the return code of its session, and the name under which it asks for a proof."""
KEY_HEADER = "x-kakaobot-key"
PAGE_HEADER = "x-kakaobot-page"
PULSE = "/pulse"
"""Tells a page what has changed; see `ui/pulse.py`."""
_HEALTH = "/health"
# Gradio requests this path from itself at startup.
_STARTUP = "/gradio_api/startup-events"
_STATIC = re.compile(r"/|/theme\.css|/favicon\.ico|/(assets|static)/[\w./+-]+")
_BODY_WITH_HASH = ("/gradio_api/queue/join", "/gradio_api/cancel")
# The page sends it after every cancel, without its session hash; gradio does nothing on it.
_RESET = "/gradio_api/reset"
_API = re.compile(
    r"POST (/gradio_api/(queue/join|cancel|reset|upload))"
    r"|GET (/gradio_api/(queue/data|upload_progress|heartbeat/\w+))"
)
"""What the page of the window requests; gradio's other routes do not exist here."""
_MAX_CODE_BODY = 4_000
_UNTRUSTED = ("forwarded", "x-forwarded-", "x-gradio-", "x-real-ip", "x-direct-url")
"""Headers by which a client could claim another address of this server, or of itself."""

Pulse = Callable[[AccessPass | None, Mapping[str, str]], Mapping[str, object]]


class SessionAuthMiddleware:
    """Responds 400 to a foreign host, 403 to a foreign origin or page, and 401 without a session.

    Args:
        app: serves what is left.
        sessions: of the browsers.
        hosts: accepted `Host` headers.
        port: of the window; browsers share cookies between the ports of a host.
        control_token: authorizes `NEW_CODE`.
        on_exchange: called after every exchange of a code.
        pulse: answers a query of the page with a pass.
    """

    def __init__(
        self,
        app: App,
        *,
        sessions: BrowserSessions,
        hosts: AllowedHosts,
        port: int,
        control_token: str,
        on_exchange: Callable[[], None] = lambda: None,
        pulse: Pulse = lambda access, query: {},
    ) -> None:
        self._app = app
        self._sessions = sessions
        self._hosts = hosts
        self._port = port
        self._cookie = _cookie_name(port)
        self._control_token = control_token
        self._on_exchange = on_exchange
        self._answer_pulse = pulse
        self._pages = KeptPages()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = with_security_headers(send)
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        response = self._reject_foreign(headers)
        if response is None:
            response = await self._own_response(scope, receive, headers)
        body = None
        if response is None and scope["path"] in _BODY_WITH_HASH:
            body = await read_body(receive, MAX_EVENT_BYTES)
            response = self._reject_body(body, scope, headers)
        if response is not None:
            await respond(send, response)
            return
        scope["headers"] = list(_trusted(scope["headers"]))
        if (scope["method"], scope["path"]) == ("GET", "/"):
            # Compressed, it could not be changed.
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
            keep = partial(self._pages.keep, headers) if not scope["query_string"] else None
            send = PageWithScript(send, keep).send
        if body is None:
            await self._app(scope, receive, send)
        elif error := await failure_of(self._app(scope, replay(body, receive), send)):
            # An event of no page, such as one with an unknown number.
            log.warning("refused event: %s", type(error).__name__)
            await respond(send, json_response(400, {"detail": request_text.UNEXPECTED_ERROR}))

    def _reject_foreign(self, headers: dict[str, str]) -> Response | None:
        host = headers.get("host", "")
        if not self._hosts.allows(host):
            return Response(400, b"bad host")
        if "origin" in headers and _origin_host(headers["origin"]) != host:
            return Response(403, b"bad origin")
        return None

    async def _own_response(
        self, scope: Scope, receive: Receive, headers: dict[str, str]
    ) -> Response | None:
        """The response of a path of this middleware or to a request without rights, if it is one.

        What concerns the session hash in a body is left to `_reject_body`.
        """
        method, path = scope["method"], scope["path"]
        if path == _HEALTH:
            return self._health(scope)
        if path == _STARTUP:
            return None
        if path in PUBLIC_FILES and method in ("GET", "HEAD"):
            return public_file(path)
        if path == OPEN:
            return await self._open(method, receive, headers)
        if path == NEW_CODE:
            return self._new_code(method, headers)
        session = self._session(headers)
        if session is None:
            return _unauthorized()
        if path == RETURN_CODE:
            return self._return_code(session, headers)
        if path == PULSE:
            return await self._pulse(session, scope, headers)
        if _STATIC.fullmatch(path) and ".." not in path:
            if method == "GET" and (file := asset(path, headers.get("accept-encoding", ""))):
                return file
            if (method, path, scope["query_string"]) == ("GET", "/", b""):
                return self._pages.get(headers)
            return None if method in ("GET", "HEAD") else Response(405)
        if not _API.fullmatch(f"{method} {path}"):
            return Response(404)
        if not has_key(session, headers.get(KEY_HEADER, "")):
            return _unauthorized()
        if path == _RESET:
            return json_response(200, {"success": True})
        hashes = _hashes_in_address(scope)
        # Several in one query are no request of the page.
        if hashes is not None and not (len(hashes) == 1 and self._owns(headers, hashes[0])):
            return Response(403, b"another page")
        return None

    def _health(self, scope: Scope) -> Response:
        """Says who serves this port, and proves it to `launch.py` and to open pages."""
        query = parse_qs(scope["query_string"].decode("latin-1"))
        challenge, name = (query.get(key, [""])[0][:64] for key in ("challenge", "session"))
        answer: dict[str, object] = {"app": "kakaobot"}
        if challenge:
            answer["proof"] = proof_of(self._control_token, challenge)
        # With the port: a program on another one could pass the challenge on to this one.
        if found := self._sessions.proof(name, f"{challenge} {self._port}"):
            answer["session"] = dict(zip(("state", "proof"), found, strict=True))
        return json_response(200, answer)

    def _return_code(self, session: BrowserSession, headers: dict[str, str]) -> Response:
        if not has_key(session, headers.get(KEY_HEADER, "")):
            return _unauthorized()
        return json_response(200, {"session": session.name, "code": session.return_code})

    async def _pulse(
        self, session: BrowserSession, scope: Scope, headers: dict[str, str]
    ) -> Response:
        if scope["method"] != "GET":
            return Response(405)
        if not has_key(session, headers.get(KEY_HEADER, "")):
            return _unauthorized()
        query = parse_qs(scope["query_string"].decode("latin-1"))
        access = session.passes.get(headers.get(PAGE_HEADER, ""))
        first = {name: values[0] for name, values in query.items()}
        # In a thread, as it looks at files.
        return json_response(200, await asyncio.to_thread(self._answer_pulse, access, first))

    async def _open(
        self, method: str, receive: Receive, headers: dict[str, str]
    ) -> Response | None:
        if method in ("GET", "HEAD"):
            page = render("open", show=password_text.SHOW)
            return Response(200, page.encode(), "text/html; charset=utf-8")
        if method != "POST" or headers.get("content-type") != "application/json":
            return Response(405)
        request = json_object(await read_body(receive, _MAX_CODE_BODY))
        code, password = str(request.get("code", "")), str(request.get("password", ""))
        cookies, key = self._cookies(headers) or [""], headers.get(KEY_HEADER, "")
        try:
            # In a thread, as checking a password takes a while.
            new = await asyncio.to_thread(
                self._sessions.exchange, code, password, SessionSecrets(cookies[0], key)
            )
        except PasswordRequired as error:
            return json_response(401, {"message": str(error), "asks_password": True})
        except AccessDenied as error:
            return json_response(401, {"message": str(error), "asks_password": False})
        self._on_exchange()
        cookie = f"{self._cookie}={new.cookie}; Path=/; HttpOnly; SameSite=Strict"
        return json_response(200, {"key": new.key}, {"set-cookie": cookie})

    def _new_code(self, method: str, headers: dict[str, str]) -> Response:
        expected = f"Bearer {self._control_token}".encode()
        if method != "POST" or "origin" in headers:
            return Response(405)
        if not hmac.compare_digest(headers.get("authorization", "").encode(), expected):
            return Response(401)
        return json_response(200, {"code": self._sessions.issue_code()})

    def _session(self, headers: dict[str, str]) -> BrowserSession | None:
        found = map(self._sessions.find, self._cookies(headers))
        return next((session for session in found if session), None)

    def _cookies(self, headers: dict[str, str]) -> list[str]:
        # Not http.cookies: it drops all cookies if another program on this host set an invalid one.
        parts = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
        return [value for name, _, value in parts if name == self._cookie]

    def _owns(self, headers: dict[str, str], session_hash: str) -> bool:
        session, page = self._session(headers), headers.get(PAGE_HEADER, "")
        if session is None or not page or not re.fullmatch(r"\w{1,64}", session_hash):
            return False
        return self._sessions.owns(session, page, session_hash)

    def _reject_body(
        self, body: bytes | None, scope: Scope, headers: dict[str, str]
    ) -> Response | None:
        if body is None:
            return json_response(413, {"detail": request_text.REQUEST_TOO_LARGE})
        session_hash = json_object(body).get("session_hash")
        if not isinstance(session_hash, str):
            return Response(400, b"no session hash")
        return None if self._owns(headers, session_hash) else Response(403, b"another page")


class BrowserRequest(Protocol):
    """The part of a request, here or in gradio, that tells who sent it."""

    @property
    def cookies(self) -> Mapping[str, str]: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


class SessionPasses:
    """The passes of pages, by the session and page that a request names."""

    def __init__(self, sessions: BrowserSessions, port: int) -> None:
        self._sessions = sessions
        self._cookie = _cookie_name(port)

    def find(self, request: BrowserRequest) -> AccessPass | None:
        return self._sessions.find_pass(*self._sender(request))

    def keep(self, request: BrowserRequest, access: AccessPass | None) -> None:
        self._sessions.keep_pass(*self._sender(request), access)

    def _sender(self, request: BrowserRequest) -> tuple[str, str]:
        return request.cookies.get(self._cookie, ""), request.headers.get(PAGE_HEADER, "")


def _cookie_name(port: int) -> str:
    return f"kakaobot-{port}"


def _hashes_in_address(scope: Scope) -> list[str] | None:
    """The session hashes in the path or query of a request; None if its path takes none."""
    if scope["path"].startswith("/gradio_api/heartbeat/"):
        return [scope["path"].rpartition("/")[2]]
    if scope["path"] == "/gradio_api/queue/data":
        return parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [])
    return None


def _origin_host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _trusted(headers: Iterable[tuple[bytes, bytes]]) -> Iterable[tuple[bytes, bytes]]:
    for name, value in headers:
        if not name.decode("latin-1").startswith(_UNTRUSTED):
            yield name, value


def _unauthorized() -> Response:
    return Response(401, render("unauthorized").encode(), "text/html; charset=utf-8")
