"""Nothing that a model folder brings along is run: no Python, no pickle, no kernel."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import pickle
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from kakaobot.base.files import check_files
from kakaobot.base.loading import load_base
from kakaobot.base.tokenizer import load_tokenizer, read_tokenizer_info
from kakaobot.cli import main
from kakaobot.config import ROOT, Home, save
from kakaobot.errors import BaseModelError
from tests.base.damages import copy_base

FOLDERS = ("kakaobot", "ui", "scripts", "benchmarks")
SAFE_SOURCES = ("pretrained_source(name)", "source", "options")
"""What may be unpacked into `from_pretrained`: all come from `pretrained_source`."""


class Payload:
    """Creates a file when it is unpickled."""

    def __init__(self, ran: Path) -> None:
        self._ran = ran

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self._ran),)


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """Exists once foreign code has run."""
    return tmp_path / "ran"


@pytest.fixture
def base(tmp_path: Path, ran: Path) -> Path:
    """A base with Python of its own."""
    base = copy_base(tmp_path / "base")
    code = (
        f"import os\nos.mkdir({str(ran)!r})\n"
        "from transformers import PreTrainedConfig, PreTrainedTokenizerFast, Qwen3ForCausalLM\n"
        "class Config(PreTrainedConfig): model_type = 'own'\n"
        "class Model(Qwen3ForCausalLM): pass\n"
        "class Tok(PreTrainedTokenizerFast): pass\n"
    )
    (base / "own_code.py").write_text(code, encoding="utf-8")
    generate = base / "custom_generate"
    generate.mkdir()
    (generate / "generate.py").write_text(code, encoding="utf-8")
    return base


def change(file: Path, changes: Mapping[str, Any]) -> None:
    document = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**document, **changes}), encoding="utf-8")


MODEL_CODE = {
    "AutoConfig": "own_code.Config",
    "AutoModel": "own_code.Model",
    "AutoModelForCausalLM": "own_code.Model",
}


def test_a_model_that_needs_its_own_code_is_refused(base: Path, ran: Path) -> None:
    change(base / "config.json", {"model_type": "own", "auto_map": MODEL_CODE})
    for read in (check_files, read_tokenizer_info, load_base):
        with pytest.raises(BaseModelError, match="own_code.py.*실행하지 않고 멈췄습니다"):
            read(str(base))
    assert not ran.exists()


def test_code_in_another_repository_is_refused(base: Path, ran: Path) -> None:
    (base / "own_code.py").unlink()
    there = {kind: f"someone/else--{name}" for kind, name in MODEL_CODE.items()}
    change(base / "config.json", {"model_type": "own", "auto_map": there})
    with pytest.raises(BaseModelError, match="auto_map"):
        load_base(str(base))
    assert not ran.exists()


def test_a_known_model_loads_without_its_own_code(base: Path, ran: Path) -> None:
    change(base / "config.json", {"auto_map": MODEL_CODE})
    change(base / "tokenizer_config.json", {"auto_map": {"AutoTokenizer": [None, "own_code.Tok"]}})
    read_tokenizer_info(str(base))
    loaded = load_base(str(base))
    assert type(loaded.model).__module__.startswith("transformers.")
    assert type(loaded.tokenizer).__module__.startswith("transformers.")
    assert not ran.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"tokenizer_class": "Tok", "auto_map": {"AutoTokenizer": ["own_code.Tok", None]}},
        {"tokenizer_class": "Tok", "auto_map": {"AutoTokenizer": "own_code.Tok"}},
        {"tokenizer_class": "own_code.Tok"},
        {"tokenizer_class": "os.system"},
        {"processor_class": "own_code.Tok", "backend": "own_code"},
    ],
)
def test_a_tokenizer_never_runs_its_own_code(
    base: Path, ran: Path, changes: dict[str, Any]
) -> None:
    change(base / "tokenizer_config.json", changes)
    for read in (load_tokenizer, load_base):
        try:
            read(str(base))
        except BaseModelError as error:
            assert "\n" not in str(error)
    assert not ran.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"_attn_implementation": "kernels-community/flash-attn2"},
        {"attn_implementation": "someone/kernel@main"},
        {"text_config": {"_attn_implementation": "someone/kernel:forward"}},
        {"_attn_implementation": {"text_config": "someone/kernel"}},
        {"_experts_implementation": "someone/kernel"},
    ],
)
def test_a_config_cannot_choose_compiled_code(base: Path, changes: dict[str, Any]) -> None:
    change(base / "config.json", changes)
    for read in (check_files, read_tokenizer_info, load_base):
        with pytest.raises(BaseModelError, match="kernel"):
            read(str(base))


def as_legacy(file: Path, ran: Path) -> None:
    file.write_bytes(pickle.dumps({"weight": Payload(ran)}))


def as_zip(file: Path, ran: Path) -> None:
    torch.save({"weight": torch.zeros(2)}, file)
    with zipfile.ZipFile(file) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w") as archive:
        for name, raw in content.items():
            is_pickle = name.endswith("data.pkl")
            archive.writestr(name, pickle.dumps({"a": Payload(ran)}, 2) if is_pickle else raw)


@pytest.mark.parametrize("write", [as_legacy, as_zip])
def test_a_pickle_in_place_of_weights_never_runs(
    base: Path, ran: Path, write: Callable[[Path, Path], None]
) -> None:
    (base / "model.safetensors").unlink()
    write(base / "pytorch_model.bin", ran)
    with pytest.raises(BaseModelError, match="프로그램이 섞여 있거나"):
        load_base(str(base))
    assert not ran.exists()


@pytest.mark.parametrize("write", [as_legacy, as_zip])
def test_the_pickle_would_run(tmp_path: Path, ran: Path, write: Callable[..., None]) -> None:
    write(tmp_path / "weights.bin", ran)
    # The older format has a number in front.
    with contextlib.suppress(RuntimeError):
        torch.load(tmp_path / "weights.bin", weights_only=False)
    assert ran.exists()


def test_weights_of_the_older_format_load(base: Path) -> None:
    weights = load_file(base / "model.safetensors")
    (base / "model.safetensors").unlink()
    torch.save(weights, base / "pytorch_model.bin")
    assert load_base(str(base)).context == 512


def test_the_command_line_asks_nothing(
    base: Path, ran: Path, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    change(base / "config.json", {"model_type": "own", "auto_map": MODEL_CODE})
    save(home.settings_file, {"model.base_model": str(base)})
    room = home.root / "room.txt"
    lines = [
        f"[{name}] [오후 1:{minute:02}] {minute}번 길로 갈까?"
        for minute in range(50)
        for name in ("가은", "나래")
    ]
    header = "저녁 모임 님과 카카오톡 대화\n저장한 날짜 : 2026-03-02 10:00:00\n\n"
    day = "--------------- 2026년 3월 1일 일요일 ---------------\n"
    room.write_text(header + day + "\n".join(lines), encoding="utf-8")
    assert main(["organize", str(room)], home=home) == 0
    capsys.readouterr()
    assert main(["preprocess"], home=home) == 1
    error = capsys.readouterr().err
    assert "own_code.py" in error
    assert "[y/N]" not in error
    assert "Traceback" not in error
    assert not ran.exists()


def test_nothing_is_loaded_with_foreign_code_allowed() -> None:
    unsafe = [
        f"{file.relative_to(ROOT)}:{call.lineno}"
        for folder in FOLDERS
        for file in sorted((ROOT / folder).rglob("*.py"))
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and loads_a_model(call) and not is_safe(call)
    ]
    assert unsafe == []


def loads_a_model(call: ast.Call) -> bool:
    """Whether the call may run code of a model: `from_pretrained`, or `from_config` of a class
    that chooses one. peft's `PeftModel` runs none."""
    function = call.func
    if not isinstance(function, ast.Attribute):
        return False
    owner = ast.unparse(function.value)
    if function.attr == "from_config":
        return owner.startswith("Auto")
    return function.attr == "from_pretrained" and owner != "PeftModel"


def is_safe(call: ast.Call) -> bool:
    return any(
        (word.arg == "trust_remote_code" and ast.unparse(word.value) == "False")
        or (word.arg is None and ast.unparse(word.value) in SAFE_SOURCES)
        for word in call.keywords
    )
