from __future__ import annotations

import codecs
import os
import re
import time
from pathlib import Path

import pytest
import yaml

from kakaobot.app.settings import SettingsEditor
from kakaobot.config import ROOT, Home, load_settings, parse, render, save
from kakaobot.errors import ConfigError
from kakaobot.setting_fields import SettingField, setting_fields
from kakaobot.settings import Settings


def test_the_shipped_file_has_the_declared_defaults() -> None:
    shipped = (ROOT / "configs" / "sft.yaml").read_text(encoding="utf-8")
    assert shipped == render(Settings())


def test_every_setting_has_a_korean_comment_in_the_file() -> None:
    text = render(Settings())
    assert len(setting_fields()) > 40
    for field in setting_fields():
        assert re.search("[가-힣]", field.description), field.path
        assert f"  # {field.name}: {field.explanation}\n  {field.key}: " in text


def test_rendered_settings_parse_back() -> None:
    settings = parse(
        {
            "lora": {"r": 4, "target_modules": ["q_proj", "v_proj"]},
            "data": {"persona": "예: 이름", "exclude_people": ["봇", "#1"]},
            "model": {"load_in_4bit": False},
            "smoke": {"prompts": ["뭐 해?", "'인용' \"따옴표\" # 아님"]},
        }
    )
    assert parse(yaml.safe_load(render(settings))) == settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lora: {rnak: 8}", "lora.rnak"),
        ("lora: {dropuot: 0.1}", "혹시 lora.dropout 인가요?"),
        ("trainin: {}", "혹시 training 인가요?"),
        ("lora: {r: 0}", "1 이상"),
        ("lora: {r: 1.5}", "정수"),
        ("training: {learning_rate: 빠르게}", "숫자"),
        ("training: {learning_rate: .nan}", "training.learning_rate"),
        ("model: {load_in_4bit: maybe}", "auto, true, false"),
        ("model: {dtype: bf}", "bfloat16"),
        ("data: {persona: 3}", "따옴표"),
        ("data: {exclude_people: 봇}", "목록"),
        ("project: {run_name: '../밖'}", "project.run_name"),
        ("project: {run_name: '..'}", "project.run_name"),
        ("lora: 3", "묶음"),
        ("paths: {raw: ''}", "폴더"),
        ("paths: {runs: data/raw}", "폴더"),
        ("paths: {sft: ../밖}", "폴더"),
        ("paths: {sft: data}", "안에"),
        ("training: {epochs: -1}", "0 이상"),
        ("- 1", "묶음"),
    ],
)
def test_an_invalid_value_raises_an_error_with_valid_ones(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        parse(yaml.safe_load(text))


def test_scientific_notation_that_yaml_reads_as_text_is_a_number() -> None:
    assert yaml.safe_load("2e-4") == "2e-4"
    assert parse(yaml.safe_load("training: {learning_rate: 2e-4}")).training.learning_rate == 2e-4


def test_broken_yaml_names_the_line(home: Home) -> None:
    home.settings_file.write_text("lora:\n  r: [1\nx", encoding="utf-8")
    with pytest.raises(ConfigError, match="번째 줄"):
        home.settings()


def test_an_empty_group_has_its_defaults() -> None:
    assert parse({"smoke": None}) == Settings()


@pytest.mark.parametrize("field", setting_fields(), ids=lambda field: field.path)
def test_a_blank_value_is_the_default(home: Home, field: SettingField) -> None:
    assert field.default is not None
    home.settings_file.write_text(f"{field.group}:\n  {field.key}:\n", encoding="utf-8")
    assert home.settings() == Settings()


@pytest.mark.parametrize(
    "text", ["", "\n", "# 메모\n", "---\n", "null\n", "data:\n", "data:\n  room:\n  # 메모\n"]
)
def test_an_empty_file_has_the_defaults(home: Home, text: str) -> None:
    home.settings_file.write_text(text, encoding="utf-8")
    assert home.settings() == Settings()


def test_a_blank_item_of_a_list_is_left_out() -> None:
    assert parse(yaml.safe_load("data:\n  mask_words:\n  - 가\n  -\n")).data.mask_words == ("가",)


@pytest.mark.parametrize("text", ["[]", "- lora", "0", "false", "''", "lora"])
def test_a_document_without_groups_is_refused(home: Home, text: str) -> None:
    home.settings_file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="묶음들로"):
        home.settings()


