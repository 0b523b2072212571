"""List the texts that a user reads, and compare them with the English table.

`python -m scripts.translations` prints the texts without English as JSON. Filled in and passed as
`python -m scripts.translations FILE`, they are added to `kakaobot/locale/en.json`, and what no code
shows any more is dropped.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment, nodes

from kakaobot.dataset.pii.spans import ENTITY_TYPES
from kakaobot.language import TABLE
from kakaobot.setting_fields import setting_groups
from kakaobot.settings import CHOICES
from kakaobot.style.distance import DIVERSITY_FEATURES
from kakaobot.style.features import FEATURES, UNITS

ROOT = Path(__file__).resolve().parent.parent
KOREAN = re.compile("[가-힣]")
_MARKS = ("tr", "deferred")
"""Functions whose argument is a text."""


def texts(root: Path = ROOT) -> set[str]:
    """Every text that code, templates and settings show, as written in Korean."""
    found = {text for file in sources(root) for text in marked(ast.parse(_read(file)))}
    for file in _templates(root):
        found.update(_template_texts(_read(file)))
    return {
        text for text in found | set(_setting_texts()) | set(_stored_keys()) if KOREAN.search(text)
    }


def sources(root: Path = ROOT) -> list[Path]:
    """The modules that a user runs."""
    folders = [root / name for name in ("kakaobot", "ui", "scripts")]
    return [
        root / "launch.py",
        *sorted(file for folder in folders for file in folder.rglob("*.py")),
    ]


def marked(tree: ast.AST) -> Iterator[str]:
    """The constant arguments of `tr` and `deferred`."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in _MARKS
        ):
            yield from (
                arg.value
                for arg in node.args
                if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
            )


def table() -> dict[str, str]:
    """Korean → English."""
    content: dict[str, str] = json.loads(_read(TABLE))
    return content


def save(table: dict[str, str]) -> None:
    """Write the table in the order of its Korean texts."""
    TABLE.write_text(
        json.dumps(dict(sorted(table.items())), ensure_ascii=False, indent=1) + "\n",
        encoding="utf-8",
    )


def _template_texts(template: str) -> Iterator[str]:
    for call in Environment(autoescape=True).parse(template).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in _MARKS:
            yield from (arg.value for arg in call.args if isinstance(arg, nodes.Const))


def _setting_texts() -> Iterator[str]:
    for model in setting_groups().values():
        yield model.__doc__ or ""
        for field in model.model_fields.values():
            declared = typing.cast("dict[str, Any]", field.json_schema_extra)
            yield from (field.title or "", field.description or "", *declared[CHOICES].values())


def _stored_keys() -> Iterator[str]:
    """Labels that are kept in files, and shown by `tr` of a variable."""
    yield from ENTITY_TYPES
    yield from UNITS.values()
    yield from (title for title, _ in DIVERSITY_FEATURES.values())
    for name, feature in FEATURES.items():
        yield feature.title
        if name != "ending":
            yield from feature.classes


def _templates(root: Path) -> list[Path]:
    return [file for name in ("kakaobot", "ui") for file in sorted((root / name).rglob("*.jinja"))]


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def main(argv: list[str]) -> int:
    wanted, known = texts(), table()
    for file in argv:
        known.update(json.loads(_read(Path(file))))
        save({korean: english for korean, english in known.items() if korean in wanted})
    missing = dict.fromkeys(sorted(wanted - known.keys()), "")
    sys.stdout.write(json.dumps(missing, ensure_ascii=False, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
