"""The import graph: layers point down, packages have no cycles, class names are unique.

The rules are checked on the real files, and themselves tested on invented ones.
"""

from __future__ import annotations

import ast
import functools
import graphlib
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

ROWS = (
    ("launch", "kakaobot.__main__"),
    ("ui", "kakaobot.cli"),
    ("kakaobot.serve",),
    ("kakaobot.app",),
    ("kakaobot.report", "kakaobot.audit"),
    ("kakaobot.train", "kakaobot.chat", "kakaobot.publish"),
    ("kakaobot.dataset", "kakaobot.conversion"),
    ("kakaobot.base",),
    ("kakaobot.starter", "kakaobot.exports"),
    ("kakaobot.chat_template", "kakaobot.runs", "kakaobot.style"),
    ("kakaobot.chat_format",),
    ("kakaobot.config", "kakaobot.schema", "kakaobot.disk_list", "kakaobot.likeness"),
    ("kakaobot.chosen_folders",),
    ("kakaobot.setting_fields",),
    ("kakaobot.settings", "kakaobot.yaml_file", "kakaobot.env_file"),
    (
        *("kakaobot.text_file", "kakaobot.os_errors", "kakaobot.setting_types"),
        *("kakaobot.model_files", "kakaobot.foreign_template", "kakaobot.outgoing"),
        *("kakaobot.hosts", "kakaobot.responses"),
    ),
    (
        *("kakaobot.errors", "kakaobot.atomic_io", "kakaobot.file_names"),
        *("kakaobot.display_name", "kakaobot.file_cache"),
        *("kakaobot.gc_pause", "kakaobot.openmp", "kakaobot.one_look"),
        "kakaobot.asgi",
    ),
    ("kakaobot.language",),
    # Only the version.
    ("kakaobot",),
)
"""Imports point from a row to a lower one; siblings in a row do not import each other."""

HEAVY = {"torch", "transformers", "peft", "accelerate"}
MAY_LOAD_HEAVY = {
    "kakaobot.train.job",
    "kakaobot.train.callback",
    "kakaobot.train.sync_callback",
    "kakaobot.train.adapter",
    "kakaobot.train.eval_generation",
    "kakaobot.train.loss",
    "kakaobot.train.resume",
    "kakaobot.train.refine_job",
    "kakaobot.train.refine_trainer",
    "kakaobot.train.distributed",
    "kakaobot.train.fsdp",
    "kakaobot.train.trainer",
    "kakaobot.base.loading",
    "kakaobot.chat.adapter",
    "kakaobot.chat.decoding",
    "kakaobot.chat.engine",
    "kakaobot.chat.interrupt",
    "kakaobot.chat.kv_cache",
    "kakaobot.starter.build",
}
FILE_OWNERS = {
    "kakaobot.runs": frozenset(
        {
            *("config.yaml", "worker.json", "worker.log", "worker.lock", "worker.reserve"),
            *("status.json", "metrics.jsonl", "STOP", "cues.json", "samples.jsonl"),
            *("adapter_best", "adapter_latest", "adapter_config.json", "adapter_model.safetensors"),
            *("complete.json", "trainer_state.json", "turn_taking.json", "scales.json"),
            *("adapter_start", "refine.json", "audit.json", "quiz.jsonl"),
        }
    ),
    "kakaobot.dataset.artifacts": frozenset(
        {
            *("train.jsonl", "val.jsonl", "stats.json", "preview.json", "report.html"),
            *("turns.json", "canaries.json", "likeness.json"),
        }
    ),
    "kakaobot.chat.store_file": frozenset(("chats.sqlite3",)),
    "kakaobot.dataset.corrections": frozenset(("corrections.jsonl",)),
    "kakaobot.dataset.feedback": frozenset(("feedback.db",)),
    "kakaobot.exports": frozenset(("manifest.json", "people.json", "rooms.json")),
}
"""Package or module → the file names that only it contains."""
MAY_CATCH_ALL = {
    "ui.errors": 2,
    "kakaobot.train.worker": 1,
    "kakaobot.chat.reply_thread": 1,
    "kakaobot.base.hub": 1,
    "kakaobot.serve.application": 1,
    "kakaobot.serve.completions": 1,
    "kakaobot.foreign_template": 1,
}
"""Module → number of catch-all handlers: handlers and streams of the window, answers and streams
of the API, the worker's main function, the thread of a reply, which passes its error to the
caller, and what libraries raise over a damaged model (tokenizers raises bare exceptions) or its
template."""


