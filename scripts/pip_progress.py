"""Runs pip, reports its progress in Korean and writes its output to a log."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from kakaobot.language import tr

QUIET_SECONDS = 10.0
"""pip is silent while it copies files; after this long a line shows that it is still working."""

MESSAGES = (
    (r"Collecting ([\w.-]+)", tr("{n}번째 꾸러미를 찾습니다: {0}")),
    (
        r"(?:Downloading|Using cached) (?:\S*/)?(\S+?)-\d\S*\.(?:whl|gz) \((.+)\)",
        tr("{n}번째 파일을 받습니다: {0} ({1})"),
    ),
    (
        r"Processing (?:.*[/\\])?(\S+?)-\d\S*\.(?:whl|gz)",
        tr("{n}번째 꾸러미를 폴더에서 읽습니다: {0}"),
    ),
    (
        r"Installing collected packages: (.+)",
        tr("꾸러미 {count}개를 설치합니다. 몇 분 걸립니다"),
    ),
    (r"Successfully installed ", tr("설치했습니다")),
)
"""Pattern of pip's output → message; `n` counts the lines that match a pattern."""

FAILURES = (
    (r"No space left|Errno 28|WinError 112", tr("디스크가 가득 찼습니다. 10GB 이상 비운 뒤")),
    (
        r"ConnectionError|new connection|[Cc]onnection (?:refused|reset|broken)|Retrying|retries"
        r"|[Tt]imed? ?out|name resolution|getaddrinfo|SSLError|ProxyError",
        tr("인터넷에 연결하지 못했습니다. 연결 상태(회사라면 프록시 설정)를 확인한 뒤"),
    ),
    (
        r"Permission denied|Access is denied|WinError (?:5|32)\b",
        tr("파일을 쓸 수 없습니다. 열려 있는 창과 백신을 닫고 쓰기 권한이 있는 폴더인지 확인한 뒤"),
    ),
    (
        r"WinError 206|[Ll]ong [Pp]ath",
        tr("폴더 경로가 너무 깁니다. C:\\kakaobot 처럼 짧게 옮긴 뒤"),
    ),
    (
        r"No matching distribution|Could not find a version",
        tr("이 컴퓨터에 맞는 꾸러미를 찾지 못했습니다. 인터넷 연결과 Python 버전을 확인한 뒤"),
    ),
    ("", tr("원인은 위의 기록에 있습니다. 문제를 고친 뒤")),
)
"""Pattern of pip's output → advice; the first match counts."""


def say(text: str) -> None:
    """Print for the user, on stderr: stdout is for output that programs read."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


class Progress:
    """Turns lines of pip into messages."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._bytes = ""

    def heartbeat(self) -> str:
        return tr("계속하고 있습니다 {bytes}").format(bytes=self._bytes).rstrip()

    def message(self, line: str) -> str | None:
        """The message for one line of pip, if any."""
        progress = re.match(r"Progress (\d+) of (\d+)", line)
        if progress:
            done, total = (int(number) // 10**6 for number in progress.groups())
            self._bytes = f"({done:,}/{total:,} MB)"
            return None
        for pattern, template in MESSAGES:
            match = re.match(r"\s*" + pattern, line)
            if match:
                self._seen[pattern] += 1
                self._bytes = ""
                names = match.groups()
                count = names[0].count(",") + 1 if names else 0
                return template.format(*names, n=self._seen[pattern], count=count)
        return None


def run_pip(
    command: Sequence[str],
    log: IO[str],
    *,
    report: Callable[[str], None] = say,
    quiet: float = QUIET_SECONDS,
) -> int:
    """Run a pip command and return its exit code."""
    # A user's `install.user = true` makes installations into an environment fail.
    environ = {**os.environ, "PIP_USER": "0", "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}
    environ.pop("PYTHONHOME", None)
    progress = Progress()
    lines: queue.Queue[str | None] = queue.Queue()
    start = reported = time.monotonic()
    log.write("$ " + " ".join(command) + "\n")
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=environ,
    ) as process:
        threading.Thread(target=_pump, args=(process.stdout, lines), daemon=True).start()
        while True:
            try:
                line = lines.get(timeout=quiet)
            except queue.Empty:
                line = ""
            if line is None:
                break
            log.write(line)
            now = time.monotonic()
            message = progress.message(line)
            if not message and now - reported >= quiet:
                message = progress.heartbeat()
            if message:
                report(f"  [{clock(now - start)}] {message}")
                reported = now
    return process.returncode


def clock(seconds: float) -> str:
    return tr("{minutes:d}분 {seconds:02d}초").format(
        minutes=int(seconds) // 60, seconds=int(seconds) % 60
    )


def failure_report(log: Path) -> str:
    """The last lines of pip's log, and advice."""
    text = log.read_text(encoding="utf-8", errors="replace")
    end = text.splitlines()[-12:]
    advice = next(advice for pattern, advice in FAILURES if re.search(pattern, "\n".join(end)))
    shown = "\n".join("    " + line for line in end)
    return tr(
        "{shown}\n\n{advice} 다시 시작하세요. 하던 곳부터 이어서 합니다. (전체 기록: {log})"
    ).format(shown=shown, advice=advice, log=log)


def _pump(source: IO[str], lines: queue.Queue[str | None]) -> None:
    for line in source:
        lines.put(line)
    lines.put(None)
