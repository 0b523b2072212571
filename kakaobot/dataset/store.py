"""The files of `data/sft`: rows, stats.json, preview.json, report.html. Knows their layout."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kakaobot.files import patiently

TRAIN, VAL, STATS, PREVIEW = "train.jsonl", "val.jsonl", "stats.json", "preview.json"
PAGE = "report.html"


def fingerprint(*parts: str) -> str:
    """Identifies what a run learns from: 16 hex digits."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Replace the files of the folder; all drafts are written before the first is put in place."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.new").write_text(text, encoding="utf-8", newline="\n")
    for name in files:
        draft = folder / f"{name}.new"
        patiently(functools.partial(draft.replace, folder / name))


def read_json(folder: Path, name: str) -> Any:
    """A JSON file of the folder; None where it is missing or damaged."""
    try:
        return json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
