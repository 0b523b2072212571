"""Losses and style distances of a run: one JSON line per point, append-only."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from kakaobot.atomic_io import parse_json

_MAX_KINDS = 8
"""More points than that have no step in common."""


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


@dataclass(frozen=True)
class ReadPoints:
    """Points of a file, and how much of it they were read from."""

    points: tuple[Point, ...] = ()
    inode: int = 0
    size: int = 0
    """Bytes of whole lines."""


def read_points(file: Path) -> list[Point]:
    """Valid points in order of step; a line still being written is skipped."""
    return list(read_more_points(file, ReadPoints()).points)


def read_more_points(file: Path, known: ReadPoints) -> ReadPoints:
    """As `read_points`; of a file that has grown, only what is new is read."""
    try:
        with file.open("rb") as stream:
            status = os.fstat(stream.fileno())
            has_grown = status.st_ino == known.inode and status.st_size >= known.size
            known = known if has_grown else ReadPoints(inode=status.st_ino)
            stream.seek(known.size)
            raw = stream.read()
    except FileNotFoundError:
        return ReadPoints()
    raw = raw[: raw.rfind(b"\n") + 1]
    added = list(_parse(raw.decode(errors="replace")))
    if known.points and not _continue(known.points, added):
        return read_more_points(file, ReadPoints())
    points = known.points + tuple(_merge(added))
    return ReadPoints(points, known.inode, known.size + len(raw))


def _continue(points: Sequence[Point], added: Sequence[Point]) -> bool:
    """Whether points only follow others, and neither replace nor invalidate any."""
    last = points[-1].step
    taken = {point.kind for point in points[-_MAX_KINDS:] if point.step == last}
    return all(
        point.kind != "resume"
        and (point.step > last or (point.step == last and point.kind not in taken))
        for point in added
    )


def _merge(points: Iterable[Point]) -> list[Point]:
    """The points that are valid at the end, in order of step."""
    merged: dict[tuple[str, int], Point] = {}
    for point in points:
        if point.kind == "resume":
            merged = {key: value for key, value in merged.items() if value.step <= point.step}
        else:
            merged[point.kind, point.step] = point
    return sorted(merged.values(), key=lambda point: point.step)


def _parse(text: str) -> Iterator[Point]:
    for line in text.splitlines():
        # A power cut can leave a line of zeros among valid ones.
        with contextlib.suppress(ValueError, TypeError, KeyError):
            raw = parse_json(line)
            yield Point(int(raw["step"]), str(raw["kind"]), float(raw["value"]), raw["at"])
