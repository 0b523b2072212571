"""A damaged base model is one sentence that names the file, before its weights are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kakaobot.base.files import check_files, is_local
from kakaobot.base.loading import load_base
from kakaobot.base.tokenizer import read_tokenizer_info
from kakaobot.errors import BaseModelError
from kakaobot.starter import FOLDER
from tests.base.damages import DAMAGES, copy_base, overwrite, shard
from tests.base.gguf_files import write_gguf
from tests.patience import spends_less_than

FILES = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "model.safetensors",
)
HANGUL = re.compile(r"[가-힣]")


def refused(base: Path, file: str) -> None:
    """Every way to read a base gives one sentence with the file's name."""
    for read in (check_files, read_tokenizer_info, load_base):
        with pytest.raises(BaseModelError) as caught:
            read(str(base))
        message = str(caught.value)
        assert f"{file} 파일이 " in message
        assert "다시 내려받거나 복사하세요" in message
        assert "\n" not in message


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("file", FILES)
def test_a_damaged_file_is_named(
    tmp_path: Path, file: str, damage: Callable[[Path], object]
) -> None:
    base = copy_base(tmp_path / "base")
    check_files(str(base))
    damage(base / file)
    refused(base, file)


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_missing_file_is_named(tmp_path: Path, file: str) -> None:
    base = copy_base(tmp_path / "base")
    (base / file).unlink()
    refused(base, file)


@pytest.mark.parametrize("file", ["generation_config.json", "tokenizer_config.json", "README.md"])
def test_a_file_that_loading_does_not_need_may_be_missing(tmp_path: Path, file: str) -> None:
    base = copy_base(tmp_path / "base")
    (base / file).unlink()
    check_files(str(base))


@pytest.mark.parametrize("suffix", [".crdownload", ".incomplete", ".part", ".aria2"])
def test_a_download_under_way_is_named(tmp_path: Path, suffix: str) -> None:
    base = copy_base(tmp_path / "base")
    weights = base / "model.safetensors"
    weights.rename(base / f"model.safetensors{suffix}")
    refused(base, f"model.safetensors{suffix}")


def test_shards_are_checked_too(tmp_path: Path) -> None:
    base = shard(copy_base(tmp_path / "base"))
    check_files(str(base))
    assert load_base(str(base)).context == 512
    second = base / "model-00002-of-00002.safetensors"
    DAMAGES["truncated"](second)
    refused(base, second.name)
    second.unlink()
    refused(base, second.name)
    DAMAGES["truncated"](base / "model.safetensors.index.json")
    refused(base, "model.safetensors.index.json")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("no JSON", b"\x10\0\0\0\0\0\0\0not a header at!"),
        ("a list", b"\x02\0\0\0\0\0\0\0[]"),
        ("no offsets", b'\x08\0\0\0\0\0\0\0{"a":{}}'),
        ("an endless header", b"\xff\xff\xff\xff\xff\xff\xff\x7f{}"),
        ("something behind", b"\x02\0\0\0\0\0\0\0{}more"),
        ("deep nesting", (100_000).to_bytes(8, "little") + b"[" * 100_000),
    ],
)
def test_a_header_that_no_tool_writes_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    base = copy_base(tmp_path / "base")
    (base / "model.safetensors").write_bytes(content)
    refused(base, "model.safetensors")


@pytest.mark.parametrize(
    "content",
    [b"{}", b'{"model": {"type": "BPE"}}', b'{"version": "1.0", "model": {"type": "?"}}', b"[1]"],
)
def test_a_tokenizer_of_another_kind_is_a_readable_error(tmp_path: Path, content: bytes) -> None:
    base = copy_base(tmp_path / "base")
    (base / "tokenizer.json").write_bytes(content)
    for read in (read_tokenizer_info, load_base):
        with pytest.raises(BaseModelError, match="읽지 못했습니다"):
            read(str(base))


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b'{"model_type": "nothing-known"}',
        b'{"model_type": ["qwen3"]}',
        b'{"model_type": "qwen3", "max_position_embeddings": "many"}',
        b'{"model_type": "qwen3", "text_config": "none"}',
        b'{"model_type": "qwen3", "dtype": "os.system"}',
        b'{"model_type": "qwen3", "torch_dtype": "load"}',
        b'{"model_type": "qwen3", "hidden_size": -1}',
        b'{"model_type": "qwen3", "num_attention_heads": 0}',
        b'{"model_type": "qwen3", "quantization_config": {"quant_method": "os"}}',
        b'{"model_type": "qwen3", "quantization_config": {"quant_method": "gptq", "bits": 4}}',
        b'{"model_type": "qwen3", "_attn_implementation": "nothing"}',
    ],
)
def test_a_config_of_another_kind_is_a_readable_error(tmp_path: Path, content: bytes) -> None:
    base = copy_base(tmp_path / "base")
    (base / "config.json").write_bytes(content)
    with pytest.raises(BaseModelError) as caught:
        load_base(str(base))
    assert HANGUL.search(str(caught.value))


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_gguf_file_is_named(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    file = write_gguf(FOLDER, tmp_path / "small.gguf")
    check_files(str(file))
    damage(file)
    if file.is_dir():
        with pytest.raises(BaseModelError, match=r"config\.json"):
            check_files(str(file))
    else:
        refused(file, "small.gguf")


@pytest.mark.parametrize("missing_bytes", [1, 1000])
def test_a_gguf_file_without_its_end_is_refused(tmp_path: Path, missing_bytes: int) -> None:
    file = write_gguf(FOLDER, tmp_path / "small.gguf")
    raw = file.read_bytes()
    # The last tensor is padded.
    file.write_bytes(raw.rstrip(b"\0")[:-missing_bytes])
    refused(file, "small.gguf")


def test_other_files_are_no_models(tmp_path: Path) -> None:
    base = copy_base(tmp_path / "base")
    with pytest.raises(BaseModelError, match="폴더도 .gguf 파일도 아닙니다"):
        check_files(str(base / "model.safetensors"))


@pytest.mark.parametrize("name", ["/gone/model", "C:\\models\\gone", "D:/models/gone", "gone.gguf"])
def test_a_model_that_is_gone_is_one_sentence(name: str) -> None:
    assert is_local(name)
    with pytest.raises(BaseModelError, match="그 자리에 없습니다"):
        check_files(name)


def test_an_uncached_hub_model_is_not_refused() -> None:
    assert not is_local("nobody/no-such-model")
    check_files("nobody/no-such-model")


def test_weights_are_not_read(tmp_path: Path) -> None:
    base = copy_base(tmp_path / "base")
    header = b'{"a":{"dtype":"F32","shape":[2000000000],"data_offsets":[0,8000000000]}}'
    with (base / "model.safetensors").open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + 8_000_000_000)
    with spends_less_than(1):
        check_files(str(base))


def test_a_repaired_file_is_accepted(tmp_path: Path) -> None:
    base = copy_base(tmp_path / "base")
    good = (base / "config.json").read_bytes()
    overwrite(b"")(base / "config.json")
    refused(base, "config.json")
    overwrite(good)(base / "config.json")
    check_files(str(base))
