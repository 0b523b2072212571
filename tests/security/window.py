"""The real program, and pages that talk to it over HTTP, as any client can."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.exports import Exports
from kakaobot.config import ROOT, Home, save
from tests.conftest import SAMPLE
from tests.patience import patience
from tests.security.browser import Browser

PASSWORD = "바다 거북"
UNREADABLE = "이것은 아무 규칙에도 맞지 않는 줄"
"""A line of the imported export that no rule matches."""
PROGRAM = """
import sys
from ui.app import run
raise SystemExit(run(host=sys.argv[1], port=int(sys.argv[2]) or None, open_browser=False))
"""
_CONFIG = re.compile(r"window\.gradio_config = (\{.*?\});\s*</script>", re.DOTALL)

_contents: dict[object, list[dict[str, Any]]] = {}
"""Of the tabs of a window, by the id of its program."""


@dataclass
class WindowProcess:
    """A running window with a home of its own."""

    process: subprocess.Popen[str]
    home: Path
    address: str
    """The printed address, with a code."""

    @property
    def base_url(self) -> str:
        return self.address.split("/open#")[0]

    @property
    def code(self) -> str:
        return self.address.split("#")[1]

    @property
    def control_token(self) -> str:
        record = json.loads((self.home / ".kakaobot" / "instance.json").read_text("utf-8"))
        return str(record["token"])

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.base_url, timeout=patience(), trust_env=False, **options)

    def new_code(self) -> str:
        """As a second start of the program gets it."""
        headers = {"authorization": f"Bearer {self.control_token}"}
        with self.client() as client:
            return str(client.post("/open/new", headers=headers).json()["code"])

    def open_page(self, password: str = "") -> Page:
        """A page in a new browser."""
        return Page.of(Browser.open(self.client(), self.new_code(), password))

    def stop(self) -> str:
        """End the program; returns what it printed on stderr."""
        self.process.terminate()
        return self.process.communicate(timeout=patience())[1]


@dataclass
class Page:
    """One page of a browser: it finds events by the `elem_id` of their component."""

    browser: Browser
    config: dict[str, Any]
    session_hash: str = field(default_factory=lambda: secrets.token_hex(6))

    @classmethod
    def of(cls, browser: Browser) -> Page:
        found = _CONFIG.search(browser.client.get("/").text)
        assert found
        page = cls(browser, json.loads(found[1]))
        page._add_contents()
        return page

    def _add_contents(self) -> None:
        """Ask for the contents of all tabs, as a page does when it shows them."""
        parts = _contents.setdefault(self.config["app_id"], [])
        waiting = [
            str(component["props"]["elem_id"])
            for component in self.config["components"]
            if str(component["props"].get("elem_id")).startswith("late-")
        ]
        if len(parts) < len(waiting):
            parts[:] = [self.call(name, "submit")["output"]["render_config"] for name in waiting]
        components = {component["id"]: component for component in self.config["components"]}
        for part in parts:
            components |= {component["id"]: component for component in part["components"]}
            self.config["dependencies"] += part["dependencies"]
        self.config["components"] = list(components.values())

    def component(self, elem_id: str) -> int:
        return next(
            int(component["id"])
            for component in self.config["components"]
            if component["props"].get("elem_id") == elem_id
        )

    def dependency(self, elem_id: str, event: str = "click") -> dict[str, Any]:
        """The first dependency on an event of a component."""
        target = [self.component(elem_id), event]
        return next(
            dependency
            for dependency in self.config["dependencies"]
            if target in [list(pair) for pair in dependency["targets"]]
        )

    def load(self) -> dict[str, object]:
        """Send the event by which a page learns whether it is unlocked."""
        return self._bar_event("load", [])

    def follow(self, shown: str) -> dict[str, object]:
        """Send the event by which a page learns what others did; `shown` is what it shows now."""
        dependency = self.dependency("pulse-gate")
        self.send(dependency["id"], [None, shown])
        return self._by_name(dependency, self.completion())

    def _bar_event(self, event: str, data: list[object]) -> dict[str, object]:
        bar = self.component("gate-password")
        dependency = next(
            dependency
            for dependency in self.config["dependencies"]
            if [pair[1] for pair in dependency["targets"]] == [event]
            and bar in dependency["outputs"]
        )
        self.send(dependency["id"], data)
        return self._by_name(dependency, self.completion())

    def unlock(self, password: str = PASSWORD) -> dict[str, Any]:
        """Enter the password; returns the message of the server."""
        return self.call("gate-enter", values={"gate-password": password})

    def values(self, elem_id: str, event: str = "click", **options: Any) -> dict[str, object]:
        """Send an event as `join`; returns the values of its outputs by `elem_id`."""
        return self._by_name(self.dependency(elem_id, event), self.call(elem_id, event, **options))

    def _by_name(self, dependency: dict[str, Any], result: dict[str, Any]) -> dict[str, object]:
        assert result["success"], result
        names = {
            component["id"]: component["props"].get("elem_id")
            for component in self.config["components"]
        }
        data = result["output"]["data"]
        return {names[n]: value for n, value in zip(dependency["outputs"], data, strict=True)}

    def join(
        self,
        elem_id: str,
        event: str = "click",
        values: Mapping[str, object] | None = None,
        event_data: object = None,
    ) -> httpx.Response:
        """Send an event; `values` of its inputs by `elem_id`, None for others but sliders."""
        dependency = self.dependency(elem_id, event)
        # A slider has no empty value.
        inputs = {
            component["id"]: component["props"]["value"]
            for component in self.config["components"]
            if component["type"] == "slider"
        }
        inputs |= {self.component(name): value for name, value in (values or {}).items()}
        data = [inputs.get(number) for number in dependency["inputs"]]
        return self.send(dependency["id"], data, event_data)

    def send(self, number: int, data: list[object], event_data: object = None) -> httpx.Response:
        """Send an event by its number, as it is."""
        return self.browser.post(
            "/gradio_api/queue/join",
            json={
                "fn_index": number,
                "data": data,
                "session_hash": self.session_hash,
                "event_data": event_data,
            },
        )

    def messages(self) -> Iterator[dict[str, Any]]:
        """The messages of the server to this page, until no event is pending."""
        path = f"/gradio_api/queue/data?session_hash={self.session_hash}"
        with self.browser.client.stream("GET", path, headers=self.browser.headers) as response:
            response.raise_for_status()
            for line in response.iter_lines():
                if line:
                    yield json.loads(line.removeprefix("data: "))

    def call(self, *args: Any, **options: Any) -> dict[str, Any]:
        """Send an event as `join`; returns the message that completes it."""
        response = self.join(*args, **options)
        assert response.status_code == 200, response.text
        return self.completion()

    def completion(self) -> dict[str, Any]:
        """The message that completes the pending event."""
        completed = [
            message for message in self.messages() if message["msg"] == "process_completed"
        ]
        return completed[0]


def prepare_home(folder: Path) -> Home:
    """A home with the sample room, one unreadable line in it, and its dataset."""
    home = Home(folder)
    home.settings()
    save(home.settings_file, {"model.base_model": "starter"})
    export = folder / "대화.txt"
    lines = SAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)
    export.write_text("".join([*lines[:3], f"{UNREADABLE}\n", *lines[3:]]), encoding="utf-8")
    Exports(home).import_files([export])
    Datasets(home, BaseModels()).build()
    return home


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_window(
    home: Path, *, password: str = "", host: str = "127.0.0.1", port: int = 0, **environ: str
) -> Iterator[WindowProcess]:
    """Run the window on a free port, or a given one. `home` may hold settings and data already."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("CHATBOT_")}
    own |= {"KAKAOBOT_HOME": str(home), "PYTHONUTF8": "1", "HF_HUB_OFFLINE": "1", **environ}
    if password:
        own["CHATBOT_PASSWORD"] = password
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, host, str(port or free_port())],
        cwd=ROOT,
        env=own,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        assert "/open#" in address, process.communicate(timeout=patience())[1]
        yield WindowProcess(process, home, address)
    finally:
        process.kill()
        process.communicate()
