"""Points of a growing file are read once."""

from __future__ import annotations

import random
from pathlib import Path

from kakaobot.runs.metrics import (
    Point,
    ReadPoints,
    append_points,
    read_more_points,
    read_points,
)


def test_reading_on_gives_what_reading_anew_gives(tmp_path: Path) -> None:
    """Also after a resume, a step that is logged again, half a line, and a replaced file."""
    file, rng = tmp_path / "metrics.jsonl", random.Random(3)
    read, step = ReadPoints(), 0
    for number in range(300):
        draw = rng.random()
        step = max(0, step - 5) if draw < 0.1 else step + (draw < 0.9)
        kind = "resume" if draw < 0.1 else rng.choice(("loss", "eval_loss", "voice"))
        append_points(file, [Point(step, kind, float(number), 0.0)])
        if rng.random() < 0.1:
            with file.open("a") as stream:
                stream.write('{"step": 1, "ki')
        if rng.random() < 0.02:
            file.unlink()
            append_points(file, [Point(1, "loss", float(number), 0.0)])
        if rng.random() < 0.6:
            read = read_more_points(file, read)
            assert list(read.points) == read_points(file)


def test_only_what_was_added_is_read(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    append_points(file, [Point(step, "loss", 2.0, 0.0) for step in range(1000)])
    read = read_more_points(file, ReadPoints())
    with file.open("r+b") as stream:
        stream.write(b"0" * 100)
    append_points(file, [Point(1000, "loss", 2.0, 0.0)])
    assert len(read_points(file)) < 1001
    assert len(read_more_points(file, read).points) == 1001
