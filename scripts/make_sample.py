"""data/sample/room.txt → the invented room as Windows, Android, iOS and macOS would export it.

Run `python scripts/make_sample.py` after editing room.txt. Its notation: `방` names the room, one
letter stands for each person, `# day time` begins a session, `  | ` continues a message, and `*`
marks a system line. Times within a session follow from the texts alone, so every run writes the
same bytes.
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
CSV_NAME = "KakaoTalk_Chat_{room}_2026-05-01-09-30-12.csv"
"""What macOS would call the file, whose name alone tells the room."""


@dataclass(frozen=True)
class Said:
    at: datetime
    sender: str
    """Empty for a system line."""
    text: str


@dataclass(frozen=True)
class Room:
    name: str
    people: tuple[str, ...]
    said: tuple[Said, ...]


def read_room(notation: str) -> Room:
    """Read room.txt.

    Raises:
        ValueError: a line fits no part of the notation.
    """
    people: dict[str, str] = {}
    room = ""
    said: list[Said] = []
    at = datetime.min
    for number, line in enumerate(notation.splitlines(), 1):
        if not line.strip():
            continue
        if line.startswith("  | "):
            said[-1] = Said(said[-1].at, said[-1].sender, f"{said[-1].text}\n{line[4:]}")
        elif line.startswith("# "):
            at = datetime.strptime(line, "# %Y-%m-%d %H:%M")
        elif line.startswith("* "):
            said.append(Said(at, "", line[2:]))
        elif found := re.fullmatch(r"(\S): (.+)", line):
            at += _pause(said[-1], people[found[1]], found[2])
            said.append(Said(at, people[found[1]], found[2]))
        elif found := re.fullmatch(r"방 (.+)", line):
            room = found[1]
        elif found := re.fullmatch(r"(\S) (.+)", line):
            people[found[1]] = found[2]
        else:
            raise ValueError(f"room.txt:{number}: {line}")
    return Room(room, tuple(people.values()), tuple(said))


def _pause(before: Said, sender: str, text: str) -> timedelta:
    """Bubbles of one person come quickly; an answer takes reading and typing."""
    typing = len(text) % 17
    return timedelta(seconds=3 + typing if before.sender == sender else 9 + 2 * typing)


def windows(room: Room) -> bytes:
    lines = [f"{room.name} 님과 카카오톡 대화", f"저장한 날짜 : {SAVED:%Y-%m-%d %H:%M:%S}", ""]
    for day, said in _days(room.said):
        lines.append(f"--------------- {_day(day)} {_weekday(day)} ---------------")
        for each in said:
            head = f"[{each.sender}] [{_clock(each.at)}] " if each.sender else ""
            lines.append(head + each.text.replace("\n", "\r\n"))
    return "".join(line + "\r\n" for line in lines).encode()


def android(room: Room) -> bytes:
    count = len(room.people)
    lines = [f"{room.name} {count} 님과 카카오톡 대화", f"저장한 날짜 : {_android_time(SAVED)}", ""]
    for day, said in _days(room.said):
        lines += ["", _android_time(day)]
        for each in said:
            sender = f"{each.sender} : " if each.sender else ""
            lines.append(f"{_android_time(each.at)}, {sender}{each.text}")
    return "".join(line + "\n" for line in lines).encode("utf-8-sig")


def ios(room: Room) -> bytes:
    lines = [f"{room.name} 님과 카카오톡 대화", f"저장한 날짜 : {_ios_time(SAVED)}", ""]
    for day, said in _days(room.said):
        lines += ["", f"{_day(day)} {_weekday(day)}"]
        for each in said:
            sender = f", {each.sender} : " if each.sender else ": "
            lines.append(f"{_ios_time(each.at)}{sender}{each.text}")
    return "".join(line + "\n" for line in lines).encode()


def mac(room: Room) -> bytes:
    out = io.StringIO(newline="")
    out.write("Date,User,Message\n")
    rows = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for each in room.said:
        out.write(f"{each.at:%Y-%m-%d %H:%M:%S},")
        rows.writerow((each.sender or each.text.partition("님이")[0], each.text))
    return out.getvalue().encode()


FILES: dict[str, Callable[[Room], bytes]] = {
    "sample_windows.txt": windows,
    "sample_android.txt": android,
    "sample_ios.txt": ios,
    "sample_mac.csv": mac,
}


def render(notation: str) -> dict[str, bytes]:
    """File name → bytes of each export of the room."""
    room = read_room(notation)
    return {name: write(room) for name, write in FILES.items()}


def main() -> None:
    notation = (SAMPLE / "room.txt").read_text(encoding="utf-8")
    for name, data in render(notation).items():
        (SAMPLE / name).write_bytes(data)


def _days(said: Sequence[Said]) -> Iterator[tuple[datetime, list[Said]]]:
    """The first time of each day, and what was said on it."""
    for _, group in groupby(said, key=lambda each: each.at.date()):
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
