"""The command line: arguments in, output and exit code out."""

from __future__ import annotations

import argparse
import importlib
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kakaobot.cli import main
from kakaobot.cli.commands import COMMAND_MODULES, build_parser
from kakaobot.cli.console import Console
from kakaobot.config import Home, save
from tests.conftest import write_password

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
PHONE = """저녁 모임 님과 카카오톡 대화
저장한 날짜 : 2026년 3월 2일 오전 10:00

2026년 3월 1일 오후 12:30, 가은 : 저녁 먹을래?
2026년 3월 1일 오후 12:33, 회원님 : 사진
2026년 3월 1일 오후 12:40, 날씨봇 : 맑음
"""


@dataclass
class Result:
    code: int
    out: str
    err: str


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


Cli = Callable[..., Result]


@pytest.fixture
def home(home: Home) -> Home:
    """A home with an export and another text file."""
    (home.root / "room.txt").write_text(ROOM, encoding="utf-8")
    (home.root / "bad.txt").write_text("장보기 목록", encoding="utf-8")
    return home


@pytest.fixture
def cli(home: Home) -> Cli:
    def run(
        *argv: str, typed: str | None = None, ask: Callable[[str], str] = pytest.fail
    ) -> Result:
        out, err = io.StringIO(), io.StringIO()
        source = io.StringIO() if typed is None else Terminal(typed)
        code = main(argv, home=home, ask=ask, console=Console(out, err, source))
        return Result(code, out.getvalue(), err.getvalue())

    return run


def contents(folder: Path) -> list[bytes]:
    """Contents of all files in a folder, except empty lock files."""
    return sorted(
        file.read_bytes() for file in folder.rglob("*") if file.is_file() and file.stat().st_size
    )


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from parsers(command)


# --- arguments and help


def test_every_command_has_a_function() -> None:
    assert [parser.prog.split()[-1] for parser in parsers(build_parser())][1:] == list(
        COMMAND_MODULES
    )
    for command, module in COMMAND_MODULES.items():
        assert callable(getattr(importlib.import_module(f"kakaobot.cli.{module}"), command))


@pytest.mark.parametrize("command", ["", *COMMAND_MODULES])
def test_help_is_korean(cli: Cli, command: str) -> None:
    result = cli(*filter(None, [command, "--help"]))
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("사용법: python -m kakaobot")
    assert "이 도움말을 보여 줍니다." in result.out
    assert not ENGLISH.search(result.out)


