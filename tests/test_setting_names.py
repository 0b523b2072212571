"""Names that are refused when they are read or saved, and the reason given."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from huggingface_hub.utils._validators import validate_repo_id
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kakaobot.app.settings import SettingsEditor
from kakaobot.base.selection import choose
from kakaobot.config import Home, parse, save
from kakaobot.errors import BaseModelError, ConfigError
from kakaobot.file_names import refusal_of


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        *(
            ("CON", "장치"),
            ("nul", "장치"),
            ("nul.txt", "장치"),
            ("COM1", "장치"),
            ("LPT¹", "장치"),
            ("aux.한글.json", "장치"),
            ("conin$", "장치"),
            ("끝점.", "끝나는"),
            ("끝 ", "끝나는"),
        ),
        *((" 앞", "끝나는"), ("...", "끝나는"), ("a:b", "':'"), ("a/b", "'/'"), ("a\\b", r"'\'")),
        *(("a\nb", "제어"), ("a*", "'*'"), ('a"b', "'\"'"), ("a|b", "'|'"), ("a\x7f", "제어")),
        *(("a\x85b", "제어"), ("gpj\u202etxt", "제어"), ("가" * 90, "너무 깁니다"), ("", "비어")),
    ],
)
def test_a_run_name_that_windows_cannot_hold_is_refused(home: Home, name: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=rf"project\.run_name\): .*{re.escape(reason)}"):
        parse({"project": {"run_name": name}})
    with pytest.raises(ConfigError, match=r"project\.run_name"):
        save(home.settings_file, {"project.run_name": name})
    if name and refusal_of(name.strip()):
        with pytest.raises(ConfigError, match=r"project\.run_name"):
            SettingsEditor(home).save({"project.run_name": name})
    if not {"/", "\\"} & set(name) and name:
        with pytest.raises(ConfigError, match="paths"):
            parse({"paths": {"archive": f"data/{name}/보관"}})


@pytest.mark.parametrize(
    "name", ["main", "밤샘-2", "v1.5_final", "console", "nullable.v2", "가" * 60]
)
def test_an_ordinary_run_name_is_accepted(name: str) -> None:
    assert parse({"project": {"run_name": name}}).project.run_name == name


@pytest.mark.parametrize(
    "folder",
    ["data/우리 방", "./보관", "한글/둘", "/mnt/usb: 1/보관", ".숨은 폴더", "가족 👨\u200d👩"],
)
def test_an_ordinary_folder_is_accepted(folder: str) -> None:
    assert parse({"paths": {"archive": folder}}).paths.archive == folder


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "a b/c/d", "a b/c", "Qwen/Qwen3 0.6B", "https://huggingface.co/Qwen/Qwen3-0.6B"),
        *(
            "모델/한벌",
            "Qwen/큐",
            "Qwen/",
            "/Qwen\n",
            "Qwen//Qwen3",
            "-Qwen/x",
            "Qwen/x-",
            "Qwen/x--y",
            "Qwen/x..y",
        ),
        *(
            "~/" + "x" * 256,
            "./모델\n",
            "/a/\x07.gguf",
            "Qwen/x.git",
            "Qwen/x?",
            "Qwen/x\x00",
            "Qwen/x#1",
            "Qwen/" + "x" * 97,
        ),
    ],
)
def test_a_model_name_that_the_hub_refuses_is_refused(home: Home, name: str) -> None:
    with pytest.raises(ConfigError, match=r"model\.base_model\): .*모델 이름이 될 수 없습니다"):
        parse({"model": {"base_model": name}})
    with pytest.raises(ConfigError, match=r"model\.base_model"):
        save(home.settings_file, {"model.base_model": name})


@pytest.mark.parametrize(
    "name",
    [
        *("auto", "starter", "gpt2", "Qwen/Qwen3-0.6B", "LGAI-EXAONE/EXAONE-4.0-1.2B", "a/b_c.d-e"),
        *(
            "./내 모델",
            "../모델 1",
            "~/모델/한 벌",
            "/데이터/모델 (1)",
            "models/qwen/0.6B",
            "./models/",
        ),
        *(
            r"C:\모델\내 것",
            r".\모델",
            r"models\qwen",
            "D:/모델 1/x",
            "내 것.gguf",
            "모델/Q4 K M.gguf",
        ),
    ],
)
def test_a_hub_name_or_a_path_is_a_model_name(name: str) -> None:
    assert parse({"model": {"base_model": name}}).model.base_model == name


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["a", "Z", "0", "_", "-", ".", "/", "한", "é", "~", " ", "\\", ":", ".git"])
        | st.text("aB9", min_size=90, max_size=100),
        max_size=8,
    ).map("".join)
)
@example("a" * 200 + "\\" + "a" * 100)
@example("모델/한벌")
@example("a\\b/c")
@example("D:/모델")
@example("a.git/b")
def test_what_is_accepted_and_not_on_this_machine_is_accepted_by_the_hub(name: str) -> None:
    try:
        parse({"model": {"base_model": name}})
    except ConfigError:
        return
    if name in ("auto", "starter"):
        return
    try:
        choice = choose(name)
    except BaseModelError:
        return
    if not Path(choice.name).exists():
        validate_repo_id(choice.name)


@pytest.mark.parametrize("folder", ["~no-such-user/방", "~no-such-user"])
def test_a_home_of_no_user_is_a_name(
    folder: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Home.find({"KAKAOBOT_HOME": folder}).root == tmp_path / folder
    with pytest.raises(BaseModelError, match="찾을 수 없습니다"):
        choose(folder)


def test_a_home_that_links_to_itself_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").symlink_to(tmp_path / "home")
    with pytest.raises((ConfigError, OSError)):
        Home.find({"KAKAOBOT_HOME": str(tmp_path / "home")}).settings()


def test_a_control_character_in_the_accelerate_file_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"training\.accelerate_config\): .*제어"):
        parse({"training": {"accelerate_config": "a\x00b"}})