@pytest.mark.parametrize("text", ["1: {}", "true: {}", "lora: {1: 2}", "2026-01-01: {}"])
def test_a_key_that_is_no_text_is_unknown(text: str) -> None:
    with pytest.raises(ConfigError, match="모르는 설정입니다"):
        parse(yaml.safe_load(text))


def test_an_error_shows_the_start_of_a_long_value() -> None:
    with pytest.raises(ConfigError) as caught:
        parse({"lora": {"r": "가" * 10_000}})
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("encoding", "bom"),
    [
        *(("utf-8", b""), ("utf-8-sig", b""), ("cp949", b""), ("utf-16", b"")),
        *(("utf-16-le", b""), ("utf-16-be", b""), ("utf-16-be", codecs.BOM_UTF16_BE)),
        ("utf-32", b""),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_file_in_any_encoding_is_read_and_saved_with_its_comments(
    home: Home, encoding: str, bom: bytes, newline: str
) -> None:
    text = render(Settings()).replace("room: ''", "room: 가나다 모임  # 우리 방")
    raw = bom + text.replace("\n", newline).encode(encoding)
    home.settings_file.write_bytes(raw)
    assert home.settings().data.room == "가나다 모임"
    save(home.settings_file, {"lora.r": 8})
    assert home.settings_file.read_text(encoding="utf-8") == text.replace("r: 16", "r: 8")


def test_damaged_utf_8_is_named_and_not_taken_for_cp949(home: Home) -> None:
    raw = render(Settings()).encode()
    at = raw.index("우연의 씨앗".encode())
    home.settings_file.write_bytes(raw[:at] + raw[at + 1 :])
    before = home.settings_file.read_bytes()
    with pytest.raises(ConfigError, match="7번째 줄에 깨진 글자"):
        home.settings()
    with pytest.raises(ConfigError, match="깨진 글자"):
        save(home.settings_file, {"lora.r": 8})
    assert home.settings_file.read_bytes() == before


def test_a_nul_is_named_with_its_line(home: Home) -> None:
    home.settings_file.write_bytes(render(Settings()).encode().replace(b"r: 16", b"r: 1\x006"))
    with pytest.raises(ConfigError, match=r"\d+번째 줄에 .*NUL"):
        home.settings()


@pytest.mark.parametrize(
    "text", ["lora:\n  r: 16\nlora: {}\n", "a: &a 1\nb: *a\n", "lora:\n\tr: 8\n"]
)
def test_a_refused_file_is_not_saved(home: Home, text: str) -> None:
    home.settings_file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="번째 줄: "):
        save(home.settings_file, {"lora.r": 8})
    assert home.settings_file.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "text",
    ["", "# 메모만", "# 메모만\n", "lora:\n  # 메모만\n", "lora: {}\n"],
)
def test_saving_fills_an_empty_file_and_keeps_its_comments(home: Home, text: str) -> None:
    home.settings_file.write_text(text, encoding="utf-8")
    save(home.settings_file, {"lora.r": 8, "data.persona": "가은"})
    assert (home.settings().lora.r, home.settings().data.persona) == (8, "가은")
    assert ("# 메모만" in home.settings_file.read_text(encoding="utf-8")) == ("# 메모만" in text)


