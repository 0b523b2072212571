"""Speed, losses and memory of reading a Windows export: kakaobot and other readers.

    python benchmarks/exports.py [--quick] [--rounds N] [--json FILE]

Writes an invented room (30 MB; 3 MB with --quick) and reads it with every reader in turn, each in
its own process. CPU time is compared, as the machine may be busy. A message is lost if its sender
and its whole text are not in the result. kakaobot keeps columns and creates messages on access, so
creating all of them is measured, too. Other readers come from requirements.txt and are installed
into a temporary environment; without a network they are left out.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
import time
import venv
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.peak import peak_mb  # noqa: E402

SenderAndText = tuple[str, str]
Read = Callable[[Path], Sequence[Any]]

NAMES = ("마루", "도담", "은솔", "가람 [분석]", "김/94/늑 대#1003", "꾸꾸:우 🙂", "서하늘", "나래")
SENTENCES = (
    "오늘 저녁 뭐 먹지 ㅋㅋㅋㅋ 진짜? 그래 알겠어 내일 만나자 보내줘 네네 좋아요 헐 대박 그러니까 "
    "아까 말한 그거 어디였지 회의 3시 시작 https://example.com/a?b=1 (웃음) 집에 가는 중"
)
WORDS = SENTENCES.split()
HEAD = "벤치마크 방 님과 카카오톡 대화\r\n저장한 날짜 : 2026-11-03 10:44:52\r\n"


def write_room(path: Path, size: int) -> list[int]:
    """Write a room of at least `size` bytes; return a checksum per message."""
    rng = random.Random(1)
    at, day, written = datetime(2020, 1, 1, 9), None, 0
    expected = []
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEAD)
        while written < size:
            at += timedelta(seconds=rng.choice((0, 2, 5, 9, 20, 60, 300, 3000)))
            if at.date() != day:
                day = at.date()
                weekday = "월화수목금토일"[day.weekday()]
                date = f"{day.year}년 {day.month}월 {day.day}일 {weekday}요일"
                file.write(f"\r\n--------------- {date} ---------------\r\n")
            sender, text = rng.choice(NAMES), _text(rng)
            expected.append(_checksum((sender, text)))
            clock = f"{'오전' if at.hour < 12 else '오후'} {at.hour % 12 or 12}:{at.minute:02d}"
            record = f"[{sender}] [{clock}] {text}\n".replace("\n", "\r\n")
            written += len(record.encode())
            file.write(record)
    return expected


def _text(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.04:
        return rng.choice(("사진", "이모티콘", "동영상", "사진 3장"))
    text = " ".join(rng.choices(WORDS, k=rng.randint(1, 7)))
    if kind < 0.08:
        text += "\n\n  - 이어진 줄 : 둘째\n[참고] 셋째 줄"
    return text


def _checksum(message: SenderAndText) -> int:
    return zlib.crc32("\n".join(message).encode())


def columns() -> Read:
    read_export = importlib.import_module("kakaobot.exports.reader").read_export
    return lambda path: read_export(path).messages


def messages() -> Read:
    read = columns()
    return lambda path: tuple(read(path))


def preprocessor() -> Read:
    parse = importlib.import_module("kakaotalk_msg_preprocessor").parse
    return lambda path: parse("window_ko", str(path))


def regex_loop() -> Read:
    """The ten-minute solution: no dates, no multi-line messages, no line report."""
    line = re.compile(r"\[([^\]]+)\] \[(오[전후] \d{1,2}:\d{2})\] (.*)")

    def read(path: Path) -> list[tuple[str, ...]]:
        with path.open(encoding="utf-8") as file:
            return [match.groups() for text in file if (match := line.match(text))]

    return read


READERS: dict[str, tuple[Callable[[], Read], Callable[[Any], SenderAndText]]] = {
    "kakaobot": (columns, lambda message: (message.sender, message.text)),
    "kakaobot, every Message made": (messages, lambda message: (message.sender, message.text)),
    "kakaotalk-msg-preprocessor": (preprocessor, lambda row: (row["user_name"], row["text"])),
    "plain regex loop": (regex_loop, lambda row: (row[0], row[2])),
}
"""Loads a reader (not measured), and extracts sender and text of its messages."""


def work(reader: str, path: Path, expected: Path) -> None:
    """Read once in this process and print the measurements as JSON."""
    load, extract = READERS[reader]
    read = load()
    wall, cpu = time.perf_counter(), time.process_time()
    messages = read(path)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = peak_mb()
    checksums = Counter(_checksum(extract(message)) for message in messages)
    lost = Counter(json.loads(expected.read_text(encoding="utf-8"))) - checksums
    result = {
        "wall_s": wall,
        "cpu_s": cpu,
        "messages": checksums.total(),
        "lost": lost.total(),
        "peak_mb": peak,
    }
    print(json.dumps(result))


def peers_python(folder: Path) -> str | None:
    """A Python with the other readers; None if they cannot be installed."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    requirements = str(HERE / "requirements.txt")
    install = [str(python), "-m", "pip", "install", "--quiet", "-r", requirements]
    completed = subprocess.run(install, capture_output=True, text=True, check=False)
    return None if completed.returncode else str(python)


def measure(
    readers: dict[str, str], path: Path, expected: Path, rounds: int
) -> Iterator[dict[str, Any]]:
    """The best of all rounds; readers take turns in every round."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in readers}
    for _ in range(rounds):
        for name, python in readers.items():
            command = [python, "-X", "utf8", __file__, "--work", name, str(path), str(expected)]
            result = subprocess.run(
                command, capture_output=True, text=True, encoding="utf-8", check=True
            )
            runs[name].append(json.loads(result.stdout))
    megabytes = path.stat().st_size / 1e6
    for name, results in runs.items():
        best = min(results, key=lambda result: result["cpu_s"])
        speeds = {
            "mb_per_s": megabytes / best["cpu_s"],
            "wall_mb_per_s": max(megabytes / result["wall_s"] for result in results),
        }
        yield {"reader": name, "file_mb": megabytes, **speeds, **best}


def show(rows: list[dict[str, Any]], ratios: dict[str, float]) -> None:
    print(f"{'reader':30}{'MB/s':>8}{'wall':>8}{'messages':>11}{'lost':>9}{'peak MB':>9}")
    for row in rows:
        peak = "-" if row["peak_mb"] is None else f"{row['peak_mb']:,.0f}"
        print(
            f"{row['reader']:30}{row['mb_per_s']:8.1f}{row['wall_mb_per_s']:8.1f}"
            f"{row['messages']:11,}{row['lost']:9,}{peak:>9}"
        )
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="3 MB instead of 30 MB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        work(args.work[0], Path(args.work[1]), Path(args.work[2]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        expected = write_room(folder / "room.txt", 3_000_000 if args.quick else 30_000_000)
        (folder / "expected.json").write_text(json.dumps(expected), encoding="utf-8")
        readers = dict.fromkeys(READERS, sys.executable)
        if python := peers_python(folder / "peers"):
            readers["kakaotalk-msg-preprocessor"] = python
        else:
            del readers["kakaotalk-msg-preprocessor"]
            print("kakaotalk-msg-preprocessor could not be installed and is left out.")
        rows = list(measure(readers, folder / "room.txt", folder / "expected.json", args.rounds))
    ratios = {
        f"kakaobot / {row['reader']}": rows[0]["mb_per_s"] / row["mb_per_s"] for row in rows[2:]
    }
    show(rows, ratios)
    if args.json:
        machine = {
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
            "cores": os.cpu_count(),
        }
        report = {"machine": machine, "rows": rows, "ratios": ratios}
        args.json.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
