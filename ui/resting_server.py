"""Gradio's server without uvicorn's timer, which wakes the processor ten times a second."""

from __future__ import annotations

import asyncio

from gradio import http_server

_REST_SECONDS = 0.5
"""How late the end of the server may be noticed; its `Date` header is as old."""


class RestingServer(http_server.Server):
    """As gradio's, which looks for its end more often."""

    async def main_loop(self) -> None:
        # The count of uvicorn's looks: at each multiple of ten it sets the date.
        while not await self.on_tick(0):
            await asyncio.sleep(_REST_SECONDS)


def let_server_rest() -> None:
    """Let windows that are served from now on be served by a `RestingServer`."""
    http_server.Server = RestingServer  # type: ignore[misc]