@functools.cache
def sources() -> dict[str, ast.Module]:
    """Dotted name → module of the app."""
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
    matches = [cell for cell in cells if module == cell or module.startswith(cell + ".")]
    return matches[0] if matches else "kakaobot" if module == "kakaobot" else None


def row_of(cell: str) -> int:
    return next(index for index, row in enumerate(ROWS) if cell in row)


def imports(node: ast.AST) -> Iterator[str]:
    """Dotted names that one statement may import; `from a import b` gives both a and a.b."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = "." * node.level + (node.module or "")
        yield base
        yield from (f"{base}.{alias.name}" for alias in node.names)


def upward_imports(modules: Mapping[str, ast.Module]) -> list[str]:
    """Imports that do not point strictly down, and modules that are in no row."""
    violations = []
    for name, tree in modules.items():
        cell = cell_of(name)
        if cell is None:
            violations.append(f"{name} is in no row")
            continue
        for target in {target for node in ast.walk(tree) for target in imports(node)}:
            if target.startswith("."):
                violations.append(f"{name} imports {target} by a relative name")
            other = cell_of(target)
            if other and other != cell and row_of(other) <= row_of(cell):
                violations.append(f"{name} imports {target}")
    return sorted(violations)


def import_cycle(modules: Mapping[str, ast.Module]) -> list[str]:
    """Modules of one import cycle, deferred imports included; empty if there is none."""
    graph = {name: dependencies(name, tree, modules) for name, tree in modules.items()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def dependencies(name: str, tree: ast.Module, modules: Mapping[str, ast.Module]) -> set[str]:
    """Modules imported by a module. A package counts only where its own names are imported."""
    targets: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            targets |= names & modules.keys()
            targets |= {node.module} if names - modules.keys() else set()
        else:
            targets |= set(imports(node))
    return (targets & modules.keys()) - {name}


def file_names(modules: Mapping[str, ast.Module], names: frozenset[str]) -> dict[str, set[str]]:
    """Module → those of `names` that it contains as a string literal."""
    literals = {
        module: {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        for module, tree in modules.items()
    }
    return {module: used & names for module, used in literals.items() if used & names}


def duplicate_classes(modules: Mapping[str, ast.Module]) -> list[str]:
    """Class names, private ones included, that are defined more than once."""
    names = Counter(
        node.name
        for tree in modules.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    )
    return sorted(name for name, count in names.items() if count > 1)


def top_level_imports(tree: ast.Module) -> Iterator[str]:
    """Top-level packages loaded with a module; functions and TYPE_CHECKING blocks are skipped."""
    queue: list[ast.AST] = list(tree.body)
    while queue:
        node = queue.pop()
        yield from (name.split(".")[0] for name in imports(node))
        for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if not for_types and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            queue.extend(ast.iter_child_nodes(node))


def catch_all_handlers(tree: ast.Module) -> int:
    """Number of handlers that catch every error and do not raise it again."""
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    return sum(_catches_all(handler) and not _reraises(handler) for handler in handlers)


def _catches_all(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or ast.unparse(kind) in ("Exception", "BaseException") for kind in kinds
    )


def _reraises(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


# --- the real files


def json_parsers(modules: Mapping[str, ast.Module]) -> set[str]:
    """Modules that call `json.load` or `json.loads` themselves."""
    return {
        name
        for name, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("json.load", "json.loads")
    }


def test_json_is_parsed_in_one_place() -> None:
    # And in scripts/ and the table of texts, before anything is installed.
    assert json_parsers(sources()) == {"kakaobot.atomic_io", "kakaobot.language"}
    assert json_parsers(parse({"a": "import json\njson.loads('1')", "b": "json.dumps(1)"})) == {"a"}


def test_the_modules_of_the_app_are_found() -> None:
    assert {"launch", "kakaobot", "kakaobot.errors", "ui.app", "kakaobot.cli"} <= set(sources())


def test_every_listed_module_exists() -> None:
    assert set(sources()) >= MAY_LOAD_HEAVY | set(MAY_CATCH_ALL)


def test_imports_point_strictly_down() -> None:
    assert upward_imports(sources()) == []


def test_there_is_no_import_cycle() -> None:
    assert import_cycle(sources()) == []


def test_every_class_name_is_unique() -> None:
    assert duplicate_classes(sources()) == []


@pytest.mark.parametrize("owner", FILE_OWNERS)
def test_only_its_owner_contains_a_file_name(owner: str) -> None:
    containing = file_names(sources(), FILE_OWNERS[owner])
    assert {name for name in containing if not f"{name}.".startswith(f"{owner}.")} == set()
    assert containing


def test_only_the_window_imports_gradio() -> None:
    importing = {
        name
        for name, tree in sources().items()
        for node in ast.walk(tree)
        for target in imports(node)
        if target.split(".")[0] == "gradio"
    }
    assert [name for name in importing if name.split(".")[0] != "ui"] == []


def test_only_the_listed_modules_load_torch() -> None:
    loading = {name for name, tree in sources().items() if HEAVY & set(top_level_imports(tree))}
    assert loading - MAY_LOAD_HEAVY == set()


def test_only_the_listed_modules_catch_all_errors() -> None:
    counts = {name: catch_all_handlers(tree) for name, tree in sources().items()}
    over = {name: n for name, n in counts.items() if n > MAY_CATCH_ALL.get(name, 0)}
    assert over == {}


@pytest.mark.parametrize("module", ["ui.app", "kakaobot.cli"])
def test_window_and_cli_start_without_torch(module: str) -> None:
    program = f"import sys, {module}; print([m for m in {sorted(HEAVY)} if m in sys.modules])"
    completed = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (completed.stdout.strip(), completed.returncode) == ("[]", 0), completed.stderr


# --- the rules themselves


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("kakaobot.runs", "from kakaobot.app import training"),
        ("kakaobot.runs", "from kakaobot import train"),
        ("kakaobot.train.launcher", "import kakaobot.chat.engine"),
        ("kakaobot.config", "from kakaobot.schema import Message"),
        ("kakaobot.app.chat", "def f():\n    from ui import text"),
        ("kakaobot.exports.reader", "from . import formats"),
        ("kakaobot.utils", "x = 1"),
        ("kakaobot", "from kakaobot.errors import KakaobotError"),
    ],
)
def test_an_upward_import_is_reported(name: str, text: str) -> None:
    assert len(upward_imports(parse({name: text}))) >= 1


def test_downward_imports_are_accepted() -> None:
    good = {
        "launch": "from ui.app import run\nfrom scripts.environment import environment",
        "ui.app": "import gradio\nfrom ui import text\nfrom kakaobot import __version__",
        "kakaobot.train.worker": "from kakaobot.train import job\nfrom kakaobot import base",
        "kakaobot.runs": "from kakaobot.config import Settings\nimport torch.nn",
    }
    assert upward_imports(parse(good)) == []


@pytest.mark.parametrize(
    ("texts", "cycle"),
    [
        ({"p.a": "from p.b import f", "p.b": "from p.a import g"}, {"p.a", "p.b"}),
        ({"p.a": "from p import b", "p.b": "def f():\n    import p.a"}, {"p.a", "p.b"}),
        ({"p": "from p.a import f", "p.a": "from p import f"}, {"p", "p.a"}),
        ({"p": "from p.a import f", "p.a": "from p import b", "p.b": "import os"}, set()),
        ({"p.a": "from p.b import f", "p.b": "from p.c import f", "p.c": ""}, set()),
    ],
)
def test_an_import_cycle_is_reported(texts: dict[str, str], cycle: set[str]) -> None:
    assert set(import_cycle(parse(texts))) == cycle


def test_a_file_name_is_reported() -> None:
    modules = parse(
        {"a": "f = 'status.json'", "b": "def f():\n    return x / 'STOP'", "c": "STOP = 1"}
    )
    names = frozenset(("status.json", "STOP"))
    assert file_names(modules, names) == {"a": {"status.json"}, "b": {"STOP"}}


def test_a_duplicate_class_name_is_reported() -> None:
    modules = parse({"a": "class _Known: pass", "b": "def f():\n    class _Known: pass", "c": ""})
    assert duplicate_classes(modules) == ["_Known"]


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
def test_a_top_level_import_is_reported(text: str, loads: bool) -> None:
    assert bool(HEAVY & set(top_level_imports(ast.parse(text)))) is loads


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
def test_a_catch_all_handler_is_reported(handler: str, count: int) -> None:
    assert catch_all_handlers(ast.parse(f"try:\n    f()\n{handler}")) == count
