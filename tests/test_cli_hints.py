"""Every command that the program prints works as printed."""

from __future__ import annotations

import ast
import io
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kakaobot.app.participants import Participants
from kakaobot.cli import main
from kakaobot.cli.commands import COMMAND_MODULES, build_parser
from kakaobot.cli.console import Console
from kakaobot.cli.hints import PROGRAM, _quote_for_windows, command_hint
from kakaobot.config import Home
from tests.exports.rooms import csv_table
from tests.exports.test_room_groups import sent

ROOT = Path(__file__).resolve().parents[1]
HEAD = "{} 님과 카카오톡 대화\n저장한 날짜 : 2026년 10월 4일 오후 1:03\n\n"
ROW = "2026년 9월 14일 오후 4:1{}, {} : {}\n"

NAMES = [
    "바다",
    "우리 바다",
    "-바다",
    "--same",
    "- 바다",
    "바다🐳",
    "$HOME",
    "`바다`",
    "'바다' \"구름\"",
    "바다;구름 & 별|해",
    "!바다 #1 %PATH%",
    "*?[바다]",
    "~바다",
    "=바다",
    "(바다)",
    "바\\다",
    "@바다, 구름",
]

Cli = Callable[..., tuple[int, str]]


@pytest.fixture
def cli(home: Home) -> Cli:
    def run(*argv: str) -> tuple[int, str]:
        out, err = io.StringIO(), io.StringIO()
        code = main(argv, home=home, console=Console(out, err, io.StringIO()))
        return code, out.getvalue() if code == 0 else err.getvalue()

    return run


def chat(room: str, *messages: tuple[str, str]) -> str:
    rows = (ROW.format(n, sender, text) for n, (sender, text) in enumerate(messages))
    return HEAD.format(room) + "".join(rows)


