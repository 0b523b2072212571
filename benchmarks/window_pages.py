"""What a page of the window takes to open, beside a bare page of Gradio, in Chromium."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, Playwright

from tests.security.window import WindowProcess, free_port, prepare_home, running_window

BARE = """
import sys
import gradio as gr
with gr.Blocks(analytics_enabled=False) as page:
    gr.Button("Go", elem_id="go")
page.launch(server_port=int(sys.argv[1]), quiet=True, share=False)
"""
CONTROLS = {"bare": "#go", "new home": "#start-sample", "with data": "#train-start"}
"""Pages, and the first control that each shows."""
_QUIET_SECONDS = 1.5
"""Seconds without a new resource after which a page has loaded."""
_WATCH_USABLE = """(selector) => {
  const look = () => {
    const control = document.querySelector(selector);
    if (control && control.getClientRects().length) window.usableAt = performance.now();
    else requestAnimationFrame(look);
  };
  look();
}"""
_RESOURCES = """() => {
  const all = ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind));
  const path = (one) => new URL(one.name).pathname;
  const files = all.filter((one) => !/^\\/(gradio_api|health|pulse)/.test(path(one)));
  return {
    resources: files.length,
    kilobytes: files.reduce((sum, one) => sum + one.encodedBodySize, 0) / 1000,
    styles: files.filter((one) => path(one).endsWith(".css")).length,
    fonts: files.filter((one) => /[.](woff2?|ttf|otf)$/.test(path(one))).length,
  };
}"""
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium(playwright: Playwright) -> Browser:
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    program = next((path for path in found if path), None)
    if program is None:
        sys.exit("This needs Chromium.")
    return playwright.chromium.launch(executable_path=program, args=_FLAGS)


def measure_pages(browser: Browser, folder: Path, rounds: int) -> dict[str, Any]:
    (folder / "new").mkdir()
    prepare_home(folder / "built")
    with (
        running_window(folder / "new") as new,
        running_window(folder / "built") as built,
        bare_page() as bare,
    ):
        addresses: dict[str, Callable[[], str]] = {
            "bare": lambda: bare,
            "new home": lambda: _address(new),
            "with data": lambda: _address(built),
        }
        results: list[dict[str, dict[str, float]]] = []
        # The first round fills the caches of the servers.
        for _ in range(rounds + 1):
            results.append(
                {name: load(browser, to(), CONTROLS[name]) for name, to in addresses.items()}
            )
    return {"rounds": results[1:], "median": _medians(results[1:])}


def load(browser: Browser, address: str, control: str) -> dict[str, float]:
    """Open an address in a new browser; what that takes after the exchange of its code."""
    context = browser.new_context(locale="ko-KR", viewport={"width": 1366, "height": 768})
    try:
        page = context.new_page()
        if "#" in address:
            # The cookie and the key, without anything of the page.
            page.route("**/*", lambda route: _only_the_code(route))
            page.goto(address)
            page.wait_for_url(f"{address.partition('/open#')[0]}/")
            page.unroute_all()
        return _load(context, page, address.partition("open#")[0], control)
    finally:
        context.close()


def _only_the_code(route: Any) -> None:
    if "/open" in route.request.url:
        route.continue_()
    else:
        route.fulfill(body="<!doctype html>", content_type="text/html")


def _load(context: BrowserContext, page: Page, address: str, control: str) -> dict[str, float]:
    metrics = Metrics(context, page)
    metrics.session.send("Network.clearBrowserCache")
    page.add_init_script(f"({_WATCH_USABLE})({json.dumps(control)})")
    before = metrics.read()
    page.goto(address, wait_until="commit")
    page.wait_for_function("window.usableAt")
    found, since = page.evaluate(_RESOURCES), time.monotonic()
    while time.monotonic() - since < _QUIET_SECONDS:
        time.sleep(0.2)
        if (now := page.evaluate(_RESOURCES)) != found:
            found, since = now, time.monotonic()
    after = metrics.read()
    return {
        "usable_ms": page.evaluate("window.usableAt"),
        "script_ms": 1000 * (after["ScriptDuration"] - before["ScriptDuration"]),
        "task_ms": 1000 * (after["TaskDuration"] - before["TaskDuration"]),
        **found,
    }


def _address(window: WindowProcess) -> str:
    return f"{window.base_url}/open#{window.new_code()}"


@contextmanager
def bare_page() -> Iterator[str]:
    """A page of Gradio with one button; its address."""
    port = free_port()
    environment = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", BARE, str(port)], stdout=subprocess.DEVNULL, env=environment
    )
    try:
        while not _listens(process.pid, port):
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.kill()
        process.wait()


def _listens(pid: int, port: int) -> bool:
    found = psutil.Process(pid).net_connections("tcp")
    return any(one.laddr[1] == port and one.status == psutil.CONN_LISTEN for one in found)


class Metrics:
    """The counters of a page since it was opened, in seconds."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.session: CDPSession = context.new_cdp_session(page)
        self.session.send("Performance.enable")

    def read(self) -> dict[str, float]:
        found = self.session.send("Performance.getMetrics")["metrics"]
        return {one["name"]: float(one["value"]) for one in found}


def _medians(rounds: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Of each page, and of the ratio of each to the bare one in the same round."""
    medians = {
        name: {key: statistics.median(one[name][key] for one in rounds) for key in values}
        for name, values in rounds[0].items()
    }
    for name in [name for name in medians if name != "bare"]:
        medians[f"{name} / bare"] = {
            key: statistics.median(one[name][key] / one["bare"][key] for one in rounds)
            for key, value in medians["bare"].items()
            if value
        }
    return medians
