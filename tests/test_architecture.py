"""The import graph points down. Walks the real files; the rules are tried on invented ones too."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

ROWS = (
    ("launch", "kakaobot.__main__"),
    ("ui", "kakaobot.cli"),
    ("kakaobot.app",),
    ("kakaobot.report",),
    ("kakaobot.train", "kakaobot.chat"),
    ("kakaobot.dataset",),
    ("kakaobot.base",),
    ("kakaobot.starter", "kakaobot.exports"),
    ("kakaobot.chat_template", "kakaobot.runs", "kakaobot.style"),
    ("kakaobot.config", "kakaobot.schema", "kakaobot.disk_list"),
    ("kakaobot.settings",),
    ("kakaobot.errors", "kakaobot.atomic_io", "kakaobot.gc_pause", "kakaobot.openmp"),
    # The version, which everybody may ask for.
    ("kakaobot",),
)
"""Imports point from a row to a lower one; what stands in one row does not meet."""

HEAVY = {"torch", "transformers", "peft", "accelerate"}
MAY_LOAD_HEAVY = {
    "kakaobot.train.job",
    "kakaobot.train.callback",
    "kakaobot.train.adapter",
    "kakaobot.train.eval_generation",
    "kakaobot.train.loss",
    "kakaobot.train.distributed",
    "kakaobot.train.fsdp",
    "kakaobot.train.trainer",
    "kakaobot.base.loading",
    "kakaobot.chat.engine",
    "kakaobot.starter.build",
}
MAY_CATCH_ALL = {"ui.errors": 2, "kakaobot.train.worker": 1, "kakaobot.chat.engine": 1}
"""Module → how many times: handlers and streams of the window, the outermost of the
worker, and the generating thread, which hands its error to the one that asked."""


@functools.cache
def sources() -> dict[str, ast.Module]:
    """Every module of the app by its dotted name."""
    files = [ROOT / "launch.py", *(ROOT / "kakaobot").rglob("*.py"), *(ROOT / "ui").rglob("*.py")]
    return {name_of(file): ast.parse(file.read_text(encoding="utf-8")) for file in files}


def name_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def parse(modules: Mapping[str, str]) -> dict[str, ast.Module]:
    return {name: ast.parse(text) for name, text in modules.items()}


def cell_of(module: str) -> str | None:
    """The entry of ROWS that a module belongs to."""
    cells = [cell for row in ROWS for cell in row if cell != "kakaobot"]
    found = [cell for cell in cells if module == cell or module.startswith(cell + ".")]
    return found[0] if found else "kakaobot" if module == "kakaobot" else None


def row_of(cell: str) -> int:
    return next(index for index, row in enumerate(ROWS) if cell in row)


def imports(node: ast.AST) -> Iterator[str]:
    """Dotted names that one statement may import; of `from a import b` both a and a.b."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = "." * node.level + (node.module or "")
        yield base
        yield from (f"{base}.{alias.name}" for alias in node.names)


def upward(modules: Mapping[str, ast.Module]) -> list[str]:
    """Imports that do not point strictly down, and modules that stand in no row."""
    found = []
    for name, tree in modules.items():
        cell = cell_of(name)
        if cell is None:
            found.append(f"{name} stands in no row")
            continue
        for wanted in {each for node in ast.walk(tree) for each in imports(node)}:
            if wanted.startswith("."):
                found.append(f"{name} imports {wanted} by a relative name")
            target = cell_of(wanted)
            if target and target != cell and row_of(target) <= row_of(cell):
                found.append(f"{name} imports {wanted}")
    return sorted(found)


