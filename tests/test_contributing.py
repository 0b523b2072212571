"""CONTRIBUTING.md names files and classes that exist."""

import re

import pytest

from kakaobot.config import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
QUOTED = sorted(set(re.findall(r"`([^`\n]+)`", TEXT)))
PATHS = [name for name in QUOTED if re.fullmatch(r"[\w.]+(/[\w.]+)+/?|[\w]+\.py", name)]
"""Such as `runs/run.py`, `app/auth` and `tests/patience.py`."""
CLASSES = [name for name in QUOTED if re.fullmatch(r"[A-Z][a-z]+[A-Za-z]*(\.\w+)?", name)]
NOT_IN_THE_REPOSITORY = {"seeds/found/"}


@pytest.mark.parametrize("path", [path for path in PATHS if path not in NOT_IN_THE_REPOSITORY])
def test_a_path_exists(path):
    if path.startswith(("data/", ".venv/")):
        return
    places = [ROOT / path, ROOT / "kakaobot" / path, ROOT / "ui" / path]
    places += [place.with_name(f"{place.name}.py") for place in places]
    assert any(place.exists() for place in places)


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_exists(name):
    owner, _, attribute = name.partition(".")
    files = [file for package in ("kakaobot", "ui") for file in (ROOT / package).rglob("*.py")]
    sources = [file.read_text(encoding="utf-8") for file in files]
    owners = [source for source in sources if re.search(rf"^class {owner}\b", source, re.M)]
    assert owners
    assert not attribute or any(re.search(rf"def {attribute}\b", source) for source in owners)


def test_paths_and_classes_are_found():
    assert {"runs/run.py", "app/auth"} <= set(PATHS)
    assert CLASSES
