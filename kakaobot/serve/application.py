"""The ASGI application: who may ask, and which route answers. No route answers without a key."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from kakaobot.app.api_keys import ApiKey, ApiKeys, KeyKind
from kakaobot.asgi import Receive, Scope, Send
from kakaobot.atomic_io import parse_json
from kakaobot.config import Home
from kakaobot.hosts import AllowedHosts, host_name
from kakaobot.language import tr
from kakaobot.responses import json_response, read_body, respond
from kakaobot.serve.chat_request import parse_request
from kakaobot.serve.completions import Completions
from kakaobot.serve.faults import ApiFault, fault_of
from kakaobot.serve.rate_limit import RateLimit
from kakaobot.serve.reading import ClientGone, Reader, unless_gone
from kakaobot.serve.skill import Skill
from kakaobot.serve.skill_json import parse_skill

MAX_BODY = 1_000_000
"""Bytes of a request."""
KEY_HEADER = "x-kakaobot-key"
"""For those who cannot send `Authorization`."""
_NO_KEY = tr("API 키가 없거나 맞지 않습니다. 'Authorization: Bearer kb-…' 로 보내세요.")
_OTHER_KEY = tr("이 키는 여기에 쓸 수 없습니다. 쓰는 곳에 맞는 키를 새로 만드세요.")
_NO_ROUTE = tr("그런 주소는 없습니다: {path}")
_NO_METHOD = tr("이 주소는 {method} 로 청합니다.")
_HOST = tr("이 이름으로는 받지 않습니다. 터널이나 프록시의 이름이면 API 의 바깥 이름에 적으세요.")
_BODY = tr("보낸 내용이 너무 깁니다.")
_JSON = tr("보낸 내용이 JSON 이 아닙니다.")
_TOO_OFTEN = tr("이 키로 너무 자주 청했습니다. {wait}초 뒤에 다시 청하세요.")
_LOG = logging.getLogger(__name__)

Answer = Callable[[ApiKey, Any, Receive, Send], Awaitable[None]]
"""Takes the key, the JSON of the body, and sends the response."""


@dataclass(frozen=True)
class Route:
    method: str
    kind: KeyKind
    """Of the keys that open it."""
    answer: Answer
    is_limited: bool = True
    """Whether it counts for the limit of the key."""


class ApiApplication:
    """Answers HTTP requests. Browsers of other sites cannot read it, as no CORS header is sent."""

    def __init__(
        self, home: Home, keys: ApiKeys, completions: Completions, skill: Skill, reader: Reader
    ) -> None:
        self._home, self._keys, self._completions = home, keys, completions
        self._skill = skill
        self._reader = reader
        self._hosts = AllowedHosts(home.settings().serve.host)
        self._limit = RateLimit()
        self.routes = {
            "/v1/models": Route("GET", "api", self._models, is_limited=False),
            "/v1/chat/completions": Route("POST", "api", self._complete),
            "/kakao/skill": Route("POST", "kakao", self._answer_skill),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            with contextlib.suppress(ClientGone):
                await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = Started(send)
        try:
            route, key = await self._admitted(scope)
            value = await _json_body(receive) if route.method == "POST" else None
            await route.answer(key, value, receive, begun)
        except ClientGone:
            raise
        except Exception as error:
            fault = fault_of(error)
            if fault.status >= 500 and fault.code == "internal_error":
                _LOG.exception("unexpected error in %s", scope["path"])
            if begun.is_begun:
                raise
            await respond(send, json_response(fault.status, fault.json, fault.headers))

    async def _admitted(self, scope: Scope) -> tuple[Route, ApiKey]:
        """The route of a request, and its key.

        Raises:
            ApiFault: it may not ask.
        """
        headers = {key.decode("latin-1").lower(): value for key, value in scope["headers"]}
        serve = self._home.settings().serve
        host = headers.get("host", b"").decode("latin-1")
        if not (self._hosts.allows(host) or host_name(host) in map(str.lower, serve.domains)):
            raise ApiFault(421, _HOST, "wrong_host")
        secret = _secret(headers)
        key = await self._reader.call(lambda: self._keys.check(secret))
        if key is None:
            raise ApiFault(401, _NO_KEY, "invalid_api_key", kind="authentication_error")
        route = self.routes.get(scope["path"])
        if route is None:
            raise ApiFault(404, _NO_ROUTE.format(path=scope["path"][:100]), "not_found")
        if scope["method"] != route.method:
            raise ApiFault(405, _NO_METHOD.format(method=route.method), "method_not_allowed")
        if key.kind != route.kind:
            raise ApiFault(403, _OTHER_KEY, "wrong_key", kind="permission_error")
        if route.is_limited and (wait := self._limit.wait(key.id, serve.requests_per_minute)):
            message = _TOO_OFTEN.format(wait=wait)
            raise ApiFault(
                429, message, "rate_limit_exceeded", kind="rate_limit_error", retry_after=wait
            )
        return route, key

    async def _models(self, key: ApiKey, value: Any, receive: Receive, send: Send) -> None:
        await respond(send, json_response(200, await self._completions.models()))

    async def _complete(self, key: ApiKey, value: Any, receive: Receive, send: Send) -> None:
        request = parse_request(value)
        if request.is_stream:
            events = self._completions.stream(request)
            await unless_gone(receive, _send_events(send, self._while_valid(key, events)))
        else:
            answer = await unless_gone(receive, self._completions.whole(request))
            await respond(send, json_response(200, answer))

    async def _answer_skill(self, key: ApiKey, value: Any, receive: Receive, send: Send) -> None:
        # Not until the platform disconnects: a late answer is kept.
        await respond(send, json_response(200, await self._skill.answer(parse_skill(value))))

    async def _while_valid(self, key: ApiKey, events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The events, until the key is revoked."""
        async with contextlib.aclosing(events) as open_events:  # type: ignore[type-var]
            async for piece in open_events:
                if not await self._reader.call(lambda: self._keys.holds(key)):
                    return
                yield piece


class Started:
    """Passes on to `send`, and knows whether a response has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.is_begun = False

    async def __call__(self, message: Any) -> None:
        self.is_begun = True
        await self._send(message)


def _secret(headers: dict[str, bytes]) -> str:
    """The key that a request brings, in the header of OpenAI's clients or in one of its own."""
    if own := headers.get(KEY_HEADER):
        return own.decode("latin-1").strip()
    scheme, _, secret = headers.get("authorization", b"").decode("latin-1").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


async def _json_body(receive: Receive) -> Any:
    body = await read_body(receive, MAX_BODY)
    if body is None:
        raise ApiFault(413, _BODY, "too_large")
    try:
        return parse_json(body)
    except ValueError as error:
        raise ApiFault(400, _JSON, "invalid_json") from error


async def _send_events(send: Send, events: AsyncIterator[bytes]) -> None:
    """Send a stream; its response begins with the first event."""
    is_begun = False
    async with contextlib.aclosing(events) as open_events:  # type: ignore[type-var]
        async for piece in open_events:
            if not is_begun:
                is_begun = True
                await send(_STREAM_START)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


_STREAM_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    ],
}


async def _live(receive: Receive, send: Send) -> None:
    """The lifespan protocol, in which nothing is to be done."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
