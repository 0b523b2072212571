"""Print every module of the app with the first line of its docstring.

python scripts/list_modules.py [FOLDER …]
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("kakaobot", "ui")


def modules(folders: Iterable[str] = FOLDERS, root: Path = ROOT) -> Iterator[tuple[str, str]]:
    """Dotted name and first docstring line of each module, packages before their modules."""
    for folder in folders:
        for file in sorted((root / folder).rglob("*.py"), key=_package_first):
            parts = file.relative_to(root).with_suffix("").parts
            docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
            yield ".".join(part for part in parts if part != "__init__"), docstring.split("\n")[0]


def main(folders: list[str]) -> None:
    """Print one line per module."""
    listed = list(modules(folders or FOLDERS))
    width = max(len(name) for name, _ in listed)
    for name, summary in listed:
        sys.stdout.write(f"{name:{width}}  {summary}\n")


def _package_first(file: Path) -> tuple[Path, bool, str]:
    return file.parent, file.name != "__init__.py", file.name


if __name__ == "__main__":
    main(sys.argv[1:])
