"""The server of the window: it wakes rarely while nobody asks, and answers and ends at once."""

from __future__ import annotations

import time

import gradio as gr
import pytest
from gradio import http_server

from tests.patience import patience
from tests.ui.serving import serving
from ui.resting_server import RestingServer, let_server_rest

REST = 2.0
TICKS = 6
"""At most, in that time: uvicorn's own server has twenty."""


@pytest.fixture(autouse=True)
def _own_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "Server", http_server.Server)
    let_server_rest()


@pytest.fixture
def window() -> gr.Blocks:
    window = gr.Blocks()
    with window:
        gr.Markdown("words")
    return window


def test_the_server_ticks_rarely(window: gr.Blocks, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks: list[float] = []
    tick = http_server.Server.on_tick

    async def counted(server: http_server.Server, counter: int) -> bool:
        ticks.append(time.monotonic())
        return await tick(server, counter)

    monkeypatch.setattr(RestingServer, "on_tick", counted)
    with serving(window):
        time.sleep(REST / 4)
        before = len(ticks)
        time.sleep(REST)
        assert 0 < len(ticks) - before <= TICKS


def test_the_date_of_answers_goes_on(window: gr.Blocks) -> None:
    with serving(window) as served:
        dates = set()
        for _ in range(3):
            dates.add(served.client.get("/info").headers["date"])
            time.sleep(1.2)
    assert len(dates) == 3


def test_a_resting_server_ends_soon(window: gr.Blocks) -> None:
    with serving(window):
        time.sleep(REST / 4)
        since = time.monotonic()
    assert time.monotonic() - since < patience(5)
