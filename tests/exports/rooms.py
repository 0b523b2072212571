"""Writes invented rooms in every format; helpers to parse and merge them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from kakaobot.exports.aliases import ConfirmedAliases
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.merge import RoomHistory, merge_room
from kakaobot.exports.message_fingerprints import fingerprint_messages
from kakaobot.exports.participants import rename_senders
from kakaobot.exports.reader import Export, parse_export
from kakaobot.exports.room_evidence import RoomEvidence
from kakaobot.exports.room_groups import group_files

Sent = tuple[datetime, str, str]
"""Time, sender and text."""
NO_ALIASES: ConfirmedAliases = {}
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def read(text: str, name: str = "chat.txt") -> Export:
    """Parse, and check that every line is counted."""
    export = parse_export(text, name)
    assert sum(vars(export.counts).values()) == export.lines
    assert export.counts.messages + export.counts.system == len(export.messages)
    return export


def contents(export: Export) -> list[tuple[str, str, str]]:
    """Sender, text and kind of every message."""
    return [(message.sender, message.text, message.kind) for message in export.messages]


def windows(body: str) -> Export:
    head = "방 님과 카카오톡 대화\n저장한 날짜 : 2026-11-03 10:44:52\n\n"
    return read(f"{head}--------------- 2026년 6월 28일 일요일 ---------------\n{body}")


def android(body: str) -> Export:
    return read(f"방 님과 카카오톡 대화\n저장한 날짜 : 2026년 11월 3일 오전 11:29\n\n\n{body}")


def clock(at: datetime) -> str:
    return f"{'오전' if at.hour < 12 else '오후'} {at.hour % 12 or 12}:{at.minute:02d}"


def clock_en(at: datetime) -> str:
    return f"{at.hour % 12 or 12}:{at:%M %p}"


def day(at: datetime) -> str:
    return f"{at.year}년 {at.month}월 {at.day}일"


def day_en(at: datetime, length: int = 9) -> str:
    return f"{MONTHS[at.month - 1][:length]} {at.day}, {at.year}"


def dots(at: datetime) -> str:
    return f"{at.year}. {at.month}. {at.day}."


@dataclass(frozen=True)
class FormatWriter:
    record: Callable[[datetime, str, str], str]
    date_line: Callable[[datetime], str]
    header: str = "방 님과 카카오톡 대화\n저장한 날짜 : 2026-11-03 10:44:52\n"

    def render(self, messages: list[Sent]) -> str:
        lines = [self.header]
        last_day = None
        for at, sender, text in messages:
            if at.date() != last_day:
                lines += ["", self.date_line(at)]
                last_day = at.date()
            lines.append(self.record(at, sender, text))
        return "".join(line + "\n" for line in lines)


def _windows(time: Callable[[datetime], str], *, english: bool = False) -> FormatWriter:
    dates = (lambda at: f"Monday, {day_en(at)}") if english else (lambda at: f"{day(at)} 월요일")
    return FormatWriter(
        lambda at, sender, text: f"[{sender}] [{time(at)}] {text}",
        lambda at: f"--------------- {dates(at)} ---------------",
        _EN if english else FormatWriter.header,
    )


def _android(time: Callable[[datetime], str], header: str) -> FormatWriter:
    return FormatWriter(lambda at, sender, text: f"{time(at)}, {sender} : {text}", time, header)


def _ios(time: Callable[[datetime], str], *, english: bool = False) -> FormatWriter:
    return FormatWriter(
        lambda at, sender, text: f"{time(at)}, {sender} : {text}",
        (lambda at: f"Thursday, {day_en(at)}") if english else (lambda at: f"{day(at)} 목요일"),
        "Talk_2026.4.25 10:20-1.txt\nDate Saved : Apr 25, 2026 at 10:38\n"
        if english
        else "Talk_2026.4.25 10:20-1.txt\n저장한 날짜 : 2026. 4. 25. 오후 12:16\n",
    )


_EN = "방 with KakaoTalk Chats\nDate Saved : 2026-08-03 00:47:14\n"
_EN_ANDROID = "KakaoTalk Chats with 방 (4)\nDate Saved : November 3, 2026, 1:08 PM\n\n"
_KO_ANDROID = "방 4 님과 카카오톡 대화\n저장한 날짜 : 2026년 11월 3일 오전 11:29\n\n"

TEXT_FORMATS = {
    "W-KO": _windows(clock),
    "W-24": _windows(lambda at: f"{at:%H:%M}"),
    "W-EN": _windows(clock_en, english=True),
    "W-MIX": _windows(lambda at: f"{at:%p} {at.hour % 12 or 12}:{at:%M}"),
    "A-KO": _android(lambda at: f"{day(at)} {clock(at)}", _KO_ANDROID),
    "A-KOold": FormatWriter(
        lambda at, sender, text: f"{day(at)} {clock(at)}:{sender.replace(':', ';')}:{text}",
        lambda at: f"{day(at)} {clock(at)}",
    ),
    "A-EN1": _android(
        lambda at: f"{at.hour % 12 or 12}:{at:%M}{at:%p}".lower() + f", {day_en(at)}", _EN_ANDROID
    ),
    "A-EN2": _android(lambda at: f"{day_en(at)}, {clock_en(at)}", _EN_ANDROID),
    "A-EN3": _android(
        lambda at: f"{day_en(at)} at {clock_en(at)}".replace(" PM", "\u202fPM"), _EN_ANDROID
    ),
    "I-KO": _ios(lambda at: f"{dots(at)} {clock(at)}"),
    "I-KO24": _ios(lambda at: f"{dots(at)} {at:%H:%M}"),
    "I-KOiso": _ios(lambda at: f"{at:%Y-%m-%d} {clock(at)}"),
    "I-KOshort": _ios(clock),
    "I-EN1": _ios(lambda at: f"{day_en(at, 3)}, {clock_en(at)}", english=True),
    "I-EN2": _ios(lambda at: f"{day_en(at, 3)} {at:%H:%M}", english=True),
    "I-EN3": _ios(lambda at: f"{day_en(at, 3)} at {at:%H:%M}", english=True),
}


def csv_table(messages: list[Sent]) -> str:
    out = io.StringIO(newline="")
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(("Date", "User", "Message"))
    rows.writerows((f"{at:%Y-%m-%d %H:%M:%S}", sender, text) for at, sender, text in messages)
    return out.getvalue()


def room_evidence(exports: Sequence[Export]) -> list[RoomEvidence]:
    """Fingerprints are computed only if they matter, as they take time."""
    needed = len(exports) > 1 and not all(export.has_room_name for export in exports)
    return [
        RoomEvidence(
            export.room,
            export.has_room_name,
            export.people,
            fingerprint_messages(export.messages) if needed else {},
            export.first.isoformat(),
            export.last.isoformat(),
            export.part,
        )
        for export in exports
    ]


def merge(exports: Sequence[Export], confirmed: ConfirmedAliases = NO_ALIASES) -> list[RoomHistory]:
    """Merge exports into the history of every room, without a store."""
    return [
        merge_room(
            group.room,
            [rename_senders(exports[file.index], file.names) for file in group.members],
        )
        for group in group_files(room_evidence(exports), confirmed)
    ]


def load_all(store: FileStore) -> list[Export]:
    return [store.export(stored) for stored in store.list_files()]
