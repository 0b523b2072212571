"""The documents match the program."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kakaobot import __version__
from kakaobot.app.auth import PasswordGate
from kakaobot.app.feedback import Feedback
from kakaobot.base.known_bases import QWEN35_NOTE
from kakaobot.chat.lines import ChatLine
from kakaobot.config import ROOT, Home, save
from scripts.bases_table import bases_table
from scripts.settings_table import settings_table
from tests.conftest import QUICK, SAMPLE, write_password
from tests.patience import patience

README = (ROOT / "README.md").read_text(encoding="utf-8")
PASSWORD = "바다 거북"
TYPED = {"chat": "안녕\n/끝\n", "quiz": "예\n1\n/끝\n"}
"""What a command asks for."""


def test_the_settings_table_matches_the_declaration() -> None:
    table = README.split("<!-- settings -->")[1].split("<!-- /settings -->")[0]
    assert table.strip() == settings_table()


def test_the_table_of_bases_matches_what_is_known() -> None:
    table = README.split("<!-- bases -->")[1].split("<!-- /bases -->")[0]
    assert table.strip() == bases_table()
    assert QWEN35_NOTE in README


def test_every_linked_file_exists() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.slow
def test_every_documented_command_works_as_printed(tmp_path: Path) -> None:
    """In the order of the README, each in the state that those before it have left."""
    home = Home(tmp_path / "home")
    home.settings()
    save(home.settings_file, {**QUICK, "training.max_steps": 20, "training.eval_steps": 10})
    write_password(home, PASSWORD)
    shutil.copy(SAMPLE, tmp_path / "파일.txt")
    lines = re.findall(r"^python -m kakaobot .*", README, re.MULTILINE)
    commands = dict.fromkeys(tuple(shlex.split(line, comments=True)[1:]) for line in lines)
    for words in commands:
        if words[2] == "refine":
            _correct_a_reply(home)
        if words[2] == "serve":
            # Runs until it is stopped; tests/serve/test_process.py does that.
            continue
        completed = subprocess.run(
            # No terminal to ask on.
            [sys.executable, *words, *(["--yes"] if words[2] == "erase" else [])],
            input=TYPED.get(words[2], ""),
            capture_output=True,
            encoding="utf-8",
            cwd=tmp_path,
            env={
                **os.environ,
                "KAKAOBOT_HOME": str(home.root),
                "PYTHONPATH": str(ROOT),
                "PYTHONUTF8": "1",
                "CHATBOT_ACCESS_PASSWORD": PASSWORD,
            },
            timeout=10 * patience(),
            check=False,
        )
        assert completed.returncode == 0, (words, completed.stderr)
        assert "Traceback" not in completed.stderr, words
    assert len({words[2] for words in commands}) >= 16
    # The last one erases all.
    assert not home.folder("data/raw").exists()


def _correct_a_reply(home: Home) -> None:
    gate = PasswordGate(PASSWORD)
    lines = (ChatLine("", "오늘 뭐 해", True), ChatLine("도담", "밥 먹어", False))
    for text in ("집에 있음", "잠", "게임 할 거임", "그냥 쉼"):
        Feedback(home, gate).add(
            gate.authenticate(PASSWORD), "edit", lines, run="main", wanted=text
        )


def test_the_newest_changelog_entry_is_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\S+)", text, re.MULTILINE)
    assert newest is not None
    assert newest[1] == __version__
