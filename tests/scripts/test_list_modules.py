"""The module list of CONTRIBUTING.md."""

import subprocess
import sys

from kakaobot.config import ROOT
from scripts.list_modules import modules


def test_every_module_has_a_line():
    listed = dict(modules())
    assert {"kakaobot", "kakaobot.exports", "kakaobot.exports.reader", "ui.tabs.chat"} <= set(
        listed
    )
    assert [name for name, summary in listed.items() if not summary.endswith(".")] == []


def test_the_list_is_printed_package_by_package():
    completed = subprocess.run(
        [sys.executable, "scripts/list_modules.py", "ui"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    names = [line.split()[0] for line in completed.stdout.splitlines()]
    assert names[0] == "ui"
    assert names.index("ui.tabs") < names.index("ui.tabs.chat")