@pytest.mark.parametrize(
    ("argv", "message"),
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
def test_usage_errors_are_korean(cli: Cli, argv: list[str], message: str) -> None:
    result = cli(*argv)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert not ENGLISH.search(result.err.replace("--epochs", ""))


# --- exports


def test_inspect_reports_on_a_file_without_importing_it(cli: Cli, home: Home) -> None:
    result = cli("inspect", str(home.root / "room.txt"), "--json")
    assert result.code == 0
    assert json.loads(result.out) == [
        {
            "file": "room.txt",
            "layout": "W-KO",
            "room": "저녁 모임",
            "people": ["나래", "가은"],
            "messages": 3,
            "first": "2026-03-01T12:30",
            "last": "2026-03-01T12:33",
            "not_understood": [],
            "lines": 8,
            "counts": {
                "messages": 3,
                "continuations": 1,
                "headers": 2,
                "dates": 1,
                "system": 0,
                "blank": 1,
                "not_understood": 0,
            },
        }
    ]
    assert "저녁 모임" in cli("inspect", str(home.root / "room.txt")).out
    assert not (home.root / "data").exists()


def test_inspect_counts_every_line(cli: Cli, home: Home) -> None:
    phone = home.root / "phone.txt"
    phone.write_text(PHONE + "2026년 3월 1일 아침 9:00, 가은 : 일어나\n", encoding="utf-8")
    result = cli("inspect", str(phone))
    assert "모두 7줄 = 메시지 3 + 머리말 2 + 빈 줄 1 + 이해하지 못한 줄 1" in result.out
    assert "7:  2026년 3월 1일 아침 9:00, 가은 : 일어나" in result.out
    (record,) = json.loads(cli("inspect", str(phone), "--json").out)
    assert sum(record["counts"].values()) == record["lines"] == 7
    assert record["not_understood"] == [7]


def test_inspect_reports_a_good_file_after_a_bad_one(cli: Cli, home: Home) -> None:
    result = cli("inspect", str(home.root / "bad.txt"), str(home.root / "room.txt"), "--json")
    bad, good = json.loads(result.out)
    assert (result.code, good["messages"]) == (1, 3)
    assert result.err == bad["error"] + "\n"


def test_several_bad_files_give_one_error(cli: Cli, home: Home) -> None:
    result = cli("organize", str(home.root / "bad.txt"), str(home.root / "none.txt"))
    assert (result.code, "bad.txt" in result.out, "none.txt" in result.out) == (1, True, True)
    assert result.err.splitlines()[-1].startswith("파일 2개를 읽지 못했습니다.")


def test_messages_are_printed_one_per_line_in_order(cli: Cli, home: Home) -> None:
    result = cli("inspect", str(home.root / "room.txt"), "--messages")
    assert [json.loads(line) for line in result.out.splitlines()] == [
        {"at": f"2026-03-01T12:{minute}:00", "sender": sender, "text": text, "kind": kind}
        for minute, sender, text, kind in [
            (30, "가은", "저녁 먹을래?", "text"),
            (31, "나래", "좋아 🎲\n어디서 볼까", "text"),
            (33, "나래", "사진", "media"),
        ]
    ]


def test_glob_pattern_is_expanded(cli: Cli, home: Home) -> None:
    result = cli("inspect", str(home.root / "r*.txt"), "--json")
    assert [report["file"] for report in json.loads(result.out)] == ["room.txt"]


def test_archive_makes_the_moves_of_its_dry_run_and_keeps_all_files(cli: Cli, home: Home) -> None:
    assert cli("organize", str(home.root / "room.txt")).code == 0
    assert cli("preprocess").code == 0
    before = contents(home.root / "data")
    plan = cli("archive", "--dry-run").out
    assert contents(home.root / "data") == before
    assert (home.root / "data" / "sft" / "train.jsonl").exists()
    result = cli("archive", "--yes")
    timeless = [re.sub(r"\d{8}-\d{6}(?: \(\d+\))?", "<time>", text) for text in (plan, result.out)]
    assert timeless[0] == timeless[1]
    assert "train.jsonl" in timeless[0]
    assert contents(home.root / "data") == before
    for line in result.out.splitlines():
        source, target = (home.root / part.strip() for part in line.split("→"))
        assert (source.exists(), target.exists()) == (False, True)
    assert cli("archive", "--yes").out == "옮길 것이 없습니다.\n"


def test_organize_after_archive_sorts_the_files_again(cli: Cli, home: Home) -> None:
    cli("organize", str(home.root / "room.txt"))
    cli("archive", "--yes")
    result = cli("organize", "--json")
    assert [report["file"] for report in json.loads(result.out)] == ["room.txt"]
    assert len(list((home.root / "data" / "raw" / "organized").rglob("room.txt"))) == 1


@pytest.mark.parametrize(
    ("typed", "code", "moved"),
    [(None, 1, False), ("n\n", 0, False), ("", 0, False), ("y\n", 0, True)],
)
def test_archive_moves_only_after_confirmation(
    cli: Cli, home: Home, typed: str | None, code: int, moved: bool
) -> None:
    cli("organize", str(home.root / "room.txt"))
    assert cli("archive", typed=typed).code == code
    assert (home.root / "data" / "raw" / "organized").exists() is not moved


def test_preprocess_prints_its_report(cli: Cli, home: Home) -> None:
    cli("organize", str(home.root / "room.txt"))
    result = cli("preprocess", "--json")
    assert (result.code, json.loads(result.out)["messages"]) == (0, 3)
    assert "100%" in result.err
    assert "읽은 메시지" in cli("preprocess").out


def test_report_mentions_pseudonyms_and_later_exclusions(cli: Cli, home: Home) -> None:
    cli("organize", str(home.root / "room.txt"))
    save(home.settings_file, {"data.pseudonyms": True})
    out = cli("preprocess").out
    assert "모두 지어낸 이름으로 바꿈" in out
    assert "나래" not in out
    assert "주의: 이 데이터에는" not in cli("preprocess", "--report").err
    cli("people", "--exclude", "나래")
    assert "주의: 이 데이터에는 나중에 빼기로 한 '나래'" in cli("preprocess", "--report").err


# --- people


@pytest.fixture
def room(cli: Cli, home: Home) -> None:
    """A room with exports from two devices."""
    (home.root / "phone.txt").write_text(PHONE, encoding="utf-8")
    result = cli("organize", str(home.root / "room.txt"), str(home.root / "phone.txt"))
    assert "저녁 모임  파일 2개  메시지 5개 (겹친 1개는 한 번만 셈)  4명" in result.out


def list_room(cli: Cli, *argv: str) -> dict[str, Any]:
    result = cli("people", *argv, "--json")
    assert result.code == 0, result.err
    (listing,) = json.loads(result.out)
    assert isinstance(listing, dict)
    return listing


@pytest.mark.usefixtures("room")
def test_people_lists_participants_and_proposals(cli: Cli) -> None:
    room = list_room(cli)
    assert {entry["name"]: entry["messages"] for entry in room["people"]} == {
        "가은": 1, "나래": 2, "회원님": 1, "날씨봇": 1,
    }  # fmt: skip
    assert [entry["name"] for entry in room["people"] if entry["is_bot"]] == ["날씨봇"]
    assert (room["room"], room["files"], room["aliases"]) == ("저녁 모임", 2, [])
    assert [entry["kind"] for entry in room["proposals"]] == ["exporter", "bot"]
    out = cli("people").out
    for words in ("--same 나래 회원님", "people --exclude 날씨봇", "봇인 듯함"):
        assert words in out


@pytest.mark.usefixtures("room")
def test_people_lists_the_stats_of_participants(cli: Cli, home: Home) -> None:
    people = {entry["name"]: entry for entry in list_room(cli)["people"]}
    narae, bot = people["나래"], people["날씨봇"]
    assert (narae["replies"], narae["advice"], narae["is_excluded"]) == (1, "few", False)
    assert narae["sentence"] == "부족: 배울 대답이 199개 더 필요합니다."
    assert 0 <= narae["answers"] <= 1
    assert narae["median_chars"] > 0
    assert (bot["replies"], bot["noise"], bot["advice"]) == (0, 1.0, "bot")
    out = cli("people").out
    assert re.search(r"나래 +2개 +부족: .* \(길이 [\d.]+자, 이어 말함 \d+%, 잡음 0%\)", out)
    assert "데이터에서는" not in out
    save(home.settings_file, {"data.pseudonyms": True})
    named = {entry["name"]: entry["pseudonym"] for entry in list_room(cli)["people"]}
    assert named["회원님"] is None, "a photo alone is no training reply"
    assert len({name for name in named.values() if name}) == 3
    assert re.search(r"가은 .*데이터에서는 \S+ \S+", cli("people").out)


@pytest.mark.usefixtures("room")
def test_names_are_merged_and_unmerged(cli: Cli, home: Home) -> None:
    before = list_room(cli)
    room = list_room(cli, "--same", "나래", "회원님")
    assert room["aliases"] == [{"alias": "회원님", "name": "나래"}]
    assert (room["messages"], room["repeated"]) == (4, 2)
    assert re.search(r"나래 +2개 += 회원님", cli("people").out)
    assert list_room(cli, "--undo", "회원님", "--room", "저녁  모임") == before
    assert "회원님" not in (home.folder("data/raw") / "people.json").read_text(encoding="utf-8")


@pytest.mark.usefixtures("room")
def test_participants_are_excluded_and_included(cli: Cli, home: Home) -> None:
    list_room(cli, "--exclude", "날씨봇", "가은")
    assert home.settings().data.exclude_people == ("날씨봇", "가은")
    result = cli("people", "--include", "가은")
    assert home.settings().data.exclude_people == ("날씨봇",)
    assert "preprocess" in result.err
    assert "배우지 않음" in result.out
    assert [
        entry["is_excluded"] for entry in list_room(cli)["people"] if entry["name"] == "날씨봇"
    ] == [True]


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (["--same", "나래"], 2, "합칠 이름을 하나 이상"),
        (["--same", "나래", "가은", "--undo", "가은"], 2, "한 번에 하나만"),
        (["--same"], 2, "--same 뒤에 값을"),
        (["--same", "나래", "없는이"], 1, "'없는이' 이라는 사람이"),
        (["--undo", "나래"], 1, "'나래' 이라는 사람이"),
        (["--include", "나래"], 1, "빼기로 한 사람이 아닙니다"),
        (["--same", "나래", "회원님", "--room", "없는 방"], 1, "'없는 방' 이라는 방이 없습니다"),
    ],
)
def test_invalid_people_requests_are_errors(
    cli: Cli, argv: list[str], code: int, message: str
) -> None:
    result = cli("people", *argv)
    assert (result.code, result.out) == (code, "")
    assert message in result.err


