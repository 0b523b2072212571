"""Tells the other processes of a home that this one is writing a reply."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from kakaobot.atomic_io import read_json_object, replace_text
from kakaobot.config import Home
from kakaobot.errors import RunError
from kakaobot.language import tr

_PREFIX = "replying-"
_ELSEWHERE = tr(
    "다른 창이나 명령이 대답을 쓰고 있어 지울 수 없습니다. 대답이 끝나거나 멈춘 뒤 다시 하세요."
)


class ReplyMarks:
    """One file a process, while it writes; pid and start time tell whether it still lives."""

    def __init__(self, home: Home) -> None:
        self._folder = home.state_folder

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Leave a mark while the block runs; where none can be left, do without."""
        mark = self._folder / f"{_PREFIX}{os.getpid()}.json"
        record = {"pid": os.getpid(), "born": psutil.Process().create_time()}
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_text(mark, json.dumps(record), mode=0o600)
        try:
            yield
        finally:
            with suppress(OSError):
                mark.unlink(missing_ok=True)

    def check_no_other(self) -> None:
        """Check that no other process is writing.

        Raises:
            RunError: one is.
        """
        marks = list(self._folder.glob(f"{_PREFIX}*.json"))
        if any(_is_alive(mark) for mark in marks):
            raise RunError(_ELSEWHERE)


def _is_alive(mark: Path) -> bool:
    """Whether the mark is that of another process that lives; a dead one's is removed."""
    record = read_json_object(mark)
    try:
        pid, born = int(record["pid"]), float(record["born"])
        if pid == os.getpid():
            return False
        if abs(psutil.Process(pid).create_time() - born) < 1:
            return True
    except (psutil.Error, KeyError, TypeError, ValueError):
        pass
    with suppress(OSError):
        mark.unlink(missing_ok=True)
    return False
