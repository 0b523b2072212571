"""Losses and style distances of a run: one JSON line per point, append-only."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from kakaobot.atomic_io import parse_json


@dataclass(frozen=True)
class Point:
    step: int
    kind: str
    """`loss`, `eval_loss`, `voice` (a style distance) or `resume`.

    A resume invalidates earlier points of later steps.
    """
    value: float
    at: float
    """Unix time."""


def append_points(file: Path, points: Sequence[Point]) -> None:
    """Append one line per point."""
    lines = "".join(json.dumps(asdict(point)) + "\n" for point in points)
    # A killed worker may have left half a line, which must not swallow this one.
    lines = "\n" + lines if points[0].kind == "resume" else lines
    with file.open("a", encoding="utf-8") as stream:
        stream.write(lines)


def read_points(file: Path) -> list[Point]:
    """Valid points in order of step; a line still being written is skipped."""
    points: dict[tuple[str, int], Point] = {}
    for point in _parse(file):
        if point.kind == "resume":
            points = {key: value for key, value in points.items() if value.step <= point.step}
        else:
            points[point.kind, point.step] = point
    return sorted(points.values(), key=lambda point: point.step)


def _parse(file: Path) -> Iterator[Point]:
    if not file.exists():
        return
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True):
        if line.endswith("\n"):
            # A power cut can leave a line of zeros among valid ones.
            with contextlib.suppress(ValueError, TypeError):
                raw = parse_json(line)
                yield Point(int(raw["step"]), str(raw["kind"]), float(raw["value"]), raw["at"])
