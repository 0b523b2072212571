"""An adapter in a GGUF file is as strong as in `peft`, or is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from kakaobot.base.tokenizer import load_tokenizer
from kakaobot.chat_template import renderer_for
from kakaobot.conversion.base_gguf import write_base_gguf
from kakaobot.conversion.families import NoGguf
from kakaobot.conversion.lora_gguf import lora_blocker, write_lora_gguf
from kakaobot.errors import RunError
from tests.conversion.llama_cpp import llama_cpp
from tests.conversion.tiny_models import PROMPTS, greedy, save_lora, save_tiny

pytestmark = pytest.mark.slow
SCALINGS: dict[str, dict[str, Any]] = {
    "plain": {"lora_alpha": 3},
    "rslora": {"use_rslora": True, "r": 9},
    "ranks": {"rank_pattern": {"q_proj": 2, r"layers\.1\.mlp\.up_proj": 7}},
    "alphas": {"alpha_pattern": {"down_proj": 31, "layers.0.self_attn.v_proj": 1}},
    "rslora-patterns": {
        "use_rslora": True,
        "rank_pattern": {"o_proj": 6},
        "alpha_pattern": {"o_proj": 20},
    },
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny("llama", tmp_path_factory.mktemp("llama") / "base")


@pytest.fixture(scope="module")
def base_file(base: Path) -> Path:
    file = base.parent / "base.gguf"
    write_base_gguf(base, file, "f32")
    return file


@pytest.mark.parametrize("name", SCALINGS)
def test_every_product_has_the_scaling_of_peft(
    name: str, base: Path, base_file: Path, tmp_path: Path
) -> None:
    adapter = save_lora(base, tmp_path / "adapter", **SCALINGS[name])
    write_lora_gguf(adapter, base, tmp_path / "adapter.gguf")
    model: Any = AutoModelForCausalLM.from_pretrained(str(base), dtype=torch.float32)
    adapted = PeftModel.from_pretrained(model, str(adapter))
    reader = gguf.GGUFReader(tmp_path / "adapter.gguf")
    assert reader.fields["general.type"].contents() == "adapter"
    assert reader.fields["adapter.type"].contents() == "lora"
    alpha = reader.fields["adapter.lora.alpha"].contents()
    tensors = {tensor.name: tensor.data for tensor in reader.tensors}
    module: Any = adapted.get_submodule("base_model.model.model.layers.1.mlp.up_proj")
    product = module.get_delta_weight("default")
    up, down = (tensors[f"blk.1.ffn_up.weight.lora_{side}"] for side in "ba")
    # As llama.cpp does: by the rank of this module.
    assert np.allclose(up @ down * (alpha / len(down)), product.detach().numpy(), atol=1e-5)
    renderer = renderer_for(load_tokenizer(str(base)))
    with llama_cpp(base_file, tmp_path / "adapter.gguf") as engine:
        for messages in PROMPTS:
            prompt = renderer.prompt(messages)
            expected = greedy(adapted, prompt, 16, renderer.end_id)
            assert engine.greedy(prompt, 16) == expected


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"use_dora": True}, "DoRA"),
        ({"modules_to_save": ["embed_tokens"]}, "통째로 배운 층"),
        ({"modules_to_save": ["lm_head"]}, "통째로 배운 층"),
        ({"target_modules": ["q_proj", "embed_tokens"]}, "통째로 배운 층"),
        ({"target_modules": ["q_proj", "lm_head"]}, "통째로 배운 층"),
        ({"target_modules": ["q_proj", "lm_head"], "embeddings": False}, "lm_head"),
        ({"bias": "lora_only", "lora_bias": True}, "bias"),
    ],
)
def test_what_is_more_than_lora_is_refused(
    options: dict[str, Any], named: str, base: Path, tmp_path: Path
) -> None:
    adapter = save_lora(base, tmp_path / "adapter", **options)
    assert named in lora_blocker(adapter, base)
    with pytest.raises(NoGguf, match="합쳐야 합니다"):
        write_lora_gguf(adapter, base, tmp_path / "adapter.gguf")
    assert list(tmp_path.iterdir()) == [adapter]


def test_the_adapter_of_another_base_is_refused(base: Path, tmp_path: Path) -> None:
    adapter = save_lora(base, tmp_path / "adapter")
    file = adapter / "adapter_model.safetensors"
    weights = {
        name: values[:, :-1].contiguous() if ".lora_A." in name else values
        for name, values in load_file(file).items()
    }
    save_file(weights, file)
    with pytest.raises(RunError, match="바탕 모델의 것이 아닙니다"):
        write_lora_gguf(adapter, base, tmp_path / "adapter.gguf")


def test_a_stop_leaves_neither_a_part_nor_a_draft(base: Path, tmp_path: Path) -> None:
    adapter = save_lora(base, tmp_path / "adapter")
    file = tmp_path / "adapter.gguf"
    file.write_bytes(b"old")

    def stop(share: float, text: str) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_lora_gguf(adapter, base, file, stop)
    assert file.read_bytes() == b"old"
    assert sorted(tmp_path.iterdir()) == [adapter, file]


def test_an_unknown_family_is_a_sentence(base: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(base, tmp_path / "other"))
    config = json.loads((other / "config.json").read_text(encoding="utf-8"))
    (other / "config.json").write_text(json.dumps(config | {"model_type": "mistral"}))
    with pytest.raises(NoGguf, match=r"바탕 모델\(mistral\)은 GGUF 로 바꿀 수 없습니다"):
        write_base_gguf(other, tmp_path / "base.gguf", "f32")
    assert not (tmp_path / "base.gguf").exists()