def test_people_without_imported_files(cli: Cli) -> None:
    assert cli("people").out == "가져온 대화가 없습니다. 먼저 organize 로 파일을 가져오세요.\n"
    assert json.loads(cli("people", "--json").out) == []


# --- errors


@pytest.mark.parametrize(
    "command", ["preprocess", "train", "status", "runs", "organize", "settings"]
)
def test_unknown_setting_is_a_one_line_error(cli: Cli, home: Home, command: str) -> None:
    home.settings_file.write_text("lora: {rnk: 8}", encoding="utf-8")
    result = cli(command)
    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines()[-1].startswith(
        "lora.rnk: 모르는 설정입니다. 혹시 '배운 것을 담는 크기(lora.r)' 인가요?"
    )


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["stop"], "지금 진행 중인 학습이 없습니다."),
        (["train"], "배울 데이터가 없습니다."),
        (["preprocess"], "가져온 대화가 없습니다."),
        (["status", "--run", "../x"], "이라는 학습이 없습니다."),
    ],
)
def test_missing_prerequisites_are_one_line_errors(cli: Cli, argv: list[str], message: str) -> None:
    result = cli(*argv)
    assert (result.code, result.out) == (1, "")
    assert message in result.err.splitlines()[-1]


def test_status_and_runs_without_a_run(cli: Cli) -> None:
    assert "아직 학습한 적이 없습니다." in cli("status").out
    assert json.loads(cli("status", "--json").out)["run"] == ""
    assert json.loads(cli("runs", "--json").out) == []


