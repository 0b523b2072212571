"""The window: its first page beside a bare one of Gradio, the ticks of a training, a large import.

    python benchmarks/window.py [--quick] [--only PART] [--rounds N] [--json FILE]

`pages`: a browser with an empty cache opens the window of a new home, that of one with a dataset,
and a page of Gradio with one button, in turns. `usable` is the time until the first control is
visible, `script` the time in scripts until nothing more is loaded. A ratio is the median of those
of the rounds, which follow on each other, as the machine may have other work.

`training`: a page shows a run with 10,000 logged points while its worker logs one more every
second. Reported are processor milliseconds of the server for each tick, of which there is one in
two seconds, and of the main thread of the page and its whole process for each second. What else
the page asks at intervals is part of it.

`import`: one page imports an export of 30 MB, while another opens one tab after the other until it
is done. Reported is the longest time until a tab has its answer.

Needs Chromium and playwright, as the browser tests do.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import psutil  # noqa: E402
from playwright.sync_api import Browser, sync_playwright  # noqa: E402

from benchmarks.busy import processor  # noqa: E402
from benchmarks.exports import write_room  # noqa: E402
from benchmarks.window_pages import Metrics, chromium, measure_pages  # noqa: E402
from kakaobot.runs.metrics import Point  # noqa: E402
from kakaobot.runs.run import Run, Runs  # noqa: E402
from kakaobot.runs.status import Status  # noqa: E402
from tests.security.window import Page, prepare_home, running_window  # noqa: E402

POINTS = 10_000
IMPORTED_BYTES = 30_000_000
TABS = ("exports", "dataset", "training", "chat", "settings")
GOALS = {
    "usable, new home / bare": 1.3,
    "server ms for a tick": 15.0,
    "page ms for a second": 100.0,
    "longest answer during an import, ms": 300.0,
}


# -- training


def measure_training(browser: Browser, folder: Path, seconds: float) -> dict[str, float]:
    home = prepare_home(folder / "training")
    run = Runs(home.folder("checkpoints_lora")).get("main")
    run.create({"created_at": "2026-05-01 09:30", "base": {}, "data": {}, "settings": {}})
    run.append(*(_point(step) for step in range(POINTS)))
    with logging_worker(run), running_window(folder / "training") as window:
        context = browser.new_context(locale="ko-KR", viewport={"width": 1366, "height": 768})
        page = context.new_page()
        page.goto(window.address)
        page.locator("#tab-training-button, [role=tab]:has-text('학습')").first.click()
        page.wait_for_selector("#train-chart canvas[data-points]:not([data-points='0'])")
        metrics, server = Metrics(context, page), psutil.Process(window.process.pid)
        time.sleep(6)
        counters = (metrics.read()["TaskDuration"], _used(server), _used(*_renderers()))
        began = time.perf_counter()
        time.sleep(seconds)
        passed = time.perf_counter() - began
        ends = (metrics.read()["TaskDuration"], _used(server), _used(*_renderers()))
        context.close()
    task, served, rendered = (1000 * (b - a) / passed for a, b in zip(counters, ends, strict=True))
    return {
        "points": POINTS,
        "seconds": passed,
        "server_ms_per_tick": 2 * served,
        "page_task_ms_per_second": task,
        "page_process_ms_per_second": rendered,
    }


@contextmanager
def logging_worker(run: Run) -> Iterator[None]:
    """This process as the worker of a run: it logs a point and its status every second."""
    run.worker.record_start(os.getpid())
    done = threading.Event()

    def log() -> None:
        step = POINTS
        while not done.wait(1):
            run.append(_point(step))
            run.write_status(
                Status("running", step, 2 * POINTS, loss=2.0, eta_seconds=60.0, best_step=500)
            )
            step += 1

    run.write_status(Status("running", POINTS, 2 * POINTS, loss=2.0))
    thread = threading.Thread(target=log)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _point(step: int) -> Point:
    kind = "loss" if step % 50 else "eval_loss"
    return Point(step, kind, 2 + 1 / (1 + step / 500) + (step * 7919 % 100) / 200, time.time())


def _renderers() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "--type=renderer" in " ".join(child.cmdline())]


def _used(*processes: psutil.Process) -> float:
    times = [process.cpu_times() for process in processes]
    return sum(float(one.user + one.system) for one in times)


# -- import


def measure_import(folder: Path, size: int) -> dict[str, Any]:
    home = prepare_home(folder / "import").root
    room = folder / "큰 방.txt"
    write_room(room, size)
    with running_window(home) as window:
        importing, asking = window.open_page(), window.open_page()
        # As any page does once, before it shows its settings for the first time.
        asking.call("set-news", "change")
        idle = [{tab: ask(asking, tab) for tab in TABS} for _ in range(2)][1]
        took: list[float] = []
        thread = threading.Thread(target=lambda: took.append(upload(importing, room)))
        thread.start()
        answers: dict[str, list[float]] = {tab: [] for tab in TABS}
        while thread.is_alive():
            for tab in TABS:
                answers[tab].append(ask(asking, tab))
        thread.join()
    return {
        "megabytes": room.stat().st_size / 1e6,
        "import_s": took[0],
        "idle_ms": idle,
        "median_ms": {tab: statistics.median(times) for tab, times in answers.items()},
        "longest_ms": {tab: max(times) for tab, times in answers.items()},
        "asked": len(answers["exports"]),
    }


def upload(page: Page, room: Path) -> float:
    """Import a file as the page does; seconds from its first byte to the table."""
    began = time.perf_counter()
    with room.open("rb") as stream:
        response = page.browser.post("/gradio_api/upload", files={"files": (room.name, stream)})
    path = response.json()[0]
    data = [{"path": path, "orig_name": room.name, "meta": {"_type": "gradio.FileData"}}]
    completed = page.call("export-upload", "upload", values={"export-upload": data})
    assert completed["success"], completed
    return time.perf_counter() - began


def ask(page: Page, tab: str) -> float:
    """Open a tab; milliseconds until all its events are answered, those of the stepper included."""
    target = page.component(f"shown-{tab}")
    events = [
        one["id"]
        for one in page.config["dependencies"]
        if [target, "select"] in [list(pair) for pair in one["targets"]] and one["backend_fn"]
    ]
    components = {one["id"]: one["props"].get("value") for one in page.config["components"]}
    inputs = {one["id"]: one["inputs"] for one in page.config["dependencies"]}
    began = time.perf_counter()
    for event in events:
        response = page.send(event, [components.get(number) for number in inputs[event]])
        response.raise_for_status()
    completed = [message for message in page.messages() if message["msg"] == "process_completed"]
    passed = 1000 * (time.perf_counter() - began)
    assert len(completed) == len(events), completed
    return passed


# -- report


def show(report: dict[str, Any]) -> None:
    if pages := report.get("pages"):
        keys = list(pages["median"]["bare"])
        print(f"| page | {' | '.join(keys)} |\n| --- |{' ---: |' * len(keys)}")
        for name, values in pages["median"].items():
            cells = (f"{values[key]:.2f}" if "/" in name else f"{values[key]:.0f}" for key in keys)
            print(f"| {name} | {' | '.join(cells)} |")
    for part in ("training", "import"):
        if part in report:
            print(f"\n{part}: {json.dumps(report[part], ensure_ascii=False, indent=1)}")
    for goal, limit in GOALS.items():
        if goal in report["goals"]:
            print(f"{goal}: {report['goals'][goal]:.2f} (at most {limit})")


def goals(report: dict[str, Any]) -> dict[str, float]:
    found: list[float | None] = [None] * len(GOALS)
    if pages := report.get("pages"):
        found[0] = pages["median"]["new home / bare"]["usable_ms"]
    if training := report.get("training"):
        found[1] = training["server_ms_per_tick"]
        found[2] = training["page_task_ms_per_second"]
    if imported := report.get("import"):
        found[3] = max(imported["longest_ms"].values())
    return {name: value for name, value in zip(GOALS, found, strict=True) if value is not None}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="two rounds, ten seconds, 3 MB")
    parser.add_argument("--only", choices=("pages", "training", "import"))
    parser.add_argument("--rounds", type=int, default=7, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    machine = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
    report: dict[str, Any] = {"machine": machine}
    wanted, quick = arguments.only, arguments.quick
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        browser = chromium(playwright)
        if wanted in (None, "pages"):
            report["pages"] = measure_pages(browser, folder, 2 if quick else arguments.rounds)
        if wanted in (None, "training"):
            report["training"] = measure_training(browser, folder, 10 if quick else 40)
        browser.close()
        if wanted in (None, "import"):
            report["import"] = measure_import(folder, IMPORTED_BYTES // (10 if quick else 1))
    report["goals"] = goals(report)
    print(f"{machine['processor']}, {machine['cores']} cores\n")
    show(report)
    if arguments.json:
        text = json.dumps(report, ensure_ascii=False, indent=1)
        arguments.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
