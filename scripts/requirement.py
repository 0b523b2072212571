"""Requirement files, as far as ours go: `-r`, `name>=1,<2` and simple markers.

Before the first installation there is no `packaging` to ask.
"""

from __future__ import annotations

import operator
import platform
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    "<": operator.lt,
    ">": operator.gt,
}
OPERATOR = "|".join(COMPARE)
HERE: Mapping[str, str] = {
    "python_version": "{}.{}".format(*sys.version_info),
    "sys_platform": sys.platform,
    "platform_machine": platform.machine(),
}
"""What a marker may ask, and the answer on this machine."""


class Requirement(NamedTuple):
    name: str
    bounds: Sequence[tuple[str, str]]
    """Operator and version, as ('>=', '6.31')."""

    def is_met_by(self, version: str) -> bool:
        return all(COMPARE[sign](numbers(version), numbers(bound)) for sign, bound in self.bounds)

    def __str__(self) -> str:
        return self.name + ",".join(sign + bound for sign, bound in self.bounds)


def files_of(path: Path) -> Iterator[Path]:
    """`path` and every file that it names with `-r`, itself last."""
    for line in _lines(path):
        if line.startswith("-r "):
            yield from files_of(path.parent / line[3:].strip())
    yield path


def read_requirements(path: Path, here: Mapping[str, str] = HERE) -> list[Requirement]:
    """What `path` and the files that it names ask of a machine where markers read `here`.

    Raises:
        ValueError: a line is of a form that this reader does not know.
    """
    lines = [line for file in files_of(path) for line in _lines(file)]
    asked = [line.partition(";") for line in lines if not line.startswith("-r ")]
    return [_parse(line) for line, _, marker in asked if applies(marker, here)]


def applies(marker: str, here: Mapping[str, str] = HERE) -> bool:
    """Whether a marker holds; the empty one always does. `and` binds closer than `or`."""
    ways = [way.split(" and ") for way in marker.split(" or ")]
    return not marker.strip() or any(all(_holds(term, here) for term in way) for way in ways)


def missing(
    requirements: Sequence[Requirement], version_of: Callable[[str], str | None] | None = None
) -> list[Requirement]:
    """Those that are not installed, half installed, or installed in another version."""
    ask = version_of or _installed_version
    found = [(wanted, ask(wanted.name)) for wanted in requirements]
    return [wanted for wanted, version in found if not (version and wanted.is_met_by(version))]


def numbers(version: str) -> tuple[int, ...]:
    """`2.13.0+cu130` → (2, 13): a local part decides nothing, and 2.13 is 2.13.0."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    parts = [int(part) for part in found.group().split(".")] if found else []
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)


def _installed_version(name: str) -> str | None:
    # A start with a good stamp asks no package, and this costs as much as all the rest of it.
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    return [line for line in lines if line]


def _parse(line: str) -> Requirement:
    found = re.fullmatch(rf"([\w.-]+)\s*((?:(?:{OPERATOR})[^,;]+,?)*)", line.strip())
    if not found:
        raise ValueError(f"unknown requirement: {line}")
    bounds = re.findall(rf"({OPERATOR})\s*([^,\s]+)", found.group(2))
    return Requirement(found.group(1), tuple(bounds))


def _holds(term: str, here: Mapping[str, str]) -> bool:
    found = re.fullmatch(rf"\s*(\w+)\s*({OPERATOR})\s*[\"']([^\"']*)[\"']\s*", term)
    if not found or found.group(1) not in here:
        raise ValueError(f"unknown marker: {term}")
    name, sign, wanted = found.groups()
    if name == "python_version":
        return COMPARE[sign](numbers(here[name]), numbers(wanted))
    return COMPARE[sign](here[name], wanted)
