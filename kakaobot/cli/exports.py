"""The verbs that look at exports, bring them in and put things away: inspect, organize, archive."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from kakaobot.app.exports import Exports, FileReport, summarize_line_counts
from kakaobot.app.people import Participants, RoomReport
from kakaobot.cli.console import Console, format_columns
from kakaobot.cli.context import CommandContext
from kakaobot.cli.parser import UsageError
from kakaobot.errors import ExportError, KakaobotError
from kakaobot.schema import Message

_SHOWN_LINES = 20
_SHOWN_PEOPLE = 10


def inspect(args: Namespace, desk: CommandContext) -> None:
    """Read only. Raises ExportError at the end where a file could not be read."""
    files = expand(args.files)
    exports = Exports(desk.home)
    if args.messages:
        if len(files) != 1 or args.json:
            raise UsageError("--messages 는 파일 하나에, --json 없이 씁니다.")
        for message in exports.messages(files[0]):
            desk.console.print_json(_message_record(message), indent=None)
        return
    _show(exports.inspect(files), desk.console, as_json=args.json)


def organize(args: Namespace, desk: CommandContext) -> None:
    """Bring files in, or put those of the inbox in order again. Raises ExportError as `inspect`."""
    exports = Exports(desk.home)
    if args.files:
        reports = exports.import_files(expand(args.files), desk.console.progress)
    else:
        reports = exports.organize(desk.console.progress)
    if not reports and not args.json:
        desk.console.say("가져온 파일이 없습니다. organize 뒤에 파일을 적어 주세요.")
        return
    _show(reports, desk.console, as_json=args.json)
    rooms = Participants(desk.home).rooms(desk.console.progress)
    if not args.json and rooms:
        desk.console.say(
            "\n방\n" + format_columns([_merged(room) for room in rooms], indent="  "), end=""
        )


def archive(args: Namespace, desk: CommandContext) -> None:
    exports, console = Exports(desk.home), desk.console
    plan = exports.planned_moves()
    if not plan:
        console.say("옮길 것이 없습니다.")
        return
    if args.dry_run:
        console.say(_moves(plan), end="")
        return
    if not args.yes:
        if not console.is_interactive:
            raise KakaobotError(
                "물어볼 터미널이 없어 옮기지 않았습니다. --dry-run 으로 살펴보고 --yes 를 붙이세요."
            )
        console.tell(_moves(plan).rstrip())
        if not _agreed(console, f"{len(plan)}개를 옮길까요? [y/N] "):
            console.tell("옮기지 않았습니다.")
            return
    moved = exports.archive()
    console.say(_moves(moved), end="")
    console.tell(f"{len(moved)}개를 옮겼습니다. 되돌리려면 위의 오른쪽에서 왼쪽으로 옮기세요.")


def expand(names: Sequence[str]) -> list[Path]:
    """The files meant; what the Windows command line leaves as `*.txt` included."""
    files: list[Path] = []
    for name in names:
        path = Path(name).expanduser()
        found = sorted(path.parent.glob(path.name)) if "*" in path.name else []
        files += found or [path]
    return files


def _agreed(console: Console, question: str) -> bool:
    try:
        return console.ask(question).casefold() in ("y", "yes", "예", "네", "ㅛ")
    except EOFError:
        return False


def _show(reports: Sequence[FileReport], console: Console, *, as_json: bool) -> None:
    """All of them first, so that a bad file hides no good one.

    Raises:
        ExportError: one or more could not be read.
    """
    if as_json:
        console.print_json([_record(report) for report in reports])
    else:
        console.say("\n".join(_described(report) for report in reports), end="")
    failed = [report for report in reports if report.error]
    if len(failed) == 1:
        raise ExportError(failed[0].error)
    if failed:
        raise ExportError(f"파일 {len(failed)}개를 읽지 못했습니다. 까닭은 파일마다 적혀 있습니다.")


def _record(report: FileReport) -> dict[str, object]:
    if report.error:
        return {"file": report.file, "error": report.error}
    record: dict[str, object] = {
        "file": report.file,
        "layout": report.format,
        "room": report.room,
        "people": list(report.people),
        "messages": report.messages,
        "first": report.first.replace(" ", "T"),
        "last": report.last.replace(" ", "T"),
        "not_understood": list(report.not_understood),
        "lines": report.lines,
        "counts": asdict(report.counts) if report.counts else None,
    }
    return {**record, "note": report.note} if report.note else record


def _message_record(message: Message) -> dict[str, object]:
    return {
        "at": message.at.isoformat(),
        "sender": message.sender,
        "text": message.text,
        "kind": message.kind,
    }


def _described(report: FileReport) -> str:
    if report.error:
        return f"{report.file}\n  {report.error}\n"
    lost = report.not_understood
    lines = ", ".join(map(str, lost[:_SHOWN_LINES])) + (" …" if len(lost) > _SHOWN_LINES else "")
    others = len(report.people) - _SHOWN_PEOPLE
    rows = [
        ("방", report.room),
        ("형식", report.format),
        (
            "사람",
            ", ".join(report.people[:_SHOWN_PEOPLE]) + (f" 외 {others}명" if others > 0 else ""),
        ),
        ("메시지", f"{report.messages:,}개"),
        ("기간", f"{report.first} ~ {report.last}"),
        ("이해하지 못한 줄", f"{len(lost):,}개 ({lines})" if lost else "없음"),
    ]
    if report.lines is not None and report.counts:
        rows.insert(-1, ("줄", summarize_line_counts(report.lines, report.counts)))
    note = f"  {report.note}\n" if report.note else ""
    texts = [(f"{number:,}:", text) for number, text in report.not_understood_lines[:_SHOWN_LINES]]
    shown = format_columns(texts, indent="    ") if texts else ""
    return f"{report.file}\n{note}{format_columns(rows, indent='  ')}{shown}"


def _merged(room: RoomReport) -> tuple[str, ...]:
    once = f"(겹친 {room.repeated:,}개는 한 번만 셈)" if room.repeated else ""
    said = f"메시지 {room.messages:,}개 {once}".rstrip()
    return room.room, f"파일 {room.files}개", said, f"{len(room.people):,}명"


def _moves(moves: Sequence[tuple[str, str]]) -> str:
    return format_columns([(source, "→", target) for source, target in moves])
