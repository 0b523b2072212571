"""Every YAML file is read by one strict reader; what it refuses costs no time and no memory."""

from __future__ import annotations

import os
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from kakaobot.app.settings import SettingsEditor
from kakaobot.config import Home, load_settings, render
from kakaobot.errors import ConfigError, KakaobotError
from kakaobot.runs.run import Run
from kakaobot.settings import Settings, TrainingSettings
from kakaobot.text_file import MAX_BYTES
from kakaobot.train import worker
from kakaobot.train.launch_command import launch_command
from kakaobot.yaml_file import parse_yaml
from tests.conftest import write_password
from tests.patience import spends_less_than
from tests.prepared_home import is_sentence, run_command

ALIASES = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
BOMBS = {
    "aliases": ALIASES,
    "flow sequences": "[" * 100_000,
    "flow mappings": "{a: " * 100_000,
    "block sequences": "- " * 100_000,
    "complex keys": "? " * 100_000,
    "indented groups": "\n".join(f"{' ' * depth}a:" for depth in range(900)),
    "a number in base 60": "seed: 1" + ":1" * 200_000,
    "a number of many digits": "seed: " + "9" * 400_000,
    "very many values": "words: [" + "a," * 200_000 + "]",
    "very many keys": "".join(f"a{number}: 1\n" for number in range(40_000)),
    "too large": "# " + "가" * MAX_BYTES,
}
REFUSED = [
    ("training: {}\nlora: {}\ntraining:\n  epochs: 1", "3번째 줄: 'training' 이(가) 1번째 줄에도"),
    ("lora:\n  r: 1\n  alpha: 2\n  r: 3", "4번째 줄: 'r' 이(가) 2번째 줄에도"),
    ("lora: {r: 1,\n  'r': 2}", "2번째 줄: 'r' 이(가) 1번째 줄에도"),
    ("a:\n  b:\n    - {c: 1, c: 2}", "3번째 줄: 'c' 이(가) 3번째 줄에도"),
    ("? [가]\n: 1", "1번째 줄: 키 자리에 목록"),
    ("lora:\n\tr: 3", "2번째 줄: 탭이 들어"),
    ("lora:\n  r:\t3", "2번째 줄: 탭이 들어"),
    ("data:\n  room: '모임\n  persona: 가은\n", "2번째 줄: 따옴표나 괄호가 닫히지"),
    ('data:\n  room: "모임\n', "2번째 줄: 따옴표나 괄호가 닫히지"),
    ("data:\n  mask_words: [가, 나\n  room: 모임\n", "2번째 줄: 괄호가 닫히지"),
    ("data:\n  persona: 예: 이름", "2번째 줄: 한 줄에 ':' 이 둘"),
    ("data:\n  persona: @가은", "2번째 줄: '@' 로 시작하는"),
    ("data:\n  persona: *가은*", "2번째 줄: 값을 따옴표로"),
    ("data:\n  persona: !가은", "2번째 줄: 값을 따옴표로"),
    ("data:\n  persona: &가은", "2번째 줄: 값을 따옴표로"),
    ("data:\n  persona: =", "2번째 줄: 값을 따옴표로"),
    ("a: &a 1\nb: *a", "2번째 줄: '*' 로 다른 값을"),
    ("data:\n  <<: {room: 모임}", "2번째 줄: 값을 따옴표로"),
    ("lora: {}\n---\ndata: {}", "2번째 줄: '---' 로 나눈"),
    ("data:\n  room: 2026-13-45", "2번째 줄: 알아볼 수 없는 값"),
    ("a: !!int 여덟", "1번째 줄: 알아볼 수 없는 값"),
    ("a: !!bool 글쎄", "1번째 줄: 알아볼 수 없는 값"),
    ("a: !!timestamp 어제", "1번째 줄: 알아볼 수 없는 값"),
    ("lora:\n  r: \x07", "2번째 줄: 눈에 보이지 않는 제어 문자"),
    ('data:\n  room: "\\ud800"', "2번째 줄: 글자가 아닌 것"),
    ('"\\udc00": 1', "1번째 줄: 글자가 아닌 것"),
    ("lora:\n r: 3\n  alpha: 2", "3번째 줄: "),
]


