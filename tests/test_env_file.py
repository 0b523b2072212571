"""`.env`: a password is taken as it stands, and a file under a wrong name is found."""

from __future__ import annotations

import codecs
import os

import pytest

from kakaobot.config import Home
from kakaobot.env_file import SECRET_VARIABLES, misnamed_env, take_secrets
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
