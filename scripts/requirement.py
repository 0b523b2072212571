"""Parser for our requirement files: `-r`, `name>=1,<2` and simple markers.

`packaging` is not available before the first installation.
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
MARKER_VALUES: Mapping[str, str] = {
    "python_version": "{}.{}".format(*sys.version_info),
    "sys_platform": sys.platform,
    "platform_machine": platform.machine(),
}
"""Supported marker variables and their values on this machine."""


class Requirement(NamedTuple):
    name: str
    bounds: Sequence[tuple[str, str]]
    """Operators and versions, such as ('>=', '6.31')."""

    def is_met_by(self, version: str) -> bool:
        installed = version_tuple(version)
        return all(COMPARE[sign](installed, version_tuple(bound)) for sign, bound in self.bounds)

    def __str__(self) -> str:
        return self.name + ",".join(sign + bound for sign, bound in self.bounds)


def files_of(path: Path) -> Iterator[Path]:
    """The files `path` includes with `-r`, recursively, and `path` itself last."""
    for line in _lines(path):
        if line.startswith("-r "):
            yield from files_of(path.parent / line[3:].strip())
    yield path


def read_requirements(path: Path, values: Mapping[str, str] = MARKER_VALUES) -> list[Requirement]:
    """Requirements of `path` and its included files for the marker values of a machine.

    Raises:
        ValueError: unsupported syntax.
    """
    lines = [line for file in files_of(path) for line in _lines(file)]
    parts = [line.partition(";") for line in lines if not line.startswith("-r ")]
    return [_parse(line) for line, _, marker in parts if applies(marker, values)]


def applies(marker: str, values: Mapping[str, str] = MARKER_VALUES) -> bool:
    """Whether a marker is true; an empty one is. `and` takes precedence over `or`."""
    groups = [group.split(" and ") for group in marker.split(" or ")]
    return not marker.strip() or any(all(_is_true(term, values) for term in g) for g in groups)


def missing(
    requirements: Sequence[Requirement], version_of: Callable[[str], str | None] | None = None
) -> list[Requirement]:
    """Those that are not, partially, or in another version installed."""
    version_of = version_of or _installed_version
    versions = [(item, version_of(item.name)) for item in requirements]
    return [item for item, version in versions if not (version and item.is_met_by(version))]


def version_tuple(version: str) -> tuple[int, ...]:
    """`2.13.0+cu130` → (2, 13): local versions and trailing zeros do not matter."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    parts = [int(part) for part in match.group().split(".")] if match else []
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)


def _installed_version(name: str) -> str | None:
    # Imported here: a start with a valid stamp does not need it, and it is slow to import.
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
    match = re.fullmatch(rf"([\w.-]+)\s*((?:(?:{OPERATOR})[^,;]+,?)*)", line.strip())
    if not match:
        raise ValueError(f"unknown requirement: {line}")
    bounds = re.findall(rf"({OPERATOR})\s*([^,\s]+)", match.group(2))
    return Requirement(match.group(1), tuple(bounds))


def _is_true(term: str, values: Mapping[str, str]) -> bool:
    match = re.fullmatch(rf"\s*(\w+)\s*({OPERATOR})\s*[\"']([^\"']*)[\"']\s*", term)
    if not match or match.group(1) not in values:
        raise ValueError(f"unknown marker: {term}")
    name, sign, value = match.groups()
    if name == "python_version":
        return COMPARE[sign](version_tuple(values[name]), version_tuple(value))
    return COMPARE[sign](values[name], value)
