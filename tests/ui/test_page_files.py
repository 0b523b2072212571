"""The page asks for one style sheet, and for nothing that its components do not need."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import gradio as gr
import pytest

from kakaobot.config import Home
from ui.page_files import asset, page_files, with_page_files
from ui.services import Services
from ui.window import build_window

FRONTEND = Path(gr.__file__).parent / "templates" / "frontend"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page with the kinds of components of the window."""
    window = build_window(Services.from_home(Home(tmp_path_factory.mktemp("home"))))
    kinds = sorted({block["type"] for block in window.whole_config()["components"]})
    config = json.dumps([{"type": kind} for kind in kinds], separators=(",", ":"))
    entry = (FRONTEND / "index.html").read_text("utf-8")
    return with_page_files(entry.replace("<head>", f"<head>{config}", 1).encode()).decode()


def test_all_styles_come_as_one_sheet(page: str) -> None:
    loaded = re.findall(r'<link rel="stylesheet" href="\.([^"]+)">', page)
    disabled = re.findall(r'<link rel="stylesheet" disabled href="\.([^"]+)">', page)
    assert len(loaded) == 1
    assert "stylesheet" not in re.sub(r"<link rel=\"stylesheet\" (disabled )?href[^>]*>", "", page)
    whole = asset(loaded[0], "")
    assert whole is not None
    for path in disabled:
        assert (FRONTEND / path[1:]).read_bytes() in whole.body
    # One of the page itself, one of what all components share, one of a component.
    for name in ("index", "statustracker", "HTML"):
        assert any(Path(path).name.startswith(f"{name}-") for path in disabled), name


def test_modules_are_asked_for_at_once(page: str) -> None:
    names = re.findall(r'<link rel="modulepreload" href="\./assets/([^"]+)">', page)
    assert len(names) > 20
    for name in names:
        response = asset(f"/assets/{name}", "gzip, br")
        assert response is not None
        assert gzip.decompress(response.body) == (FRONTEND / "assets" / name).read_bytes()


def test_a_kind_of_component_that_is_not_there_is_not_loaded() -> None:
    few, more = (page_files(frozenset(kinds)) for kinds in (["button"], ["button", "chatbot"]))
    assert set(few) < set(more)


@pytest.mark.parametrize(
    "path", ["/assets/../index.html", "/assets/", "/theme.css", "/assets/x.js"]
)
def test_nothing_else_is_served(path: str) -> None:
    assert asset(path, "") is None


def test_a_page_of_another_gradio_stays_as_it_is() -> None:
    assert with_page_files(b"<head></head>") == b"<head></head>"
