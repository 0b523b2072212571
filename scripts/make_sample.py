"""Writes the sample room in data/sample/room.txt as Windows, Android, iOS and macOS export it.

Run `python scripts/make_sample.py` after editing room.txt. Its notation: `방` names the room, one
letter stands for each participant, `# date time` starts a session, `  | ` continues a message, and
`*` marks a system line. Times within a session depend on the texts alone, so the output is
reproducible.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample"
SAVED = datetime(2026, 5, 1, 9, 30, 12)


@dataclass(frozen=True)
class SampleMessage:
    at: datetime
    sender: str
    """Empty for a system line."""
    text: str


@dataclass(frozen=True)
class Room:
    name: str
    people: tuple[str, ...]
    messages: tuple[SampleMessage, ...]


def read_room(notation: str) -> Room:
    """Read room.txt.

    Raises:
        ValueError: a line does not match the notation.
    """
    people: dict[str, str] = {}
    room = ""
    messages: list[SampleMessage] = []
    at = datetime.min
    for number, line in enumerate(notation.splitlines(), 1):
        if not line.strip():
            continue
        if line.startswith("  | "):
            messages[-1] = SampleMessage(
                messages[-1].at, messages[-1].sender, f"{messages[-1].text}\n{line[4:]}"
            )
        elif line.startswith("# "):
            at = datetime.strptime(line, "# %Y-%m-%d %H:%M")
        elif line.startswith("* "):
            messages.append(SampleMessage(at, "", line[2:]))
        elif match := re.fullmatch(r"(\S): (.+)", line):
            at += _pause(messages[-1], people[match[1]], match[2])
            messages.append(SampleMessage(at, people[match[1]], match[2]))
        elif match := re.fullmatch(r"방 (.+)", line):
            room = match[1]
        elif match := re.fullmatch(r"(\S) (.+)", line):
            people[match[1]] = match[2]
        else:
            raise ValueError(f"room.txt:{number}: {line}")
    return Room(room, tuple(people.values()), tuple(messages))


def _pause(before: SampleMessage, sender: str, text: str) -> timedelta:
    """Short between messages of one sender; a reply takes time to read and type."""
    typing = len(text) % 17
    return timedelta(seconds=3 + typing if before.sender == sender else 9 + 2 * typing)


def windows(room: Room) -> bytes:
    lines = [f"{room.name} 님과 카카오톡 대화", f"저장한 날짜 : {SAVED:%Y-%m-%d %H:%M:%S}", ""]
    for day, messages in _days(room.messages):
        lines.append(f"--------------- {_day(day)} {_weekday(day)} ---------------")
        for message in messages:
            head = f"[{message.sender}] [{_clock(message.at)}] " if message.sender else ""
            lines.append(head + message.text.replace("\n", "\r\n"))
    return "".join(line + "\r\n" for line in lines).encode()


def android(room: Room) -> bytes:
    count = len(room.people)
    lines = [f"{room.name} {count} 님과 카카오톡 대화", f"저장한 날짜 : {_android_time(SAVED)}", ""]
    for day, messages in _days(room.messages):
        lines += ["", _android_time(day)]
        for message in messages:
            sender = f"{message.sender} : " if message.sender else ""
            lines.append(f"{_android_time(message.at)}, {sender}{message.text}")
    return "".join(line + "\n" for line in lines).encode("utf-8-sig")


def ios(room: Room) -> bytes:
    lines = [f"{room.name} 님과 카카오톡 대화", f"저장한 날짜 : {_ios_time(SAVED)}", ""]
    for day, messages in _days(room.messages):
        lines += ["", f"{_day(day)} {_weekday(day)}"]
        for message in messages:
            sender = f", {message.sender} : " if message.sender else ": "
            lines.append(f"{_ios_time(message.at)}{sender}{message.text}")
    return "".join(line + "\n" for line in lines).encode()


def mac(room: Room) -> bytes:
    out = io.StringIO(newline="")
    out.write("Date,User,Message\n")
    rows = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for message in room.messages:
        out.write(f"{message.at:%Y-%m-%d %H:%M:%S},")
        rows.writerow((message.sender or message.text.partition("님이")[0], message.text))
    return out.getvalue().encode()


FILES: dict[str, Callable[[Room], bytes]] = {
    "sample_windows.txt": windows,
    "sample_android.txt": android,
    "sample_ios.txt": ios,
    "sample_mac.csv": mac,
}


def render(notation: str) -> dict[str, bytes]:
    """File name → content of every export of the room."""
    room = read_room(notation)
    return {name: write(room) for name, write in FILES.items()}


def main() -> None:
    notation = (SAMPLE / "room.txt").read_text(encoding="utf-8")
    for name, data in render(notation).items():
        (SAMPLE / name).write_bytes(data)


def _days(messages: Sequence[SampleMessage]) -> Iterator[tuple[datetime, list[SampleMessage]]]:
    """Time of the first message of a day, and all messages of the day."""
    for _, group in groupby(messages, key=lambda message: message.at.date()):
        day = list(group)
        yield day[0].at, day


def _day(at: datetime) -> str:
    return f"{at.year}년 {at.month}월 {at.day}일"


def _weekday(at: datetime) -> str:
    return "월화수목금토일"[at.weekday()] + "요일"


def _clock(at: datetime) -> str:
    return f"{'오전' if at.hour < 12 else '오후'} {(at.hour - 1) % 12 + 1}:{at.minute:02d}"


def _android_time(at: datetime) -> str:
    return f"{_day(at)} {_clock(at)}"


def _ios_time(at: datetime) -> str:
    return f"{at.year}. {at.month}. {at.day}. {_clock(at)}"


if __name__ == "__main__":
    main()
