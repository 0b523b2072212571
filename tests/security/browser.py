"""What a browser does to open the window, over any client of httpx."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from ui.session_auth import KEY_HEADER, OPEN, PAGE_HEADER


def exchange(client: httpx.Client, code: str, password: str = "") -> httpx.Response:
    """Exchange a code; the client keeps the cookie."""
    return client.post(OPEN, json={"code": code, "password": password})


@dataclass
class Browser:
    """A client that has exchanged a code, as one page of it sends requests."""

    client: httpx.Client
    key: str
    page: str = "page"
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.headers = {KEY_HEADER: self.key, PAGE_HEADER: self.page}

    @classmethod
    def open(cls, client: httpx.Client, code: str, password: str = "") -> Browser:
        response = exchange(client, code, password)
        assert response.status_code == 200, response.text
        return cls(client, response.json()["key"])

    def other_page(self, page: str) -> Browser:
        return Browser(self.client, self.key, page)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.client.get(path, headers=self.headers | options.pop("headers", {}), **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.client.post(path, headers=self.headers | options.pop("headers", {}), **options)
