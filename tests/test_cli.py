"""The command line from the outside: words in, words and an exit code out."""

from __future__ import annotations

import argparse
import importlib
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kakaobot.cli import main
from kakaobot.cli.console import Console
from kakaobot.cli.verbs import HOMES, build
from kakaobot.config import Home

ROOT = Path(__file__).resolve().parent.parent
ENGLISH = re.compile(r"usage|error|argument|option|required|choose|expected|show this", re.I)
ROOM = """저녁 모임 님과 카카오톡 대화
저장한 날짜 : 2026-03-02 10:00:00

--------------- 2026년 3월 1일 일요일 ---------------
[가은] [오후 12:30] 저녁 먹을래?
[나래] [오후 12:31] 좋아 🎲
어디서 볼까
[나래] [오후 12:33] 사진
"""


@dataclass
class Done:
    code: int
    out: str
    err: str


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


Cli = Callable[..., Done]


@pytest.fixture
def home(home: Home) -> Home:
    """With a room to read, and with something that is none."""
    (home.root / "room.txt").write_text(ROOM, encoding="utf-8")
    (home.root / "bad.txt").write_text("장보기 목록", encoding="utf-8")
    return home


@pytest.fixture
def cli(home: Home) -> Cli:
    def run(*argv: str, typed: str | None = None, ask: Callable[[str], str] = pytest.fail) -> Done:
        out, err = io.StringIO(), io.StringIO()
        source = io.StringIO() if typed is None else Terminal(typed)
        code = main(argv, home=home, ask=ask, console=Console(out, err, source))
        return Done(code, out.getvalue(), err.getvalue())

    return run


def contents(folder: Path) -> list[bytes]:
    """What lies below, however it is called; locks aside."""
    return sorted(
        each.read_bytes() for each in folder.rglob("*") if each.is_file() and each.stat().st_size
    )


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from parsers(below)


# --- words


def test_every_verb_has_a_function_that_does_it() -> None:
    assert [each.prog.split()[-1] for each in parsers(build())][1:] == list(HOMES)
    for verb, module in HOMES.items():
        assert callable(getattr(importlib.import_module(f"kakaobot.cli.{module}"), verb))


@pytest.mark.parametrize("verb", ["", *HOMES])
def test_help_is_korean(cli: Cli, verb: str) -> None:
    done = cli(*filter(None, [verb, "--help"]))
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("사용법: python -m kakaobot")
    assert "이 도움말을 보여 줍니다." in done.out
    assert not ENGLISH.search(done.out)


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ([], "명령:"),
        (["trian"], "모르는 명령입니다: trian. 혹시 train 인가요?"),
        (["inspect"], "빠진 것이 있습니다: 파일"),
        (["status", "--run"], "--run 뒤에 값을 적어 주세요."),
        (["runs", "--json=3"], "--json 에는 값을 적지 않습니다."),
        (["train", "--epochs", "3"], "모르는 인수입니다: --epochs 3"),
        (["stop", "--wai"], "모르는 인수입니다: --wai"),
        (["inspect", "a", "b", "--messages"], "--messages 는 파일 하나에"),
    ],
)
def test_a_misused_command_is_told_in_korean(cli: Cli, argv: list[str], told: str) -> None:
    done = cli(*argv)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert not ENGLISH.search(done.err.replace("--epochs", ""))


# --- exports


def test_inspect_tells_what_is_in_a_file(cli: Cli, home: Home) -> None:
    done = cli("inspect", str(home.root / "room.txt"), "--json")
    assert done.code == 0
    assert json.loads(done.out) == [
        {
            "file": "room.txt",
            "layout": "W-KO",
            "room": "저녁 모임",
            "people": ["나래", "가은"],
            "messages": 3,
            "first": "2026-03-01T12:30",
            "last": "2026-03-01T12:33",
            "not_understood": [],
        }
    ]
    assert "저녁 모임" in cli("inspect", str(home.root / "room.txt")).out
    assert not (home.root / "data").exists()


def test_a_bad_file_hides_no_good_one(cli: Cli, home: Home) -> None:
    done = cli("inspect", str(home.root / "bad.txt"), str(home.root / "room.txt"), "--json")
    bad, good = json.loads(done.out)
    assert (done.code, good["messages"]) == (1, 3)
    assert done.err == bad["error"] + "\n"


def test_several_bad_files_are_told_of_in_one_sentence(cli: Cli, home: Home) -> None:
    done = cli("organize", str(home.root / "bad.txt"), str(home.root / "none.txt"))
    assert (done.code, "bad.txt" in done.out, "none.txt" in done.out) == (1, True, True)
    assert done.err.splitlines()[-1].startswith("파일 2개를 읽지 못했습니다.")


def test_messages_are_one_line_each_in_order(cli: Cli, home: Home) -> None:
    done = cli("inspect", str(home.root / "room.txt"), "--messages")
    assert [json.loads(line) for line in done.out.splitlines()] == [
        {"at": f"2026-03-01T12:{minute}:00", "sender": sender, "text": text, "kind": kind}
        for minute, sender, text, kind in [
            (30, "가은", "저녁 먹을래?", "text"),
            (31, "나래", "좋아 🎲\n어디서 볼까", "text"),
            (33, "나래", "사진", "media"),
        ]
    ]


def test_a_pattern_that_no_shell_expanded_is_expanded(cli: Cli, home: Home) -> None:
    done = cli("inspect", str(home.root / "r*.txt"), "--json")
    assert [each["file"] for each in json.loads(done.out)] == ["room.txt"]


