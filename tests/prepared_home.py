"""A home with the sample room and its data, and commands that are run in it."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path

from kakaobot.cli import main
from kakaobot.cli.console import Console
from kakaobot.config import Home, save
from tests.conftest import QUICK, SAMPLE, write_password

ORGANIZE = ["organize", str(SAMPLE)]


def prepare_home(folder: Path) -> Home:
    """A home with a password, the sample room and its data."""
    home = Home(folder)
    home.settings()
    save(home.settings_file, QUICK)
    write_password(home, "귤")
    assert run_command(home, ORGANIZE)[0] == 0
    assert run_command(home, ["preprocess"])[0] == 0
    return home


def run_command(home: Home, argv: Sequence[str]) -> tuple[int, str]:
    """Exit code, and what is said besides the result and the progress."""
    out, err = io.StringIO(), io.StringIO()
    code = main(argv, home=home, ask=lambda _: "귤", console=Console(out, err, io.StringIO()))
    said = [line for line in err.getvalue().splitlines() if not line.startswith("[")]
    return code, "\n".join(said)


def is_sentence(text: str) -> bool:
    """Whether it is one line of Korean that ends, and no traceback."""
    return bool(re.fullmatch(r"[^\n]*[가-힣][^\n]*[.)]", text)) and "Traceback" not in text
