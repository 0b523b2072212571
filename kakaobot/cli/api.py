"""The commands `keys` and `serve`: replies for other programs. Both require the password."""

from __future__ import annotations

import time
from argparse import Namespace
from datetime import datetime
from typing import cast

from kakaobot.app.api_keys import KIND_TITLES, KINDS, ApiKey, ApiKeys, KeyKind
from kakaobot.app.auth import PasswordGate
from kakaobot.app.chat import ChatService
from kakaobot.app.chat_engines import ChatEngines
from kakaobot.cli.console import format_columns
from kakaobot.cli.context import CommandContext
from kakaobot.cli.hints import command_hint
from kakaobot.cli.parser import UsageError
from kakaobot.display_name import display_name
from kakaobot.language import tr
from kakaobot.runs.labels import minute_text
from kakaobot.serve.server import ApiServer

_HEAD = (tr("번호"), tr("이름"), tr("쓰는 곳"), tr("만든 때"), tr("마지막으로 쓴 때"))

_LOOK = 0.2
"""Seconds."""
_LAST_PORT = 65535


def keys(args: Namespace, context: CommandContext) -> None:
    """List the keys, make one, or revoke one.

    Raises:
        AccessDenied: before anything is read.
        ConfigError: there is no such key, or the keys cannot be written.
    """
    kind = getattr(args, "for") or KINDS[0]
    if kind not in KINDS:
        raise UsageError(
            tr("--for 뒤에는 {kinds} 가운데 하나를 적으세요.").format(kinds=", ".join(KINDS))
        )
    if args.make and args.revoke:
        raise UsageError(tr("--make 와 --revoke 가운데 하나만 적으세요."))
    gate = PasswordGate.from_home(context.home)
    access = context.authenticate(gate)
    api_keys, console = ApiKeys(context.home, gate), context.console
    if args.make:
        console.print(api_keys.make(access, args.make, cast("KeyKind", kind)))
        console.notify(tr("키를 만들었습니다. 다시 볼 수 없으니 지금 옮겨 적으세요."))
    elif args.revoke:
        revoked = api_keys.revoke(access, args.revoke)
        console.notify(
            tr("'{name}' 키를 없앴습니다. 이제 쓸 수 없습니다.").format(
                name=display_name(revoked.name)
            )
        )
    elif args.json:
        console.print_json([_json(key) for key in api_keys.all(access)])
    elif found := api_keys.all(access):
        console.print(format_columns([_HEAD, *map(_columns, found)]), end="")
    else:
        console.notify(
            tr("만든 키가 없습니다. (키 만들기: {command_hint})").format(
                command_hint=command_hint("keys", ("--make", (tr("이름"),)))
            )
        )


def serve(args: Namespace, context: CommandContext) -> None:
    """Answer other programs until Ctrl+C.

    Raises:
        AccessDenied: before anything is read.
        ConfigError: the port is no number or taken, or the host is not this machine.
    """
    port = _port(args.port)
    gate, console = PasswordGate.from_home(context.home), context.console
    access = context.authenticate(gate)
    chat = ChatService(context.home, gate, engines=ChatEngines(context.home))
    server = ApiServer(context.home, gate, chat)
    state = server.start(access, port)
    try:
        console.print(state.address)
        console.flush()
        if state.is_open:
            console.notify(tr("같은 네트워크의 다른 기기도 키가 있으면 쓸 수 있습니다."))
        console.notify(
            tr("Ctrl+C 를 누르면 끝냅니다. 키 만들기: {command_hint}").format(
                command_hint=command_hint("keys", ("--make", (tr("이름"),)))
            )
        )
        while server.state.is_on:
            time.sleep(_LOOK)
    except KeyboardInterrupt:
        console.end_prompt()
        console.notify(tr("API 를 껐습니다."))
    finally:
        server.close()


def _port(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or int(text) > _LAST_PORT:
        raise UsageError(tr("--port 뒤에는 0부터 65535까지의 번호를 적으세요."))
    return int(text)


def _columns(key: ApiKey) -> tuple[str, ...]:
    used = time_text(key.used_at) if key.used_at else tr("쓴 적 없음")
    return key.id, display_name(key.name), tr(KIND_TITLES[key.kind]), time_text(key.made_at), used


def time_text(at: float) -> str:
    """Unix time as in lists."""
    return minute_text(datetime.fromtimestamp(at).isoformat())


def _json(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "for": key.kind,
        "made_at": key.made_at,
        "used_at": key.used_at,
    }
