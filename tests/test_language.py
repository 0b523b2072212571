"""Every text has an English one, and an English program shows no Korean."""

from __future__ import annotations

import ast
import os
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kakaobot.language import chosen_language
from scripts.translations import KOREAN, ROOT, marked, sources, table, texts

ABOUT_KOREAN = (
    # How exports are written, what people say in them, and how models are asked about it.
    *(
        f"kakaobot/exports/{name}.py"
        for name in (
            *("captions", "formats", "messages", "notice_lines", "notices", "participants"),
            *("room_names", "sections", "system_text", "timestamps"),
        )
    ),
    *(
        f"kakaobot/dataset/{name}.py"
        for name in (
            *("backchannels", "boilerplate", "build_report", "canaries", "name_replacement"),
            *("privacy", "pseudonyms", "turn_taking"),
        )
    ),
    *("kakaobot/dataset/pii/", "kakaobot/starter/", "kakaobot/audit/leaks.py"),
    "kakaobot/chat/lines.py",
    # Stored labels of classes, which `scripts/translations.py` reads from their tables.
    *(
        f"kakaobot/style/{name}.py"
        for name in ("distance", "features", "profile", "sentence_endings", "tokens")
    ),
    # Defaults and descriptions, read from the declarations.
    "kakaobot/settings.py",
    # Made for Korean readers only: the sample room, and the tables of the README.
    *("scripts/make_sample.py", "scripts/settings_table.py", "scripts/bases_table.py"),
)
"""Modules whose Korean is data."""
SPOKEN_IN_BOTH = {
    "kakaobot/exports/rejection.py": "how exports of other messengers are written",
    "kakaobot/app/consent.py": "an earlier wording",
    "kakaobot/runs/exit_reason.py": "a label in messages that were written in either language",
    "kakaobot/app/refining.py": "a suffix of names in either language",
    "kakaobot/style/describe.py": "keys of a profile",
    "ui/gradio_text.py": "what a Korean toast is recognized by",
    "ui/window_text.py": "what is said about a language is said in it",
    "kakaobot/cli/terminal_chat.py": "commands, which have English names as well",
    "kakaobot/cli/quiz.py": "a command",
    "kakaobot/cli/console.py": "answers",
    "kakaobot/chat_format.py": "what a template is tried with",
    "kakaobot/dataset/filter_report.py": "keys of a profile",
    "kakaobot/dataset/filters.py": "what a link is written as",
}
"""Other modules with Korean literals that are no texts."""
_MENU = re.compile(r"\([^()]*\)")


def bare(tree: ast.AST) -> Iterator[str]:
    """Korean literals which are neither texts, docstrings nor regular expressions."""
    marked = {node for call in _calls(tree) for node in ast.walk(call)}
    docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = {node for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    for node in constants - marked - docstrings:
        if isinstance(node.value, str) and KOREAN.search(node.value):
            yield node.value


def _calls(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in ("tr", "deferred"):
                yield from node.args
            elif name.startswith("re."):
                yield node


def placeholders(text: str) -> set[tuple[str | None, str | None, str | None]]:
    return {(name, spec, kind) for _, name, spec, kind in string.Formatter().parse(text) if name}


def english(*argv: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *argv],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "KAKAOBOT_LANGUAGE": "en", "PYTHONUTF8": "1", **environ},
        cwd=ROOT,
        check=False,
    )


def test_every_text_has_an_english_one_and_none_is_left_over() -> None:
    assert texts() == set(table())


def test_an_english_text_fits_where_the_korean_one_stands() -> None:
    wrong = {
        korean: english
        for korean, english in table().items()
        if not english.strip()
        or KOREAN.search(_MENU.sub("", english))
        or len(korean) - len(korean.lstrip()) != len(english) - len(english.lstrip())
        or len(korean) - len(korean.rstrip()) != len(english) - len(english.rstrip())
        or placeholders(korean) != placeholders(english)
    }
    assert wrong == {}


def test_every_korean_literal_that_a_user_reads_is_a_text() -> None:
    found = {}
    for file in sources():
        name = file.relative_to(ROOT).as_posix()
        if not name.startswith(ABOUT_KOREAN) and name not in SPOKEN_IN_BOTH:
            found[name] = list(bare(ast.parse(file.read_text(encoding="utf-8"))))
    assert {name: texts for name, texts in found.items() if texts} == {}


def test_a_bare_literal_is_noticed() -> None:
    tree = ast.parse('"""설명"""\nprint(f"{n}개", tr("하나"))\nre.compile("둘")\ndef f(): "셋"')
    assert (list(bare(tree)), list(marked(tree))) == (["개"], ["하나"])


@pytest.mark.parametrize(
    ("settings", "variable", "language"),
    [
        ("", "", "ko"),
        ("window:\n  language: en\n", "", "en"),
        ("data:\n  room: x\r\n# 창\r\nwindow:\r\n  # 언어\r\n\r\n  language: 'en'\r\n", "", "en"),
        ("\ufeffwindow:\n  language: en\n", "ko", "ko"),
        ("window:\n  language: ko\n", "en", "en"),
        ("other:\n  language: en\n", "", "ko"),
        ("window:\n  language: fr\n", "xx", "ko"),
        ("window: {language: [\n", "", "ko"),
        ("window: {language: en}\n", "", "en"),
        ("data: {}\nwindow:  # 창\n  language: en\n", "", "en"),
        # What a careless pattern takes hours for.
        ("window:\n" + "    # 비움\n" * 5000 + "  other: en\n", "", "ko"),
        ("window:\n" + "        \n" * 5000 + "other:\n", "", "ko"),
    ],
)
def test_the_variable_decides_before_the_setting(
    settings: str, variable: str, language: str, tmp_path: Path
) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "sft.yaml").write_text(settings, encoding="utf-8", newline="")
    environ = {"KAKAOBOT_HOME": str(tmp_path), "KAKAOBOT_LANGUAGE": variable}
    assert chosen_language(environ) == language
    assert chosen_language({"KAKAOBOT_HOME": str(tmp_path / "없음")}) == "ko"


HELP = """
import contextlib
from kakaobot.cli.commands import COMMAND_MODULES
from kakaobot.cli.main import main
for command in ("", *COMMAND_MODULES):
    with contextlib.suppress(SystemExit):
        main([*filter(None, [command]), "--help"])
"""


def test_english_help_has_no_korean(tmp_path: Path) -> None:
    shown = english("-c", HELP, KAKAOBOT_HOME=str(tmp_path))
    assert shown.stdout.count("usage: ") > 15, shown.stderr
    assert not KOREAN.search(shown.stdout + shown.stderr)
    launcher = english("launch.py", "--help")
    assert "Usage:" in launcher.stdout
    assert not KOREAN.search(launcher.stdout)


def test_an_english_program_refuses_in_english(tmp_path: Path) -> None:
    refused = english("-m", "kakaobot", "train", KAKAOBOT_HOME=str(tmp_path))
    assert refused.returncode == 1
    assert not KOREAN.search(refused.stdout + refused.stderr)
    settings = (tmp_path / "configs" / "sft.yaml").read_text(encoding="utf-8")
    assert "# Random seed" in settings