def test_save_changes_values_and_keeps_comments(home: Home) -> None:
    file = home.settings_file
    file.write_text(
        "# 내 메모\n" + file.read_text(encoding="utf-8").replace("seed: 42", "seed: 42  # 행운"),
        encoding="utf-8",
    )
    save(file, {"lora.r": 8, "data.exclude_people": ("방장봇",)})
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# 내 메모\n")
    assert "# 행운" in text
    settings = load_settings(file)
    assert (settings.lora.r, settings.data.exclude_people) == (8, ("방장봇",))


def test_an_invalid_change_leaves_the_file_unchanged(home: Home) -> None:
    before = home.settings_file.read_bytes()
    with pytest.raises(ConfigError, match=r"lora\.r"):
        save(home.settings_file, {"lora.r": -1})
    assert home.settings_file.read_bytes() == before
    assert list(home.settings_file.parent.iterdir()) == [home.settings_file]


def test_form_text_is_converted_by_the_kind_of_setting(home: Home) -> None:
    editor = SettingsEditor(home)
    editor.save(
        {
            "lora.r": "8",
            "training.learning_rate": "1e-4",
            "model.load_in_4bit": "false",
            "data.exclude_people": "봇 \n\n다른 봇",
            "training.epochs": 2.0,
        }
    )
    values = editor.values()
    assert values["lora.r"] == 8
    assert values["training.learning_rate"] == 1e-4
    assert values["model.load_in_4bit"] is False
    assert values["data.exclude_people"] == ("봇", "다른 봇")
    with pytest.raises(ConfigError, match="정수"):
        editor.save({"lora.r": "여덟"})


def test_every_group_has_a_korean_title(home: Home) -> None:
    titles = dict(SettingsEditor(home).groups())
    assert set(titles) == {field.group for field in setting_fields()}
    assert all(re.search("[가-힣]", title) for title in titles.values())


def test_the_environment_overrides_the_password_file(home: Home) -> None:
    assert home.password({}) == ""
    (home.root / ".env").write_text("\ufeffCHATBOT_PASSWORD=바다 거북\n", encoding="utf-8")
    assert home.password({}) == "바다 거북"
    assert home.password({"CHATBOT_PASSWORD": "산토끼"}) == "산토끼"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_an_env_file_saved_by_notepad_or_powershell_is_read(home: Home, encoding: str) -> None:
    (home.root / ".env").write_bytes("CHATBOT_PASSWORD=바다거북\r\n".encode(encoding))
    assert home.password({}) == "바다거북"


def test_saving_a_list_keeps_the_next_comment(home: Home) -> None:
    comment = "# 확인용으로 떼어 둘 몫"
    for value in (["가", "나"], []):
        save(home.settings_file, {"data.exclude_people": value})
        assert comment in home.settings_file.read_text(encoding="utf-8")
        assert home.settings().data.exclude_people == tuple(value)


def test_target_modules_may_be_one_line(home: Home) -> None:
    assert parse({"lora": {"target_modules": "q_proj, v_proj"}}).lora.target_modules == (
        "q_proj",
        "v_proj",
    )
    assert parse({"lora": {"target_modules": "all-linear"}}).lora.target_modules == "all-linear"


# --- where the folders really are


@pytest.mark.parametrize(
    "path",
    ["configs", "configs/raw", ".kakaobot", ".kakaobot/x", ".tmp/raw", ".env/raw", "Configs"],
)
@pytest.mark.parametrize("key", ["raw", "sft", "archive", "runs"])
def test_a_folder_of_the_program_is_refused(home: Home, key: str, path: str) -> None:
    before = home.settings_file.read_text("utf-8")
    with pytest.raises(ConfigError, match=rf"paths\.{key}\): 프로그램이"):
        save(home.settings_file, {f"paths.{key}": path})
    assert home.settings_file.read_text("utf-8") == before
    home.settings_file.write_text(f"paths: {{{key}: {path}}}", encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"paths\.{key}\): 프로그램이"):
        home.settings()


