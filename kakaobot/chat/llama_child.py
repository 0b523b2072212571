"""Runs llama.cpp's server for `llama_process`, in a process of its own.

llama.cpp ends its process when a file is damaged or an assertion fails, and takes over the signals
that stop a program. Its server listens on this machine only, and answers whoever has the key.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
from typing import Any

from kakaobot.atomic_io import parse_json


def main() -> None:
    """Serve the model of the task on the first line of stdin until stdin is closed."""
    task: dict[str, Any] = parse_json(sys.stdin.readline())
    try:
        server = _start(task)
    except (RuntimeError, ValueError, OSError, ImportError, AttributeError, TypeError) as error:
        _send({"error": f"{type(error).__name__}: {error}"})
        return
    _send({"address": server.listening_address})
    with contextlib.suppress(KeyboardInterrupt):
        sys.stdin.read()
    # Without waiting for what is computed.
    os._exit(0)


def _start(task: dict[str, Any]) -> Any:
    xllamacpp: Any = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = task["base"]
    loras = [xllamacpp.CommonAdapterLoraInfo(task["adapter"], 1.0)] if task["adapter"] else []
    values = {
        "lora_adapters": loras,
        "api_keys": [task["key"]],
        "model_alias": {"chat"},
        "hostnames": ["127.0.0.1"],
        "ui": False,
        "endpoint_slots": False,
        # All slots share the memory: one prompt may use all of it.
        "n_ctx": task["memory"],
        "n_parallel": task["slots"],
        "kv_unified": True,
        # Between batches, a prompt that nobody waits for any more is given up.
        "n_batch": task["batch"],
        "n_ubatch": task["batch"],
        "swa_full": True,
        # What is kept in RAM does not remember the scale of its adapter, and would answer at
        # another.
        "cache_ram_mib": 0,
        "cache_idle_slots": False,
        "fit_params": False,
        "warmup": False,
        "offline": True,
        "verbosity": 0,
    }
    for name, value in values.items():
        setattr(params, name, value)
    if task["threads"]:
        for cpu in (params.cpuparams, params.cpuparams_batch):
            cpu.n_threads = task["threads"]
    return xllamacpp.Server(params)


def _send(message: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