def loaded_with(tree: ast.Module) -> Iterator[str]:
    """Top-level packages that importing the module imports: functions and typing blocks do not."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        yield from (name.split(".")[0] for name in imports(node))
        for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if not for_types and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting.extend(ast.iter_child_nodes(node))


def catches_all(tree: ast.Module) -> int:
    """How many handlers take every error and keep it; those that raise it again only clean up."""
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    return sum(_takes_all(each) and not _raises_again(each) for each in handlers)


def _takes_all(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or ast.unparse(kind) in ("Exception", "BaseException") for kind in kinds
    )


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


# --- the real files


def test_the_files_of_the_app_are_found() -> None:
    assert {"launch", "kakaobot", "kakaobot.errors", "ui.app", "kakaobot.cli"} <= set(sources())


def test_every_starred_file_exists() -> None:
    assert set(sources()) >= MAY_LOAD_HEAVY | set(MAY_CATCH_ALL)


def test_imports_point_strictly_down() -> None:
    assert upward(sources()) == []


def test_gradio_lives_in_the_window_only() -> None:
    everywhere = {
        name
        for name, tree in sources().items()
        for node in ast.walk(tree)
        for wanted in imports(node)
        if wanted.split(".")[0] == "gradio"
    }
    assert [name for name in everywhere if name.split(".")[0] != "ui"] == []


def test_only_the_starred_files_load_torch() -> None:
    loading = {name for name, tree in sources().items() if HEAVY & set(loaded_with(tree))}
    assert loading - MAY_LOAD_HEAVY == set()


def test_all_errors_are_caught_in_the_named_places_only() -> None:
    counts = {name: catches_all(tree) for name, tree in sources().items()}
    over = {name: n for name, n in counts.items() if n > MAY_CATCH_ALL.get(name, 0)}
    assert over == {}


@pytest.mark.parametrize("face", ["ui.app", "kakaobot.cli"])
def test_a_face_opens_without_torch(face: str) -> None:
    probe = f"import sys, {face}; print([m for m in {sorted(HEAVY)} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


# --- the rules themselves


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("kakaobot.runs", "from kakaobot.app import training"),
        ("kakaobot.runs", "from kakaobot import train"),
        ("kakaobot.train.launcher", "import kakaobot.chat.engine"),
        ("kakaobot.config", "from kakaobot.schema import Message"),
        ("kakaobot.app.chatting", "def f():\n    from ui import text"),
        ("kakaobot.exports.reader", "from . import layouts"),
        ("kakaobot.utils", "x = 1"),
        ("kakaobot", "from kakaobot.errors import KakaobotError"),
    ],
)
def test_a_wrong_import_is_seen(name: str, text: str) -> None:
    assert len(upward(parse({name: text}))) >= 1


def test_right_imports_are_not_complained_of() -> None:
    good = {
        "launch": "from ui.app import run\nfrom scripts.environment import environment",
        "ui.app": "import gradio\nfrom ui import text\nfrom kakaobot import __version__",
        "kakaobot.train.worker": "from kakaobot.train import model\nfrom kakaobot import base",
        "kakaobot.runs": "from kakaobot.config import Settings\nimport torch.nn",
    }
    assert upward(parse(good)) == []


@pytest.mark.parametrize(
    ("text", "loads"),
    [
        ("import torch.nn as nn", True),
        ("try:\n    from peft import LoraConfig\nexcept ImportError:\n    pass", True),
        ("class A:\n    import transformers", True),
        ("def f():\n    import torch", False),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch", False),
        ("import torchless", False),
    ],
)
def test_what_is_loaded_with_a_module_is_seen(text: str, loads: bool) -> None:
    assert bool(HEAVY & set(loaded_with(ast.parse(text)))) is loads


@pytest.mark.parametrize(
    ("handler", "count"),
    [
        ("except Exception as error:\n    log(error)", 1),
        ("except:\n    pass", 1),
        ("except (ValueError, BaseException):\n    pass", 1),
        ("except BaseException:\n    clean()\n    raise", 0),
        ("except OSError:\n    pass", 0),
    ],
)
def test_a_net_for_all_errors_is_seen(handler: str, count: int) -> None:
    assert catches_all(ast.parse(f"try:\n    f()\n{handler}")) == count