def accelerate_file(folder: Path, text: str) -> object:
    (folder / "accelerate.yaml").write_text(text, encoding="utf-8")
    return launch_command(TrainingSettings(accelerate_config="accelerate.yaml"), folder)


def run_config(folder: Path, text: str) -> object:
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    return Run(folder).config()


def settings_file(folder: Path, text: str) -> object:
    (folder / "sft.yaml").write_text(text, encoding="utf-8")
    return load_settings(folder / "sft.yaml")


READERS = [settings_file, run_config, accelerate_file]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_a_problem_is_one_sentence_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, "설정")
    assert str(caught.value).startswith(f"설정 {message}")
    assert "\n" not in str(caught.value)
    assert not re.search("expected|found|while", str(caught.value))


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("text", ["lora: {}\nlora: {}", ALIASES, "lora:\n\tr: 3"])
def test_every_reader_is_the_same(
    tmp_path: Path, read: Callable[[Path, str], object], text: str
) -> None:
    with pytest.raises(KakaobotError, match="번째 줄: "):
        read(tmp_path, text)


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_at_once_and_in_little_memory(tmp_path: Path, bomb: str) -> None:
    file = tmp_path / "sft.yaml"
    file.write_text(bomb, encoding="utf-8")
    with spends_less_than(1), pytest.raises(ConfigError):
        load_settings(file)
    tracemalloc.start()
    with pytest.raises(ConfigError):
        load_settings(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50e6


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.mkdir", "!!python/name:os.mkdir"])
def test_a_tag_runs_nothing(tmp_path: Path, tag: str) -> None:
    with pytest.raises(ConfigError, match="꼬리표"):
        parse_yaml(f"data: {tag} ['{tmp_path / 'made'}']", "설정")
    assert not (tmp_path / "made").exists()


def test_a_file_of_100_megabytes_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "sft.yaml"
    with file.open("wb") as stream:
        stream.truncate(100 * 2**20)
    tracemalloc.start()
    with pytest.raises(ConfigError, match="너무 큽니다"):
        load_settings(file)
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


@pytest.mark.parametrize("make", [Path.mkdir, getattr(os, "mkfifo", Path.mkdir)])
def test_what_is_no_file_is_not_opened(home: Home, make: Callable[[Path], None]) -> None:
    home.settings_file.unlink()
    make(home.settings_file)
    with pytest.raises(ConfigError, match="파일이 아닙니다"):
        home.settings()


@pytest.mark.parametrize(
    "argv",
    [
        *(["settings"], ["organize"], ["people"], ["people", "--exclude", "가은"], ["preprocess"]),
        *(["people", "--include", "가은"], ["archive", "--yes"], ["train"], ["train", "--dry-run"]),
        *(["stop"], ["status"], ["runs"], ["reply", "안녕"], ["chat"], ["smoke"]),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize(
    "text", ["lora: {}\nlora: {}\n", ALIASES, "lora:\n\tr: 8", "- 1", "\ufffe"]
)
def test_every_command_refuses_the_same_files(home: Home, argv: list[str], text: str) -> None:
    write_password(home, "귤")
    home.settings_file.write_text(text, encoding="utf-8")
    code, said = run_command(home, argv)
    assert code == 1
    assert is_sentence(said)
    assert home.settings_file.read_text(encoding="utf-8") == text


def test_the_settings_tab_refuses_a_duplicate_section(home: Home) -> None:
    home.settings_file.write_text("lora: {}\nlora: {}\n", encoding="utf-8")
    editor = SettingsEditor(home)
    for action in (editor.values, lambda: editor.save({"lora.r": 8})):
        with pytest.raises(ConfigError, match="2번째 줄: 'lora'"):
            action()


def test_a_worker_refuses_a_duplicate_section(tmp_path: Path) -> None:
    run = Run(tmp_path / "main")
    run.create({})
    (run.path / "config.yaml").write_text("base: {}\nbase: {}\n", encoding="utf-8")
    assert worker.main([str(run.path)]) == 1
    assert "2번째 줄: 'base'" in run.status().message


def test_the_settings_it_writes_are_read_back_within_the_limits() -> None:
    names = tuple(f"이름 {number}" for number in range(9_000))
    crowded = Settings.model_validate({"data": {"exclude_people": names}})
    document = parse_yaml(render(crowded), "설정")
    assert isinstance(document, dict)
    assert document["data"]["exclude_people"] == list(names)
