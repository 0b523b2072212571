"""The commands `inspect`, `organize` and `archive`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from kakaobot.app.exports import Exports, FileReport, summarize_captions, summarize_line_counts
from kakaobot.app.participants import Participants, RoomReport
from kakaobot.cli.console import Console, format_columns
from kakaobot.cli.context import CommandContext
from kakaobot.cli.parser import UsageError
from kakaobot.display_name import display_name, display_names, display_sentence
from kakaobot.errors import ExportError, KakaobotError
from kakaobot.exports.captions import CaptionCounts
from kakaobot.file_names import user_path
from kakaobot.language import tr
from kakaobot.schema import Message

_MAX_LINES = 20
_MAX_PARTICIPANTS = 10


def inspect(args: Namespace, context: CommandContext) -> None:
    """Report on files without importing them.

    Raises:
        ExportError: a file could not be read; the others are still reported.
    """
    files = expand(args.files)
    exports = Exports(context.home)
    if args.messages:
        if len(files) != 1 or args.json:
            raise UsageError(tr("--messages 는 파일 하나에, --json 없이 씁니다."))
        for message in exports.messages(files[0]):
            context.console.print_json(_message_json(message), indent=None)
        return
    _show(exports.inspect(files), context.console, as_json=args.json)


def organize(args: Namespace, context: CommandContext) -> None:
    """Import files, or without arguments sort the imported ones again.

    Raises:
        ExportError: as in `inspect`.
    """
    exports, console = Exports(context.home), context.console
    if args.files:
        reports = exports.import_files(expand(args.files), console.progress)
    else:
        reports = exports.organize(console.progress)
    if not reports and not args.json:
        console.print(tr("가져온 파일이 없습니다. organize 뒤에 파일을 적어 주세요."))
        return
    _show(reports, console, as_json=args.json)
    rooms = Participants(context.home).rooms(console.progress)
    if not args.json and rooms:
        table = format_columns([_room_row(room) for room in rooms], indent="  ")
        console.print(tr("\n방\n{table}").format(table=table), end="")


def archive(args: Namespace, context: CommandContext) -> None:
    exports, console = Exports(context.home), context.console
    plan = exports.planned_moves()
    if not plan:
        console.print(tr("옮길 것이 없습니다."))
        return
    if args.dry_run:
        console.print(_moves_text(plan), end="")
        return
    if not args.yes and not _confirm(console, plan):
        return
    moved = exports.archive()
    console.print(_moves_text(moved), end="")
    console.notify(
        tr("{moved}개를 옮겼습니다. 되돌리려면 위의 오른쪽에서 왼쪽으로 옮기세요.").format(
            moved=len(moved)
        )
    )


def expand(names: Sequence[str]) -> list[Path]:
    """Paths of the arguments. Expands `*`, which a Windows shell leaves to the program."""
    files: list[Path] = []
    for name in names:
        path = user_path(name)
        path = path if path.name else path.absolute()
        matches = sorted(path.parent.glob(path.name)) if "*" in path.name else []
        files += matches or [path]
    return files


def _confirm(console: Console, plan: Sequence[tuple[str, str]]) -> bool:
    """Show the planned moves and ask for confirmation.

    Raises:
        KakaobotError: there is no terminal to ask on.
    """
    if not console.is_interactive:
        raise KakaobotError(
            tr("물어볼 터미널이 없어 옮기지 않았습니다. --dry-run 으로 살펴보고 --yes 를 붙이세요.")
        )
    console.notify(_moves_text(plan).rstrip())
    if console.confirm(tr("{plan}개를 옮길까요? [y/N] ").format(plan=len(plan))):
        return True
    console.notify(tr("옮기지 않았습니다."))
    return False


def _show(reports: Sequence[FileReport], console: Console, *, as_json: bool) -> None:
    """Print all reports, then raise if any has an error.

    Raises:
        ExportError: at least one file could not be read.
    """
    if as_json:
        console.print_json([_file_json(report) for report in reports])
    else:
        console.print("\n".join(_file_text(report) for report in reports), end="")
    failed = [report for report in reports if report.error]
    if len(failed) == 1:
        raise ExportError(failed[0].error)
    if failed:
        raise ExportError(
            tr("파일 {failed}개를 읽지 못했습니다. 까닭은 파일마다 적혀 있습니다.").format(
                failed=len(failed)
            )
        )


def _file_json(report: FileReport) -> dict[str, object]:
    if report.error:
        return {"file": report.file, "error": report.error}
    record: dict[str, object] = {
        "file": report.file,
        "layout": report.format,
        "room": report.room,
        "people": list(report.participants),
        "messages": report.messages,
        "first": report.first.replace(" ", "T"),
        "last": report.last.replace(" ", "T"),
        "not_understood": list(report.not_understood),
        "lines": report.lines,
        "counts": asdict(report.counts) if report.counts else None,
    }
    if report.captions != CaptionCounts():
        record["captions"] = asdict(report.captions)
    return {**record, "note": report.note} if report.note else record


def _message_json(message: Message) -> dict[str, object]:
    return {
        "at": message.at.isoformat(),
        "sender": message.sender,
        "text": message.text,
        "kind": message.kind,
    }


def _file_text(report: FileReport) -> str:
    if report.error:
        return f"{display_name(report.file)}\n  {display_sentence(report.error)}\n"
    lines = report.not_understood
    numbers = ", ".join(map(str, lines[:_MAX_LINES])) + (" …" if len(lines) > _MAX_LINES else "")
    others = len(report.participants) - _MAX_PARTICIPANTS
    names = display_names(report.participants[:_MAX_PARTICIPANTS])
    rows = [
        (tr("방"), display_name(report.room)),
        (tr("형식"), report.format),
        (tr("사람"), names + (tr(" 외 {others}명").format(others=others) if others > 0 else "")),
        (tr("메시지"), tr("{messages:,}개").format(messages=report.messages)),
        (tr("기간"), f"{report.first} ~ {report.last}"),
        (
            tr("이해하지 못한 줄"),
            tr("{lines:,}개 ({numbers})").format(lines=len(lines), numbers=numbers)
            if lines
            else tr("없음"),
        ),
    ]
    if report.lines is not None and report.counts:
        rows.insert(-1, (tr("줄"), summarize_line_counts(report.lines, report.counts)))
    if captions := summarize_captions(report.captions):
        rows.append((tr("사진·이모티콘에 붙은 말"), captions))
    note = f"  {report.note}\n" if report.note else ""
    quotes = [(f"{number:,}:", text) for number, text in report.not_understood_lines[:_MAX_LINES]]
    quote_table = format_columns(quotes, indent="    ") if quotes else ""
    return f"{display_name(report.file)}\n{note}{format_columns(rows, indent='  ')}{quote_table}"


def _room_row(room: RoomReport) -> tuple[str, ...]:
    duplicates = (
        tr("(겹친 {repeated:,}개는 한 번만 셈)").format(repeated=room.repeated)
        if room.repeated
        else ""
    )
    messages = (
        tr("메시지 {messages:,}개 {duplicates}")
        .format(messages=room.messages, duplicates=duplicates)
        .rstrip()
    )
    return (
        display_name(room.room),
        tr("파일 {files}개").format(files=room.files),
        messages,
        tr("{participants:,}명").format(participants=len(room.participants)),
    )


def _moves_text(moves: Sequence[tuple[str, str]]) -> str:
    return format_columns([(source, "→", target) for source, target in moves])
