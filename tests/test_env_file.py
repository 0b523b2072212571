"""`.env`: a password is read and written as it stands; a file under a wrong name is found."""

from __future__ import annotations

import codecs
import os
import stat

import pytest
from dotenv import dotenv_values

from kakaobot.config import Home
from kakaobot.env_file import (
    PASSWORD_VARIABLE,
    SECRET_VARIABLES,
    misnamed_env,
    read_env,
    take_secrets,
    write_password,
)
from kakaobot.errors import ConfigError


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path)


@pytest.mark.parametrize(
    ("value", "password"),
    [
        ("pa${HOME}x", "pa${HOME}x"),
        ("$HOME", "$HOME"),
        ("'pa${HOME}x'", "pa${HOME}x"),
        ('"pa${HOME}x"', "pa${HOME}x"),
        (r"a\nb", r"a\nb"),
        (r"C:\귤", r"C:\귤"),
        ("귤#1", "귤#1"),
        ("귤 # 우리 방", "귤"),
        ("'귤 #1'", "귤 #1"),
        ('"귤 #1"', "귤 #1"),
        ("'귤 #1'  # 우리 방", "귤 #1"),
        ('"귤" # "감"', "귤"),
        ("#1", "#1"),
        ("  귤 감  ", "귤 감"),
        ("'  귤  '", "  귤  "),
        ("귤'감", "귤'감"),
        ("it's", "it's"),
        (r"'it\'s'", "it's"),
        ("a=b=c", "a=b=c"),
        ("%PATH%", "%PATH%"),
        ("`id`", "`id`"),
        ("", ""),
        ("''", ""),
        ("🎲 비밀", "🎲 비밀"),
    ],
)
def test_a_password_is_taken_literally(home: Home, value: str, password: str) -> None:
    home.env_file.write_text(f"# 메모\nCHATBOT_PASSWORD={value}\n", encoding="utf-8")
    assert home.password({}) == password


@pytest.mark.parametrize("value", ['"귤', "'귤", "'it''s'", "'귤' 감"])
def test_an_unclear_value_is_named_and_is_no_password(home: Home, value: str) -> None:
    home.env_file.write_text(f"# 메모\nCHATBOT_PASSWORD={value}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"\.env 의 2번째 줄"):
        home.password({})


@pytest.mark.parametrize(
    "line",
    ["CHATBOT_PASSWORD = 귤", "export CHATBOT_PASSWORD=귤", "  CHATBOT_PASSWORD='귤'"],
)
def test_the_ways_to_write_a_variable(home: Home, line: str) -> None:
    home.env_file.write_text(line, encoding="utf-8")
    assert home.password({}) == "귤"


@pytest.mark.parametrize(
    "line", ["", "# CHATBOT_PASSWORD=귤", "CHATBOT_PASSWORD", "MY_CHATBOT_PASSWORD=귤", "= 귤"]
)
def test_a_file_without_the_variable_sets_no_password(home: Home, line: str) -> None:
    home.env_file.write_text(line, encoding="utf-8")
    assert home.password({}) == ""


def test_the_last_of_two_lines_counts(home: Home) -> None:
    home.env_file.write_text("CHATBOT_PASSWORD=귤\nCHATBOT_PASSWORD=감\n", encoding="utf-8")
    assert home.password({}) == "감"


@pytest.mark.parametrize(
    ("encoding", "bom"),
    [
        *(("utf-8", b""), ("utf-8-sig", b""), ("cp949", b""), ("utf-16", b"")),
        *(("utf-16-le", b""), ("utf-16-be", codecs.BOM_UTF16_BE)),
    ],
)
def test_every_encoding_of_notepad_and_powershell_is_read(
    home: Home, encoding: str, bom: bytes
) -> None:
    home.env_file.write_bytes(bom + "CHATBOT_PASSWORD=바다거북\r\n".encode(encoding))
    assert home.password({}) == "바다거북"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX only")
def test_a_file_that_cannot_be_read_is_an_error_and_not_an_open_door(home: Home) -> None:
    os.mkfifo(home.env_file)
    with pytest.raises(ConfigError, match="파일이 아닙니다"):
        home.password({})
    home.env_file.unlink()
    home.env_file.write_bytes("CHATBOT_PASSWORD=귤".encode() + b"\xff\xff")
    with pytest.raises(ConfigError, match="깨진 글자"):
        home.password({})


def test_a_virtual_environment_of_that_name_is_no_password(home: Home) -> None:
    home.env_file.mkdir()
    assert home.password({}) == ""


@pytest.mark.parametrize(
    "name",
    [".env.txt", "env.txt", ".env.env", "env", "_env", ".ENV.TXT", ".env.txt.txt", "env.rtf"],
)
def test_a_file_that_an_editor_misnamed_is_found(home: Home, name: str) -> None:
    assert misnamed_env(home.root) == ""
    (home.root / name).write_text("CHATBOT_PASSWORD=귤\n", encoding="utf-8")
    assert misnamed_env(home.root) == name
    assert home.password({}) == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env", "CHATBOT_PASSWORD=귤"),
        (".env.example", "CHATBOT_PASSWORD=귤"),
        ("env.txt", "CHATBOT_PASSWORD=\n"),
        ("environment.txt", "CHATBOT_PASSWORD=귤"),
        ("my.env.txt", "CHATBOT_PASSWORD=귤"),
    ],
)
def test_other_files_are_not_taken_for_it(home: Home, name: str, text: str) -> None:
    (home.root / name).write_text(text, encoding="utf-8")
    (home.root / "env.d").mkdir()
    assert misnamed_env(home.root) == ""


