"""Time and memory from an export to train.jsonl, and whether two builds give the same bytes.

    python benchmarks/dataset.py [--quick] [--base NAME] [--json FILE]

Generates rooms of a million messages and of a quarter of that (100,000 and 25,000 with --quick),
then imports and preprocesses each in its own process with default settings. Memory per message
is the difference between the two sizes. Words follow their frequency in plain Korean, and some are
made up, so that tokenizer and filters do not see the same texts again and again. The larger room is
preprocessed twice, and both results must be the same bytes.

--base is a value of `model.base_model`, by default the starter; only its tokenizer is read.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.config import Home, save
from kakaobot.dataset import artifacts
from kakaobot.style.ngrams import plain_korean

PEOPLE = (
    *("도담", "마루", "은솔", "가람", "나래", "서하늘"),
    *("다온", "이든", "한별", "새봄", "온유", "루아"),
)
BACKCHANNELS = (
    *("ㅋㅋㅋ", "ㅋㅋㅋㅋㅋㅋ", "ㅇㅇ", "ㅎㅎ", "헐", "ㄱㄱ"),
    *("네", "응", "대박", "ㅠㅠ", "오", "?"),
)
PAUSES = (0, 3, 8, 20, 60, 300, 1500, 5000)
"""Seconds between two messages."""
_SAMPLE_INTERVAL = 0.05
"""Seconds between two memory samples."""


def write_room(path: Path, count: int) -> None:
    """Write a reproducible Windows export with `count` messages."""
    rng = random.Random(4)
    texts = _texts(rng)
    at, day = datetime(2015, 1, 1, 9), None
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("벤치마크 방 님과 카카오톡 대화\r\n저장한 날짜 : 2026-11-03 10:44:52\r\n")
        for text in itertools.islice(texts, count):
            at += timedelta(seconds=rng.choice(PAUSES))
            if at.date() != day:
                day = at.date()
                date = (
                    f"{day.year}년 {day.month}월 {day.day}일 {'월화수목금토일'[day.weekday()]}요일"
                )
                file.write(f"\r\n--------------- {date} ---------------\r\n")
            clock = f"{'오전' if at.hour < 12 else '오후'} {at.hour % 12 or 12}:{at.minute:02d}"
            file.write(f"[{rng.choice(PEOPLE)}] [{clock}] {text}\r\n")


def _texts(rng: random.Random) -> Iterator[str]:
    counts = {word: times for word, times in plain_korean().counts.items() if " " not in word}
    words, weights = list(counts), list(itertools.accumulate(counts.values()))
    while True:
        for word in rng.choices(words, cum_weights=weights, k=1000):
            draw = rng.random()
            if draw < 0.25:
                yield rng.choice(BACKCHANNELS)
            elif draw < 0.29:
                yield "사진"
            elif draw < 0.30:
                yield f"{word} https://example.com/{rng.randrange(10**6)}"
            elif draw < 0.305:
                yield f"{word} 010-{rng.randrange(2000, 9999)}-{rng.randrange(10**4):04d}"
            else:
                more = rng.choices(words, cum_weights=weights, k=rng.choice((0, 1, 2, 3, 4, 6, 9)))
                rare = "".join(chr(0xAC00 + rng.randrange(11172)) for _ in range(3))
                yield " ".join([rare if rng.random() < 0.2 else word, *more])


def work(room: Path, base: str) -> None:
    """Import and preprocess once; print the measurements as JSON. Runs in its own process."""
    memory = _PeakMemory()
    started = time.perf_counter()
    stages: list[tuple[str, float]] = []

    def progress(share: float, text: str) -> None:
        stages.append((text, time.perf_counter() - started))

    with tempfile.TemporaryDirectory() as name:
        home = Home(Path(name))
        home.settings()
        save(home.settings_file, {"model.base_model": base})
        before = memory.now()
        Exports(home).import_files([room])
        imported = time.perf_counter() - started
        report = Datasets(home).build(progress)
        seconds = time.perf_counter() - started
        peak = memory.stop()
        folder = home.folder("data/sft")
        digest = hashlib.sha256()
        for file in (artifacts.TRAIN, artifacts.VAL):
            with (folder / file).open("rb") as opened:
                while block := opened.read(1 << 20):
                    digest.update(block)
    result = {
        "messages": report.messages,
        "replies": report.train_replies + report.val_replies,
        "tokens": report.tokens + report.val_tokens,
        "seconds": seconds,
        "import_s": imported,
        "stages": stages,
        "before_mb": before,
        "peak_mb": peak,
        "fingerprint": report.fingerprint,
        "sha256": digest.hexdigest(),
        "tokenizer": Path(report.tokenizer).name,
    }
    print(json.dumps(result, ensure_ascii=False))


class _PeakMemory:
    """Samples the resident memory (MB) of this process in a thread."""

    def __init__(self) -> None:
        import psutil

        self._process = psutil.Process()
        self._peak = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def now(self) -> float:
        return float(self._process.memory_info().rss) / 1e6

    def stop(self) -> float:
        self._done.set()
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while not self._done.wait(_SAMPLE_INTERVAL):
            self._peak = max(self._peak, self.now())


def measure(room: Path, base: str) -> dict[str, Any]:
    command = [sys.executable, "-X", "utf8", __file__, "--work", str(room), "--base", base]
    process = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True)
    result: dict[str, Any] = json.loads(process.stdout)
    return {"file_mb": room.stat().st_size / 1e6, **result}


def show(rows: list[dict[str, Any]], ratios: dict[str, float]) -> None:
    print(f"{'messages':>10}{'MB':>7}{'replies':>10}{'tokens':>12}{'s':>8}{'peak MB':>9}")
    for row in rows:
        print(
            f"{row['messages']:10,}{row['file_mb']:7.1f}{row['replies']:10,}{row['tokens']:12,}"
            f"{row['seconds']:8.1f}{row['peak_mb']:9,.0f}"
        )
    print(f"\nstages of the larger room (tokenizer: {rows[-1]['tokenizer']})")
    print(f"{rows[-1]['import_s']:8.1f} s  imported")
    stages = [*rows[-1]["stages"], ("다 했습니다", rows[-1]["seconds"])]
    for (text, begin), (_, end) in itertools.pairwise(stages):
        print(f"{end - begin:8.1f} s  {text}")
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="100,000 messages, not a million")
    parser.add_argument("--base", default="starter", metavar="NAME")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        work(args.work, args.base)
        return
    messages = 100_000 if args.quick else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        rooms = [Path(name) / f"{count}.txt" for count in (messages // 4, messages, messages)]
        for room, count in zip(rooms[:2], (messages // 4, messages), strict=True):
            write_room(room, count)
        rows = [measure(room, args.base) for room in rooms]
    small, large, repeated = rows
    if (large["sha256"], large["fingerprint"]) != (repeated["sha256"], repeated["fingerprint"]):
        sys.exit("The same room gave other bytes the second time.")
    more_messages = large["messages"] - small["messages"]
    ratios = {
        "bytes of memory for each message": (large["peak_mb"] - small["peak_mb"])
        * 1e6
        / more_messages,
        "peak memory of four times the messages": large["peak_mb"] / small["peak_mb"],
        "seconds for a million messages": min(large["seconds"], repeated["seconds"])
        * 1e6
        / large["messages"],
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
