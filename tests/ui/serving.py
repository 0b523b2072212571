"""A window served to the tests, and calls of its dependencies by number, as an attacker can."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr
import httpx

from tests.patience import patience


@dataclass(frozen=True)
class ServedWindow:
    client: httpx.Client
    port: int

    def call(
        self, number: int, data: list[Any], event_data: Any = None, page: str = "stranger"
    ) -> dict[str, Any]:
        """Call a dependency; returns its last message."""
        request = {
            "fn_index": number,
            "data": data,
            "session_hash": page,
            "event_data": event_data,
        }
        # Unlike httpx, it can encode half a surrogate pair.
        body, headers = json.dumps(request), {"content-type": "application/json"}
        self.client.post("/queue/join", content=body, headers=headers).raise_for_status()
        query = {"session_hash": page}
        with self.client.stream("GET", "/queue/data", params=query) as response:
            for line in response.iter_lines():
                message = json.loads(line.removeprefix("data: ")) if line else {}
                if message.get("msg") == "process_completed":
                    return dict(message)
        raise AssertionError("no response")


@contextlib.contextmanager
def serving(window: gr.Blocks, **options: Any) -> Iterator[ServedWindow]:
    """Launch a window with these options until the context ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    window.launch(
        server_port=port,
        prevent_thread_lock=True,
        quiet=True,
        run_history=False,
        ssr_mode=False,
        **options,
    )
    url = f"http://127.0.0.1:{port}/gradio_api"
    with httpx.Client(base_url=url, timeout=patience()) as client:
        yield ServedWindow(client, port)
    window.close(verbose=False)