def organize(cli: Cli, home: Home, **files: str) -> None:
    paths = [home.root / f"{name}.txt" for name in files]
    for path, text in zip(paths, files.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    code, text = cli("organize", *map(str, paths))
    assert code == 0, text


def hints(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip().startswith(PROGRAM)]


def split(hint: str) -> list[str]:
    """The arguments that the program gets from a shell."""
    return shlex.split(hint.removeprefix(PROGRAM))


@pytest.mark.parametrize("name", NAMES)
def test_hints_about_people_work_for_every_name(cli: Cli, home: Home, name: str) -> None:
    """Two rooms have an exporter without a name, and the names need quotes."""
    room = f"{name} 방"
    organize(
        cli,
        home,
        a=chat(room, ("회원님", "별 보러 갈래"), ("가을", "그래 좋아")),
        b=chat(room, (name, "별 보러 갈래"), ("가을", "그래 좋아"), ("가을 ❤️", "오늘"), ("봇", "")),
        c=chat("구름", ("회원님", "점심 먹었어"), ("구름", "아직"), (f"{name} 날씨봇", "맑음")),
    )
    for _ in range(9):
        printed = [hint for hint in hints(cli("people")[1]) if "내이름" not in hint]
        if not printed:
            break
        code, text = cli(*split(printed[0]))
        assert code == 0, (printed[0], text)
    assert not printed
    aliases = {room.room: dict(room.aliases) for room in Participants(home).rooms()}
    assert aliases == {room: {"회원님": name, "가을 ❤️": "가을"}, "구름": {}}
    assert home.settings().data.exclude_people == (f"{name} 날씨봇",)


def test_a_hint_without_a_known_name_works_with_any_name(cli: Cli, home: Home) -> None:
    organize(cli, home, a=chat("가을", ("회원님", "가"), ("가을", "나")))
    (hint,) = hints(cli("people")[1])
    assert "'내이름' 자리에" in cli("people")[1]
    assert cli(*split(hint.replace("내이름", "'우리 바다'")))[0] == 0
    assert dict(Participants(home).rooms()[0].aliases) == {"회원님": "우리 바다"}


def test_hints_tell_rooms_of_one_file_name_apart(cli: Cli, home: Home) -> None:
    for number, people in enumerate((("가을", "바다", "바다 "), ("구름", "바다", "바다🐳"))):
        folder = home.root / str(number)
        folder.mkdir()
        (folder / "chat.csv").write_text(csv_table(sent(people)), encoding="utf-8")
        assert cli("organize", str(folder / "chat.csv"))[0] == 0
    (hint,) = hints(cli("people")[1])
    assert cli(*split(hint))[0] == 0
    assert [dict(room.aliases) for room in Participants(home).rooms()] == [{}, {"바다🐳": "바다"}]
    code, text = cli("people", "--room", "chat", "--same", "물", "바다")
    assert (code, "'chat (바다, 가을)', 'chat (구름, 바다, 바다🐳)'" in text) == (1, True)


def test_a_name_that_cannot_be_printed_is_left_to_the_window(cli: Cli, home: Home) -> None:
    organize(cli, home, a=chat("가을", ("바\u202e다", "가"), ("바\u202e 다", "나")))
    text = cli("people")[1]
    assert hints(text) == []
    assert "창의 '사람 정리'에서 고르세요." in text


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize("name", NAMES)
def test_a_shell_passes_the_words_on(name: str) -> None:
    hint = command_hint("people", ("--room", [name]), ("--same", [name, "회원님"]))
    command = hint.replace(PROGRAM, "printf '%s\\n'", 1)
    printed = subprocess.run(["sh", "-c", command], capture_output=True, check=True, text=True)
    args = build_parser().parse_args(printed.stdout.splitlines())
    assert (args.command, args.room, args.same) == ("people", name, [name, "회원님"])


def test_words_are_quoted_for_windows() -> None:
    assert _quote_for_windows("우리 방") == '"우리 방"'
    assert _quote_for_windows("$HOME") == "'$HOME'"
    assert _quote_for_windows("'가' \"나\" `") == "'''가'' \\\"나\\\" `'"


def printed_commands() -> Iterator[tuple[str, str]]:
    """Commands in the texts of the program, each with the file that prints it."""
    commands = "|".join(COMMAND_MODULES)
    command = rf"(?:python -m kakaobot|launch\.py cli|(?<=\())\s*((?:{commands})(?: --[a-z-]+)*)"
    option = rf"\b((?:{commands})(?: --[a-z-]+)+)"
    for file in [ROOT / "launch.py", *(ROOT / "kakaobot").rglob("*.py"), *(ROOT / "ui").rglob("*")]:
        if file.suffix not in (".py", ".jinja", ".js"):
            continue
        text = file.read_text(encoding="utf-8")
        texts = _strings(text) if file.suffix == ".py" else [text]
        for found in (match for text in texts for match in re.findall(f"{command}|{option}", text)):
            yield file.relative_to(ROOT).as_posix(), found[0] or found[1]
        for found in re.findall(r"command_hint\(['\"](\w+)['\"]\)", text):
            yield file.relative_to(ROOT).as_posix(), found


def _strings(source: str) -> list[str]:
    nodes = ast.walk(ast.parse(source))
    return [
        node.value for node in nodes if isinstance(node, ast.Constant) and type(node.value) is str
    ]


PRINTED = sorted(set(printed_commands()))


def test_printed_commands_are_found() -> None:
    assert {"ui/console_text.py", "kakaobot/cli/dataset.py"} <= {file for file, _ in PRINTED}
    assert {"train --new", "status --watch", "preprocess", "stop"} <= {text for _, text in PRINTED}


@pytest.mark.parametrize(("file", "command"), PRINTED)
def test_printed_commands_are_valid(file: str, command: str) -> None:
    needs_argument = command in ("inspect", "reply")
    words = [*command.split(), *(["x"] if needs_argument else [])]
    assert build_parser().parse_args(words).command == words[0], file
