"""Imports large exports in a process of their own, so that the window goes on answering.

Reading messages keeps the interpreter busy for seconds, in which no other thread gets far.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from kakaobot.app.exports import Exports, FileReport
from kakaobot.atomic_io import parse_json
from kakaobot.config import Home
from kakaobot.errors import ExportError, KakaobotError
from kakaobot.exports.captions import CaptionCounts
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.histories import RoomHistories
from kakaobot.exports.parse_result import LineCounts
from kakaobot.language import LANGUAGE, VARIABLE, tr
from kakaobot.schema import Progress, no_progress

LARGE_BYTES = 1_000_000
"""Size of files whose import takes longer than the start of a process."""
_NICENESS = 10
"""By which the window comes first, and a training is not waited for forever."""
_ENDED = tr(
    "대화 파일을 읽던 프로그램이 갑자기 끝났습니다. "
    "다른 프로그램을 닫아 메모리를 비운 뒤 다시 가져와 주세요."
)


class WindowExports(Exports):
    """The exports of a home, for a program that others wait for."""

    def import_files(
        self, files: Sequence[Path], progress: Progress = no_progress
    ) -> list[FileReport]:
        """As `Exports.import_files`; afterwards the summaries of the rooms are known, too."""
        if sum(file.stat().st_size for file in files if file.is_file()) < LARGE_BYTES:
            return super().import_files(files, progress)
        return _import_apart(self._home, files, progress)


def _import_apart(home: Home, files: Sequence[Path], progress: Progress) -> list[FileReport]:
    """Raises ExportError as the process does, or if it is killed."""
    task = {"root": str(home.root), "files": [str(file.absolute()) for file in files]}
    with subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # What goes wrong may quote a chat.
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONUTF8": "1", VARIABLE: LANGUAGE},
        encoding="utf-8",
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(task))
        with suppress(BrokenPipeError):
            process.stdin.close()
        for line in process.stdout:
            message = parse_json(line)
            if "reports" in message:
                return [_report(raw) for raw in message["reports"]]
            if "error" in message:
                raise ExportError(message["error"])
            progress(message["share"], message["text"])
    raise ExportError(_ENDED)


def _report(raw: Mapping[str, Any]) -> FileReport:
    lists = ("participants", "not_understood")
    values = {**raw, **{name: tuple(raw[name]) for name in lists}}
    values["not_understood_lines"] = tuple(map(tuple, raw["not_understood_lines"]))
    values["counts"] = LineCounts(**raw["counts"]) if raw["counts"] else None
    values["captions"] = CaptionCounts(**raw["captions"])
    return FileReport(**values)


def main() -> None:
    """Import the files of the task on stdin; write messages to stdout."""
    _give_way()
    task: Any = parse_json(sys.stdin.read())
    home = Home(Path(task["root"]))

    def progress(share: float, text: str) -> None:
        _send({"share": share, "text": text})

    try:
        files = [Path(file) for file in task["files"]]
        reports = Exports(home).import_files(files, progress)
    except KakaobotError as error:
        _send({"error": str(error)})
        return
    # They are wanted next. What is wrong with them is said there.
    with suppress(KakaobotError):
        RoomHistories(FileStore(home.folder(home.settings().paths.raw))).summaries()
    _send({"reports": [asdict(report) for report in reports]})


def _give_way() -> None:
    """Leave the processor to the window as long as it has something to do."""
    with suppress(psutil.Error, OSError):
        if sys.platform == "win32":
            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            psutil.Process().nice(_NICENESS)


def _send(message: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
