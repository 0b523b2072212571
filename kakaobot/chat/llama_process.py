"""llama.cpp in a process of its own, asked over this machine's loopback with a key."""

from __future__ import annotations

import http.client
import importlib.util
import json
import logging
import os
import secrets
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from kakaobot.atomic_io import parse_json
from kakaobot.base.threads import chosen_by_user
from kakaobot.chat.protocol import Cancelled
from kakaobot.errors import BaseModelError
from kakaobot.language import tr

log = logging.getLogger(__name__)

SLOTS = 8
"""Prompts that are kept, and replies that are drawn together."""
_BATCH = 64
"""Tokens of a prompt between two looks at what was cancelled."""
_POLL = 0.02
"""Seconds between two looks at the event that cancels a call."""
_GIVEN_UP = 5.0
"""Seconds in which it has noticed that a call was cancelled."""
_FULL = "Context size has been exceeded"
_CHILD = "kakaobot.chat.llama_child"
_EXIT = 5.0
"""Seconds in which a stopped process ends."""
NOT_INSTALLED = tr(
    "몇 배 빨리 대답하는 llama.cpp 를 쓰려면 터미널에서 '\"{python}\" -m pip install xllamacpp' 를 "
    "한 번 실행하세요. 다음에 모델을 올릴 때부터 씁니다."
).format(python=sys.executable)
_NOT_STARTED = tr("llama.cpp 가 이 모델을 읽지 못했습니다.")
_REFUSED = tr("llama.cpp 가 대답하지 못했습니다. 다시 보내 보세요.")
_ENDED = tr("llama.cpp 가 갑자기 끝났습니다. 다시 보내면 모델을 새로 올립니다.")


class LlamaError(BaseModelError):
    """llama.cpp cannot be used, or ended; the other engine can answer."""


def is_installed() -> bool:
    """Whether the optional package `xllamacpp` is there; nothing is imported."""
    return importlib.util.find_spec("xllamacpp") is not None


class LlamaProcess:
    """One base with at most one adapter, at any scale."""

    def __init__(
        self, base: Path, adapter: Path | None, *, memory: int, cancelled: threading.Event
    ) -> None:
        """Start the process, and wait until it has loaded the files.

        Args:
            base: its GGUF file.
            adapter: its LoRA GGUF file.
            memory: tokens of all prompts and replies together.
            cancelled: ends the process.

        Raises:
            LlamaError: it is not installed, or cannot read the files.
            Cancelled: the event was set.
        """
        if not is_installed():
            raise LlamaError(NOT_INSTALLED)
        self._key = secrets.token_hex(32)
        self._process = _spawn()
        task = {
            "base": str(base),
            "adapter": str(adapter) if adapter else "",
            "key": self._key,
            "memory": memory,
            "slots": SLOTS,
            "batch": _BATCH,
            "threads": _threads(),
        }
        try:
            self._host, self._port = self._started(task, cancelled)
        except BaseException:
            self.close()
            raise

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, path: str, body: Mapping[str, Any], cancelled: threading.Event) -> Any:
        """The answer of the server. A cancelled call is given up by it within a second.

        Raises:
            Cancelled: the event was set.
            LlamaError: the process ended, or refused.
        """
        until = time.monotonic() + _GIVEN_UP
        while True:
            status, answer = self._post(path, body, cancelled)
            if status == http.client.OK:
                return answer
            # A message of llama.cpp, which does not quote the prompt.
            message = str(answer.get("error", {}).get("message", ""))
            if _FULL not in message or time.monotonic() > until:
                log.warning("llama.cpp refused: %s", message)
                raise LlamaError(_REFUSED)
            # What was cancelled just before still has its memory.
            cancelled.wait(_POLL)

    def _post(
        self, path: str, body: Mapping[str, Any], cancelled: threading.Event
    ) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self._host, self._port)
        headers = {
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "application/json",
            "Connection": "close",
        }
        try:
            connection.request("POST", path, json.dumps(body), headers)
            while not select.select([connection.sock], [], [], _POLL)[0]:
                if cancelled.is_set():
                    raise Cancelled
            response = connection.getresponse()
            return response.status, parse_json(response.read())
        except (OSError, http.client.HTTPException) as error:
            log.warning("llama.cpp ended with %s", self._process.poll())
            raise LlamaError(_ENDED) from error
        finally:
            connection.close()

    def close(self) -> None:
        """End the process."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(OSError):
            process.stdin.close()
        process.kill()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_EXIT)
        process.stdout.close()

    def _started(self, task: Mapping[str, Any], cancelled: threading.Event) -> tuple[str, int]:
        """Host and port of the server."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(task) + "\n")
            self._process.stdin.flush()
        lines: list[str] = []
        reader = threading.Thread(target=self._read_line, args=[lines], daemon=True)
        reader.start()
        while reader.is_alive():
            if cancelled.is_set():
                raise Cancelled
            reader.join(_POLL)
        message = parse_json(lines[0]) if lines and lines[0] else {}
        address = str(message.get("address", ""))
        host, _, port = address.removeprefix("http://").partition(":")
        if not port.isdigit():
            log.warning("llama.cpp did not start: %s", message.get("error", "ended"))
            raise LlamaError(_NOT_STARTED)
        return host, int(port)

    def _read_line(self, lines: list[str]) -> None:
        assert self._process.stdout is not None
        with suppress(OSError, ValueError):
            lines.append(self._process.stdout.readline())


def _spawn() -> subprocess.Popen[str]:
    # The constant exists on Windows only; elsewhere, 0 is the default.
    no_window: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    return subprocess.Popen(
        [sys.executable, "-m", _CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # What goes wrong may quote a chat.
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
        # A crash would start a debugger.
        env={**os.environ, "PYTHONUTF8": "1", "GGML_NO_BACKTRACE": "1"},
        encoding="utf-8",
        creationflags=no_window,
    )


def _threads() -> int:
    """As PyTorch: one for each core, unless the environment says otherwise; 0 for its default."""
    if chosen_by_user():
        return int(os.environ.get("OMP_NUM_THREADS") or os.environ.get("MKL_NUM_THREADS") or 0)
    return psutil.cpu_count(logical=False) or 0
