"""Loads the real starter, plainly and in 4 bits, and checks fallbacks and errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from kakaobot.base.loading import load_base
from kakaobot.base.tokenizer import read_tokenizer_info
from kakaobot.config import ROOT
from kakaobot.errors import BaseModelError
from kakaobot.schema import ChatMessage
from kakaobot.starter import FOLDER
from tests.patience import patience


def test_the_starter_loads_with_a_context_of_512_tokens() -> None:
    base = load_base(str(FOLDER))
    assert base.context == 512
    assert not base.quantized
    assert base.dtype is torch.float32
    assert base.notes == ()


def test_tokenizer_info_matches_the_loaded_model() -> None:
    base, info = load_base(str(FOLDER)), read_tokenizer_info(str(FOLDER))
    messages = [
        ChatMessage("user", "밥 먹었어?", "도담"),
        ChatMessage("assistant", "ㅇㅇ", is_target=True),
    ]
    assert info.renderer.encode(messages) == base.renderer.encode(messages)
    assert info.context == base.context


def test_a_model_loads_and_computes_in_4_bits() -> None:
    plain, base = load_base(str(FOLDER)), load_base(str(FOLDER), load_in_4bit=True)
    assert base.quantized
    assert base.model.get_memory_footprint() < plain.model.get_memory_footprint() * 0.8
    ids = torch.tensor([base.renderer.prompt([ChatMessage("user", "안녕")])])
    with torch.inference_mode():
        one, other = base.model(input_ids=ids).logits, plain.model(input_ids=ids).logits
    assert torch.isfinite(one).all()
    assert torch.nn.functional.cosine_similarity(one[0, -1].float(), other[0, -1], dim=0) > 0.9


@pytest.mark.slow
def test_failed_4bit_loading_falls_back_with_a_note() -> None:
    program = f"""
import sys
sys.modules["bitsandbytes"] = None
from kakaobot.base.loading import load_base
reports = []
base = load_base({str(FOLDER)!r}, load_in_4bit=True, report=reports.append)
assert not base.quantized
print(base.notes[0])
print([text for text in reports if "4비트로 읽지 못해" in text][0])
"""
    completed = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", program],
        cwd=ROOT, capture_output=True, encoding="utf-8", timeout=patience(), check=False,
    )  # fmt: skip
    assert completed.returncode == 0, completed.stderr
    lines = completed.stdout.strip().splitlines()[-2:]
    assert lines[0] == lines[1]
    assert "4비트로 읽지 못해" in lines[0]


def test_a_load_that_does_not_fit_suggests_a_smaller_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kakaobot.base.loading.free_memory", lambda device: 1_000_000)
    monkeypatch.setattr("kakaobot.base.loading._load_quantized", lambda *_: None)
    with pytest.raises(BaseModelError, match="Qwen/Qwen3-0.6B"):
        load_base(str(FOLDER), load_in_4bit=True)


def test_damaged_weights_are_a_readable_error(tmp_path: Path) -> None:
    for file in FOLDER.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    with pytest.raises(BaseModelError, match="읽지 못했습니다"):
        load_base(str(tmp_path))


def test_an_unreachable_model_is_a_readable_error() -> None:
    with pytest.raises(BaseModelError, match="인터넷 연결"):
        load_base("nobody/no-such-model")
    with pytest.raises(BaseModelError, match="starter"):
        read_tokenizer_info("nobody/no-such-model")
