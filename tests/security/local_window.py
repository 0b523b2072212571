"""The window served by this process: as real as the program, but quick to start."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

import gradio as gr
import httpx

from kakaobot.config import Home
from tests.patience import patience
from tests.security.browser import Browser
from tests.security.window import Page, free_port
from ui.app import launch_window
from ui.browser_sessions import BrowserSessions
from ui.ends import NO_ENDS
from ui.server_info import ServerInfo
from ui.services import Services


@dataclass
class LocalWindow:
    home: Home
    services: Services
    blocks: gr.Blocks
    sessions: BrowserSessions
    base_url: str

    @property
    def port(self) -> int:
        return int(self.base_url.rpartition(":")[2])

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.base_url, timeout=patience(), trust_env=False, **options)

    def open_page(self, password: str = "") -> Page:
        """A page in a new browser."""
        return Page.of(Browser.open(self.client(), self.sessions.issue_code(), password))


@contextlib.contextmanager
def local_window(home: Home, *, for_other_devices: bool = False) -> Iterator[LocalWindow]:
    """Serve the window of a home on a free port."""
    services = Services.from_home(home)
    sessions = BrowserSessions(services.gate if for_other_devices else None)
    info = ServerInfo.here("127.0.0.1", free_port(), secrets.token_urlsafe(32))
    uploads = home.upload_folder
    uploads.mkdir(mode=0o700, exist_ok=True)
    with mock.patch.dict(os.environ, GRADIO_TEMP_DIR=str(uploads)):
        blocks = launch_window(services, info, sessions, ends=NO_ENDS)
        try:
            yield LocalWindow(home, services, blocks, sessions, f"http://127.0.0.1:{info.port}")
        finally:
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
            blocks.server.config.timeout_graceful_shutdown = 1
            blocks.close(verbose=False)
