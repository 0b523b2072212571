"""Renders the chat template of a model in a process of its own, with limits on time and memory.

A template is a program that the model brings along. Jinja's sandbox keeps it from the system, but
not from looping for ever or filling the memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kakaobot.atomic_io import parse_json

_MAX_PROCESSOR_SECONDS = 10
"""Starting takes one; rendering takes milliseconds."""
_MAX_SECONDS = 60.0
_MAX_MEMORY = 2 * 2**30
"""Address space in bytes."""
_MAX_TEXT = 100_000
"""Characters of the rendered chat that are returned."""
_FAILED = 3
"""Exit code if the template raises an error."""


class EndlessTemplateError(Exception):
    """A template did not end in time."""


def render_foreign(
    template: str, messages: Sequence[Mapping[str, str]], tokens: Mapping[str, str]
) -> str:
    """The text of a chat; empty if the template cannot render it.

    Args:
        template: Jinja source.
        messages: `role` and `content` of each message.
        tokens: special tokens by the names that templates use, such as `bos_token`.

    Raises:
        EndlessTemplateError: it did not end in time.
    """
    task = {"template": template, "messages": list(messages), "tokens": dict(tokens)}
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    try:
        completed = subprocess.run(
            [sys.executable, "-m", __name__],
            input=json.dumps(task),
            capture_output=True,
            cwd=Path(__file__).parent.parent,
            env={**os.environ, **single, "PYTHONUTF8": "1"},
            encoding="utf-8",
            timeout=_MAX_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EndlessTemplateError from error
    if completed.returncode < 0:
        # Killed at the limit of processor time.
        raise EndlessTemplateError
    return completed.stdout if completed.returncode == 0 else ""


def main() -> int:
    """Render the task on stdin to stdout."""
    task: Any = parse_json(sys.stdin.read())
    from transformers.utils.chat_template_utils import render_jinja_template

    # After the imports, which need more.
    _limit()
    try:
        result = render_jinja_template(
            conversations=[task["messages"]], chat_template=task["template"], **task["tokens"]
        )
    except Exception:  # noqa: BLE001 -- a template may raise anything
        return _FAILED
    sys.stdout.write(str(result[0][0])[:_MAX_TEXT])
    return 0


def _limit() -> None:
    """Windows has no such limits: there the caller ends the process in the end."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (_MAX_PROCESSOR_SECONDS, _MAX_PROCESSOR_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY, _MAX_MEMORY))


if __name__ == "__main__":
    sys.exit(main())