def test_archive_does_what_its_dry_run_showed_and_loses_nothing(cli: Cli, home: Home) -> None:
    assert cli("organize", str(home.root / "room.txt")).code == 0
    assert cli("preprocess").code == 0
    before = contents(home.root / "data")
    plan = cli("archive", "--dry-run").out
    assert contents(home.root / "data") == before
    assert (home.root / "data" / "sft" / "train.jsonl").exists()
    done = cli("archive", "--yes")
    timeless = [re.sub(r"\d{8}-\d{6}(?: \(\d+\))?", "<time>", text) for text in (plan, done.out)]
    assert timeless[0] == timeless[1]
    assert "train.jsonl" in timeless[0]
    assert contents(home.root / "data") == before
    for line in done.out.splitlines():
        source, target = (home.root / part.strip() for part in line.split("→"))
        assert (source.exists(), target.exists()) == (False, True)
    assert cli("archive", "--yes").out == "옮길 것이 없습니다.\n"


def test_what_was_archived_can_be_organized_again(cli: Cli, home: Home) -> None:
    cli("organize", str(home.root / "room.txt"))
    cli("archive", "--yes")
    done = cli("organize", "--json")
    assert [each["file"] for each in json.loads(done.out)] == ["room.txt"]
    assert len(list((home.root / "data" / "raw" / "organized").rglob("room.txt"))) == 1


@pytest.mark.parametrize(
    ("typed", "code", "moved"),
    [(None, 1, False), ("n\n", 0, False), ("", 0, False), ("y\n", 0, True)],
)
def test_archive_moves_only_on_a_yes(
    cli: Cli, home: Home, typed: str | None, code: int, moved: bool
) -> None:
    cli("organize", str(home.root / "room.txt"))
    assert cli("archive", typed=typed).code == code
    assert (home.root / "data" / "raw" / "organized").exists() is not moved


def test_preprocess_reports_what_it_made(cli: Cli, home: Home) -> None:
    cli("organize", str(home.root / "room.txt"))
    done = cli("preprocess", "--json")
    assert (done.code, json.loads(done.out)["messages"]) == (0, 3)
    assert "100%" in done.err
    assert "읽은 메시지" in cli("preprocess").out


# --- errors


@pytest.mark.parametrize("verb", ["preprocess", "train", "status", "runs", "organize", "settings"])
def test_an_unknown_setting_is_one_sentence(cli: Cli, home: Home, verb: str) -> None:
    home.settings_file.write_text("lora: {rnk: 8}", encoding="utf-8")
    done = cli(verb)
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[-1].startswith("모르는 설정입니다: lora.rnk. 혹시 lora.r 인가요?")


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["stop"], "지금 진행 중인 학습이 없습니다."),
        (["train"], "배울 데이터가 없습니다."),
        (["preprocess"], "가져온 대화가 없습니다."),
        (["status", "--run", "../x"], "이라는 학습이 없습니다."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(cli: Cli, argv: list[str], told: str) -> None:
    done = cli(*argv)
    assert (done.code, done.out) == (1, "")
    assert told in done.err.splitlines()[-1]


def test_status_and_runs_have_words_for_nothing(cli: Cli) -> None:
    assert "아직 학습한 적이 없습니다." in cli("status").out
    assert json.loads(cli("status", "--json").out)["run"] == ""
    assert json.loads(cli("runs", "--json").out) == []


def test_a_bug_goes_through(cli: Cli, home: Home) -> None:
    (home.root / ".env").write_text("CHATBOT_PASSWORD=비밀", encoding="utf-8")
    with pytest.raises(ZeroDivisionError):
        cli("reply", "안녕", ask=lambda _: str(1 / 0))


# --- the password


def lock(home: Home) -> None:
    (home.root / ".env").write_text("CHATBOT_PASSWORD=비밀", encoding="utf-8")


def test_no_verb_takes_a_password_as_an_argument() -> None:
    flags = [flag for each in parsers(build()) for a in each._actions for flag in a.option_strings]
    assert "--speaker" in flags
    assert [flag for flag in flags if re.search(r"pass|pw|secret|비밀|암호", flag)] == []


@pytest.mark.parametrize("argv", [["reply", "안녕"], ["chat"], ["smoke"]])
def test_without_a_password_set_nobody_is_asked_and_nothing_inferred(
    cli: Cli, argv: list[str]
) -> None:
    done = cli(*argv)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("비밀번호가 설정되지 않아")


@pytest.mark.parametrize("argv", [["reply", "안녕"], ["chat"], ["smoke"]])
def test_a_wrong_password_opens_nothing(cli: Cli, home: Home, argv: list[str]) -> None:
    lock(home)
    done = cli(*argv, ask=lambda _: "틀림")
    assert (done.code, done.out, done.err) == (1, "", "비밀번호가 틀렸습니다. 다시 입력하세요.\n")


def test_the_right_password_opens(cli: Cli, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    lock(home)
    done = cli("reply", "안녕", ask={"비밀번호: ": "비밀"}.__getitem__)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("아직 학습한 어댑터가 없습니다.")
    monkeypatch.setenv("CHATBOT_ACCESS_PASSWORD", "비밀")
    assert cli("reply", "안녕").err == done.err


def test_ctrl_c_is_quiet(cli: Cli, home: Home) -> None:
    def interrupt(_: str) -> str:
        raise KeyboardInterrupt

    lock(home)
    assert cli("chat", ask=interrupt) == Done(130, "", "")