def test_secrets_are_taken_out_of_an_environment() -> None:
    environ = dict.fromkeys(SECRET_VARIABLES, "귤") | {"HOME": "/"}
    assert take_secrets(environ) == dict.fromkeys(SECRET_VARIABLES, "귤")
    assert environ == {"HOME": "/"}
    assert take_secrets(environ) == {}


# --- writing

OTHER_LINES = {
    "nothing": "",
    "an empty line": "\n",
    "other variables": "# 메모\nHF_TOKEN='a\"b'\n\nPROXY=\"it's\"\n",
    "no line end": "HF_TOKEN=x",
    "an older password": "A=1\n# 우리 방\n  export CHATBOT_PASSWORD='감' # 메모\nB='q'\n",
    "two passwords": "CHATBOT_PASSWORD=감\nA=1\nCHATBOT_PASSWORD=배 # 메모\n",
    "a blank password": "CHATBOT_PASSWORD=\nA='x'",
    "a malformed line": "= 귤\nA=1\n",
}
AWKWARD = [
    *(
        "바다 거북",
        " 앞뒤 빈칸 ",
        "#1234",
        "귤 #1",
        "a=b=c",
        "=x=x",
        "$HOME ${HOME}",
        "`id` %PATH%",
    ),
    *(r"C:\귤", "끝 \\", "it's", 'say "hi"', """'both' "kinds" \\ #""", "'''", '"""', "\\\\'\\"),
    *("`id` %PATH%", "🎲👩\u200d👧 비밀", "\u3000넓은 빈칸\u3000"),
]


@pytest.mark.parametrize("others", OTHER_LINES)
@pytest.mark.parametrize("password", AWKWARD, ids=ascii)
def test_a_written_password_is_read_as_it_was_typed(home: Home, password: str, others: str) -> None:
    home.env_file.write_text(OTHER_LINES[others], encoding="utf-8")
    home.env_file.chmod(0o644)
    before = read_env(home.env_file)
    write_password(home.env_file, password)
    assert home.password({}) == password
    assert dotenv_values(home.env_file, interpolate=False)[PASSWORD_VARIABLE] == password
    assert read_env(home.env_file) == before | {PASSWORD_VARIABLE: password}
    assert stat.S_IMODE(home.env_file.stat().st_mode) == 0o600
    assert list(home.root.iterdir()) == [home.env_file]


def test_lines_and_comments_stay_and_older_passwords_go(home: Home) -> None:
    home.env_file.write_text(
        "# 위\nA=1 # 하나\nCHATBOT_PASSWORD=감\n\n"
        "export CHATBOT_PASSWORD='배'  # 우리 방\n# 아래\n",
        encoding="utf-8",
    )
    write_password(home.env_file, "바다거북")
    assert home.env_file.read_text("utf-8") == (
        "# 위\nA=1 # 하나\n\nexport CHATBOT_PASSWORD=바다거북  # 우리 방\n# 아래\n"
    )


def test_a_file_that_was_not_there_is_private(home: Home) -> None:
    write_password(home.env_file, "바다거북")
    assert home.env_file.read_text("utf-8") == "CHATBOT_PASSWORD=바다거북\n"
    assert stat.S_IMODE(home.env_file.stat().st_mode) == 0o600


def test_a_link_stays_one(home: Home) -> None:
    kept = home.root / "elsewhere"
    kept.write_text("A=1\n", encoding="utf-8")
    home.env_file.symlink_to(kept)
    write_password(home.env_file, "바다거북")
    assert home.env_file.is_symlink()
    assert kept.read_text("utf-8") == "A=1\nCHATBOT_PASSWORD=바다거북\n"


@pytest.mark.parametrize("encoding", ["cp949", "utf-16", "utf-8-sig"])
def test_a_file_of_notepad_is_written_as_utf8(home: Home, encoding: str) -> None:
    home.env_file.write_bytes("# 메모\r\nA=가나다\r\n".encode(encoding))
    write_password(home.env_file, "바다거북")
    assert home.env_file.read_text("utf-8") == "# 메모\nA=가나다\nCHATBOT_PASSWORD=바다거북\n"


def test_what_cannot_be_written_is_left_alone(home: Home) -> None:
    home.env_file.write_text("CHATBOT_PASSWORD='귤\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="1번째 줄"):
        write_password(home.env_file, "바다거북")
    assert home.env_file.read_text("utf-8") == "CHATBOT_PASSWORD='귤\n"
    home.env_file.unlink()
    home.env_file.mkdir()
    with pytest.raises(ConfigError, match="폴더가 있어"):
        write_password(home.env_file, "바다거북")
