"""Responses of the program's servers, and the bodies of requests."""

from __future__ import annotations

import json
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from kakaobot.asgi import Receive, Send
from kakaobot.atomic_io import parse_json


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


async def read_body(receive: Receive, limit: int) -> bytes | None:
    """The body of a request; None if it is longer than `limit` bytes or the client is gone."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > limit:
            return None
        if not message.get("more_body"):
            return bytes(body)


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that returns a body that has been read, then what follows."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> MutableMapping[str, Any]:
        return messages.pop() if messages else await receive()

    return replayed


def json_object(body: bytes | None) -> dict[str, Any]:
    try:
        value = parse_json(body or b"")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def json_response(status: int, value: object, headers: dict[str, str] | None = None) -> Response:
    return Response(status, json.dumps(value).encode(), "application/json", headers or {})


async def respond(send: Send, response: Response) -> None:
    headers = {
        "content-type": response.content_type,
        "cache-control": "no-store",
        "content-length": str(len(response.body)),
        **response.headers,
    }
    raw = [(key.encode(), value.encode("latin-1")) for key, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
    await send({"type": "http.response.body", "body": response.body})
