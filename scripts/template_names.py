"""Print the attributes that Jinja2 templates read as Python expressions, for vulture.

python scripts/template_names.py > names.py && vulture kakaobot ui names.py
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, nodes

ROOT = Path(__file__).resolve().parent.parent


def attributes(root: Path = ROOT) -> Iterator[str]:
    """Every attribute name read in a template below `root`, repeated as often as it is read."""
    environment = Environment(autoescape=True)
    for folder in ("kakaobot", "ui"):
        for file in sorted((root / folder).rglob("*.jinja")):
            if "model" in file.parts:
                continue
            tree = environment.parse(file.read_text(encoding="utf-8"))
            yield from (node.attr for node in tree.find_all(nodes.Getattr))


if __name__ == "__main__":
    sys.stdout.writelines(f"_.{name}\n" for name in sorted(set(attributes())))
