"""The command `export`: a trained model for other programs. Requires the password."""

from __future__ import annotations

from argparse import Namespace
from typing import cast

from kakaobot.app.auth import PasswordGate
from kakaobot.app.publishing import Publishing
from kakaobot.cli.context import CommandContext
from kakaobot.cli.parser import UsageError
from kakaobot.conversion.quantization import QUANTS, Quant
from kakaobot.file_names import user_path
from kakaobot.language import tr
from kakaobot.publish.plan import KINDS, Kind


def export(args: Namespace, context: CommandContext) -> None:
    """Write a folder for other programs, or with --dry-run tell what it would need.

    Raises:
        AccessDenied: before anything is read.
        RunError, BaseModelError: there is nothing to export, or it cannot be written.
    """
    kind, quant = args.kind, args.quant or QUANTS[0]
    if kind not in KINDS:
        raise UsageError(_choice(kind, KINDS))
    if quant not in QUANTS:
        raise UsageError(_choice(quant, QUANTS))
    gate = PasswordGate.from_home(context.home)
    access = context.authenticate(gate)
    publishing, console = Publishing(context.home, gate), context.console
    publication = publishing.plan(
        access,
        cast("Kind", kind),
        run=args.run,
        quant=cast("Quant", quant),
        to=user_path(args.to) if args.to else None,
        progress=console.progress,
    )
    for sentence in publication.sentences:
        console.notify(sentence)
    if args.dry_run:
        return
    published = publishing.publish(access, publication, console.progress)
    console.print(tr("{folder} 에 내보냈습니다.").format(folder=published.folder))
    console.print("\n".join(published.usage))


def _choice(word: str, choices: tuple[str, ...]) -> str:
    return tr("'{word}' 은(는) 없습니다. {choices} 가운데 하나를 적으세요.").format(
        word=word, choices=", ".join(choices)
    )
