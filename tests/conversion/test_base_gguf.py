"""A base in a GGUF file: its tokenizer, its precision, and the one file that all runs share."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from safetensors.torch import load_file

from kakaobot.base.gguf_header import is_complete
from kakaobot.base.tokenizer import load_tokenizer
from kakaobot.chat_template import renderer_for
from kakaobot.conversion.base_gguf import (
    BaseSource,
    cached_base_gguf,
    fingerprint,
    write_base_gguf,
)
from kakaobot.conversion.families import NoGguf
from kakaobot.conversion.quantization import Quant
from kakaobot.starter import FOLDER
from tests.conversion.llama_cpp import llama_cpp
from tests.conversion.tiny_models import PADDING, PERSON, PROMPTS, copy_base, save_tiny

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def padded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base with more rows than tokens."""
    return save_tiny("qwen3", tmp_path_factory.mktemp("padded") / "base")


def test_rows_behind_the_vocabulary_are_never_text(padded: Path, tmp_path: Path) -> None:
    write_base_gguf(padded, tmp_path / "base.gguf", "f32")
    reader = gguf.GGUFReader(tmp_path / "base.gguf")
    tokens = reader.fields["tokenizer.ggml.tokens"].contents()
    kinds = reader.fields["tokenizer.ggml.token_type"].contents()
    count = len(load_tokenizer(str(padded)))
    rows = load_file(padded / "model.safetensors")["model.embed_tokens.weight"].shape[0]
    assert len(tokens) == len(kinds) == rows == count + PADDING
    assert set(kinds[count:]) == {int(gguf.TokenType.UNUSED)}
    assert int(gguf.TokenType.UNUSED) not in kinds[:count]
    with llama_cpp(tmp_path / "base.gguf") as engine:
        assert engine.ids(f"[PAD{count}]") == load_tokenizer(str(padded)).encode(f"[PAD{count}]")


def test_tied_embeddings_are_written_once(padded: Path, tmp_path: Path) -> None:
    write_base_gguf(padded, tmp_path / "tied.gguf", "f32")
    untied = save_tiny("qwen3-untied", tmp_path / "untied")
    write_base_gguf(untied, tmp_path / "untied.gguf", "f32")
    names = [
        {tensor.name for tensor in gguf.GGUFReader(tmp_path / file).tensors}
        for file in ("tied.gguf", "untied.gguf")
    ]
    assert names[1] - names[0] == {"output.weight"}


def test_decomposed_hangul_has_the_same_ids_once_it_is_composed(tmp_path: Path) -> None:
    write_base_gguf(FOLDER, tmp_path / "base.gguf", "q8_0")
    tokenizer = load_tokenizer(str(FOLDER))
    text = "내일 한강에서 만날까? ㅋㅋ"
    decomposed = unicodedata.normalize("NFD", text)
    expected = tokenizer.encode(text)
    assert tokenizer.encode(decomposed) == expected
    with llama_cpp(tmp_path / "base.gguf") as engine:
        assert engine.ids(unicodedata.normalize("NFC", decomposed)) == expected
        # Which is why it has to be composed before.
        assert engine.ids(decomposed) != expected


def test_the_template_in_the_file_renders_names(tmp_path: Path) -> None:
    write_base_gguf(FOLDER, tmp_path / "base.gguf", "q8_0")
    renderer = renderer_for(load_tokenizer(str(FOLDER)))
    messages = [
        {"role": m.role, "content": m.content, **({"name": m.name} if m.name else {})}
        for m in PERSON
    ]
    text = "".join(segment.text for segment in renderer.segments(PERSON))
    with llama_cpp(tmp_path / "base.gguf") as engine:
        assert engine.rendered(messages) == text + renderer.chat_format.generation_prompt


@pytest.mark.parametrize(
    ("quant", "error"), [("bf16", 0.0), ("f16", 1e-3), ("q8_0", 0.01), ("q4_0", 0.126)]
)
def test_a_precision_keeps_the_weights(quant: Quant, error: float, tmp_path: Path) -> None:
    """Of the starter, whose weights are in bf16."""
    write_base_gguf(FOLDER, tmp_path / "base.gguf", quant)
    reader = gguf.GGUFReader(tmp_path / "base.gguf")
    source = BaseSource(FOLDER)
    for name in source.weights.names():
        tensor = next(t for t in reader.tensors if t.name == source.gguf_name(name))
        stored = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        wanted = source.weights.read(name)
        assert np.abs(stored - wanted).max() <= error * np.abs(wanted).max()
    assert source.size(quant) == sum(tensor.n_bytes for tensor in reader.tensors)
    renderer = renderer_for(load_tokenizer(str(FOLDER)))
    with llama_cpp(tmp_path / "base.gguf") as engine:
        assert all(engine.greedy(renderer.prompt(messages), 8) for messages in PROMPTS)


def test_all_runs_share_one_file(padded: Path, tmp_path: Path) -> None:
    told: list[float] = []
    first = cached_base_gguf(padded, "q8_0", tmp_path / "kept", lambda share, _: told.append(share))
    assert told[0] == 0
    assert told[-1] == 1
    assert told == sorted(told)
    again = cached_base_gguf(padded, "q8_0", tmp_path / "kept", _never)
    assert again == first
    assert is_complete(first)
    other = cached_base_gguf(padded, "q4_0", tmp_path / "kept")
    assert sorted(first.parent.iterdir()) == sorted((first, other))
    first.write_bytes(first.read_bytes()[:-1000])
    assert is_complete(cached_base_gguf(padded, "q8_0", tmp_path / "kept"))


def _never(share: float, text: str) -> None:
    raise AssertionError(text)


def test_a_base_with_other_weights_is_another_base(padded: Path, tmp_path: Path) -> None:
    changed = copy_base(padded, tmp_path / "changed")
    assert fingerprint(changed) == fingerprint(padded)
    file = changed / "model.safetensors"
    raw = bytearray(file.read_bytes())
    raw[-1] ^= 1
    raw[len(raw) // 2 :] = bytes(byte ^ 1 for byte in raw[len(raw) // 2 :])
    file.write_bytes(raw)
    assert fingerprint(changed) != fingerprint(padded)


def test_the_draft_of_a_killed_process_is_removed(padded: Path, tmp_path: Path) -> None:
    (tmp_path / "base.gguf.4194305.new").write_bytes(b"half")
    write_base_gguf(padded, tmp_path / "base.gguf", "q8_0")
    assert [file.name for file in tmp_path.iterdir()] == ["base.gguf"]


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("pre_tokenizer", {"type": "Whitespace"}),
        ("normalizer", {"type": "Lowercase"}),
        ("model", {"ignore_merges": True}),
    ],
)
def test_a_tokenizer_that_llama_cpp_lacks_is_refused(
    part: str, change: dict[str, Any], padded: Path, tmp_path: Path
) -> None:
    other = copy_base(padded, tmp_path / "other")
    raw = json.loads((other / "tokenizer.json").read_text(encoding="utf-8"))
    raw[part] = (raw[part] if part == "model" else {}) | change
    (other / "tokenizer.json").write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(NoGguf, match="토크나이저"):
        write_base_gguf(other, tmp_path / "base.gguf", "q8_0")
    assert list(tmp_path.iterdir()) == [other]