def test_unexpected_error_propagates(cli: Cli, home: Home) -> None:
    write_password(home)
    with pytest.raises(ZeroDivisionError):
        cli("reply", "안녕", ask=lambda _: str(1 / 0))


# --- the password


def test_no_command_takes_a_password_as_an_argument() -> None:
    flags = [
        flag
        for parser in parsers(build_parser())
        for action in parser._actions
        for flag in action.option_strings
    ]
    assert "--speaker" in flags
    assert [flag for flag in flags if re.search(r"pass|pw|secret|비밀|암호", flag)] == []


@pytest.mark.parametrize("argv", [["reply", "안녕"], ["chat"], ["smoke"]])
def test_chat_commands_are_denied_without_a_configured_password(cli: Cli, argv: list[str]) -> None:
    result = cli(*argv)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("비밀번호가 설정되지 않아")


@pytest.mark.parametrize("argv", [["reply", "안녕"], ["chat"], ["smoke"]])
def test_wrong_password_is_denied(cli: Cli, home: Home, argv: list[str]) -> None:
    write_password(home)
    result = cli(*argv, ask=lambda _: "틀림")
    assert (result.code, result.out, result.err) == (
        1,
        "",
        "비밀번호가 틀렸습니다. 다시 입력하세요.\n",
    )


def test_right_password_is_accepted(cli: Cli, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    write_password(home)
    result = cli("reply", "안녕", ask={"비밀번호: ": "비밀"}.__getitem__)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("아직 배운 것이 없습니다.")
    monkeypatch.setenv("CHATBOT_ACCESS_PASSWORD", "비밀")
    assert cli("reply", "안녕").err == result.err


def test_ctrl_c_prints_nothing(cli: Cli, home: Home) -> None:
    def interrupt(_: str) -> str:
        raise KeyboardInterrupt

    write_password(home)
    assert cli("chat", ask=interrupt) == Result(130, "", "")