def test_a_link_into_a_folder_of_the_program_is_refused(home: Home) -> None:
    (home.root / "elsewhere").symlink_to(home.settings_file.parent)
    for path in ("elsewhere", "elsewhere/raw"):
        with pytest.raises(ConfigError, match=r"paths\.raw\): 프로그램이"):
            save(home.settings_file, {"paths.raw": path})


def test_an_absolute_path_to_the_home_itself_is_refused(home: Home) -> None:
    for folder in (home.root, home.root.parent, home.root / "configs"):
        with pytest.raises(ConfigError, match="겹칩니다"):
            save(home.settings_file, {"paths.runs": str(folder)})


def test_links_that_lead_into_one_another_are_refused(home: Home, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    (home.root / "one").symlink_to(disk)
    (home.root / "two").symlink_to(disk)
    with pytest.raises(ConfigError, match="링크까지"):
        save(home.settings_file, {"paths.raw": "one", "paths.sft": "two/sft"})
    # A link to another disk is what people use for large folders.
    save(home.settings_file, {"paths.runs": "one"})


def edit(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


def edit_and_set_the_time_back(file: Path, text: str) -> None:
    at = file.stat().st_mtime_ns
    edit(file, text)
    os.utime(file, ns=(at, at))


def replace_with_the_same_time(file: Path, text: str) -> None:
    at = file.stat().st_mtime_ns
    other = file.with_name("other.yaml")
    edit(other, text)
    os.utime(other, ns=(at, at))
    other.replace(file)


def replace_with_a_link(file: Path, text: str) -> None:
    target = file.with_name("target.yaml")
    edit(target, text)
    file.unlink()
    file.symlink_to(target)


def replace_a_link(file: Path, text: str) -> None:
    replace_with_a_link(file, file.read_text(encoding="utf-8"))
    load_settings(file)
    other = file.with_name("other.yaml")
    edit(other, text)
    file.unlink()
    file.symlink_to(other)


def move_the_folder(file: Path, text: str) -> None:
    file.parent.rename(file.parent.with_name("before"))
    file.parent.mkdir()
    edit(file, text)


@pytest.mark.parametrize("age", [0.0, 3.1], ids=["just written", "at rest"])
def test_settings_are_read_anew_after_every_kind_of_change(tmp_path: Path, age: float) -> None:
    changes = {
        Home(tmp_path / change.__name__): change
        for change in (
            *(edit, edit_and_set_the_time_back, replace_with_the_same_time),
            *(replace_with_a_link, replace_a_link, move_the_folder),
        )
    }
    before = render(Settings())
    after = before.replace("  r: 16", "  r: 32")
    assert len(before) == len(after)
    for home in changes:
        home.settings()
    time.sleep(age)
    for home, change in changes.items():
        assert home.settings().lora.r == 16
        change(home.settings_file, after)
        assert home.settings().lora.r == 32, change


def test_a_link_that_is_made_or_replaced_later_is_followed(home: Home, tmp_path: Path) -> None:
    data, disk = home.root / "data", tmp_path / "disk"
    save(home.settings_file, {"paths.raw": "data/raw"})
    (data / "raw").mkdir(parents=True)
    for _ in range(2):
        home.settings()

    # The same folder as before, now inside of one of ours.
    data.rename(home.settings_file.parent / "data")
    data.symlink_to(home.settings_file.parent / "data")
    with pytest.raises(ConfigError, match=r"paths\.raw\): 프로그램이"):
        home.settings()

    data.unlink()
    data.symlink_to(disk)
    home.settings()
    data.unlink()
    data.symlink_to(home.settings_file.parent)
    with pytest.raises(ConfigError, match=r"paths\.raw\): 프로그램이"):
        home.settings()

    # A folder of ours that becomes a link into one that was chosen.
    data.unlink()
    home.settings()
    home.state_folder.symlink_to(data / "raw")
    with pytest.raises(ConfigError, match=r"paths\.raw\): 프로그램이"):
        home.settings()
