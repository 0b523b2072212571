"""The commands `where` and `erase`: what is stored, and deleting it for good."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime

from kakaobot.app.auth import PasswordGate
from kakaobot.app.consent import Consent, consent_text
from kakaobot.app.erasing import Erasing
from kakaobot.app.storage import Storage, StoredThing, size_text, total_size
from kakaobot.cli.console import format_columns
from kakaobot.cli.context import CommandContext
from kakaobot.cli.hints import command_hint
from kakaobot.cli.parser import UsageError
from kakaobot.display_name import display_name
from kakaobot.errors import KakaobotError
from kakaobot.language import tr
from kakaobot.outgoing import OutgoingRequest, requests
from kakaobot.runs.labels import minute_text

CONFIRMATION = tr("지우기")
"""What is typed to erase."""
_HEAD = (tr("이름"), tr("크기"), tr("어디에"), tr("무엇"))
_MAX_REQUESTS = 20


def where(args: Namespace, context: CommandContext) -> None:
    """List what is stored, what went out, and the record of consent."""
    storage, consent = Storage(context.home), Consent(context.home)
    things, sent, given = storage.things(), requests(), consent.given()
    if args.json:
        context.console.print_json(
            {
                "home": str(context.home.root),
                "stored": [_json(thing) for thing in things],
                "bytes": total_size(things),
                "outgoing": [_request_json(request) for request in sent],
                "consent": {"by": given.by, "at": given.at.isoformat()} if given else None,
            }
        )
        return
    console = context.console
    console.print(
        tr("{root} 에 있는 것 (모두 {things})").format(
            root=context.home.root, things=size_text(total_size(things))
        )
    )
    console.print(format_columns([_HEAD, *map(_columns, things)]), end="")
    console.print(
        tr("\n밖으로 나간 요청: {sent:,}번 (창을 마지막으로 연 뒤)").format(sent=len(sent))
    )
    if sent:
        rows = map(_request_columns, sent[-_MAX_REQUESTS:])
        console.print(format_columns(list(rows), indent="  "), end="")
    console.print(tr("동의: {given}").format(given=consent_text(given)))
    if any(thing.is_erasable for thing in things):
        console.print(
            tr("영원히 지우기: {command_hint}").format(
                command_hint=command_hint("erase", ("--all", ()))
            )
        )


def erase(args: Namespace, context: CommandContext) -> None:
    """Delete stored things for good.

    Raises:
        AccessDenied: there is a password, and another one was given.
        KakaobotError: there is nothing of that name, it is in use, or there is no terminal to ask
            on.
    """
    if bool(args.names) == args.all:
        raise UsageError(
            tr("지울 것의 이름이나 --all 가운데 하나를 적으세요. 이름은 where 로 봅니다.")
        )
    gate = PasswordGate.from_home(context.home)
    access = context.authenticate(gate) if gate.is_set else None
    erasing, console = Erasing(context.home, gate), context.console
    plan = erasing.plan(access, args.names)
    if not args.yes:
        if not console.is_interactive:
            raise KakaobotError(
                tr("물어볼 터미널이 없어 지우지 않았습니다. 묻지 않고 지우려면 --yes 를 붙이세요.")
            )
        console.notify(format_columns([_columns(thing) for thing in plan.things]).rstrip())
        console.notify(plan.question)
        if not _is_confirmed(context):
            console.notify(tr("지우지 않았습니다."))
            return
    erasure = erasing.erase(access, args.names)
    if erasure.left:
        raise KakaobotError(erasure.sentence)
    console.notify(erasure.sentence)


def _is_confirmed(context: CommandContext) -> bool:
    try:
        answer = context.console.ask(
            tr("지우려면 '{confirmation}' 라고 적으세요: ").format(confirmation=CONFIRMATION)
        )
    except EOFError:
        return False
    return answer == CONFIRMATION


def _columns(thing: StoredThing) -> tuple[str, ...]:
    about = " ".join(filter(None, (thing.about, f"({thing.detail})" if thing.detail else "")))
    return (display_name(thing.name), size_text(thing.size), display_name(thing.place), about)


def _json(thing: StoredThing) -> dict[str, object]:
    return {
        "name": thing.name,
        "title": thing.title,
        "about": thing.about,
        "detail": thing.detail,
        "place": thing.place,
        "path": str(thing.path),
        "files": thing.files,
        "bytes": thing.size,
        "erasable": thing.is_erasable,
        "with_all": thing.is_personal,
    }


def _request_columns(request: OutgoingRequest) -> tuple[str, ...]:
    at = datetime.fromtimestamp(request.at).isoformat()
    return minute_text(at), request.host, request.purpose


def _request_json(request: OutgoingRequest) -> dict[str, object]:
    return {"at": request.at, "host": request.host, "purpose": request.purpose}
