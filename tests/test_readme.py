"""The documents match the program."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from kakaobot import __version__
from kakaobot.config import ROOT
from scripts.settings_table import settings_table
from tests.patience import patience

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"^python -m kakaobot (\w+)", README, re.MULTILINE)))


def test_the_settings_table_matches_the_declaration() -> None:
    table = README.split("<!-- settings -->")[1].split("<!-- /settings -->")[0]
    assert table.strip() == settings_table()


def test_every_linked_file_exists() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_readme_documents_commands() -> None:
    assert len(COMMANDS) >= 9


@pytest.mark.parametrize("command", COMMANDS)
def test_a_documented_command_exists(command: str) -> None:
    completed = subprocess.run(
        [sys.executable, "-m", "kakaobot", command, "--help"],
        cwd=ROOT, capture_output=True, encoding="utf-8", check=False, timeout=patience(),
    )  # fmt: skip
    assert completed.returncode == 0, completed.stderr
    assert re.search("[가-힣]", completed.stdout)


def test_the_newest_changelog_entry_is_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\S+)", text, re.MULTILINE)
    assert newest is not None
    assert newest[1] == __version__
