"""A `.gguf` file loads like the model it was converted from."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from kakaobot.base.loading import load_base
from kakaobot.base.tokenizer import read_tokenizer_info
from kakaobot.errors import BaseModelError
from kakaobot.schema import ChatMessage
from kakaobot.starter import FOLDER
from tests.base.gguf_files import write_gguf

MESSAGES = [
    ChatMessage("user", "안녕하세요 3시에 뭐 해요? ㅋㅋㅋ", "가"),
    ChatMessage("assistant", "  집에 있어요\n쉬는 중", "나", is_target=True),
]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gguf(FOLDER, tmp_path_factory.mktemp("gguf") / "starter.gguf")


@pytest.mark.slow
def test_a_gguf_file_has_the_ids_and_logits_of_its_source(file: Path) -> None:
    source, converted = (
        load_base(str(path), load_in_4bit=False, dtype="float32") for path in (FOLDER, file)
    )
    ids = source.renderer.encode(MESSAGES)
    assert converted.renderer.encode(MESSAGES) == ids
    assert (converted.context, converted.renderer.end_id) == (
        source.context,
        source.renderer.end_id,
    )
    with torch.inference_mode():
        logits = [base.model(torch.tensor([ids.ids])).logits for base in (source, converted)]
    assert torch.equal(*logits)
    info = read_tokenizer_info(str(file))
    assert info.renderer.encode(MESSAGES) == ids
    assert info.context == source.context


@pytest.mark.parametrize("content", [b"", b"GGUF", b"no model at all" * 9])
def test_a_damaged_gguf_file_is_a_readable_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.gguf"
    file.write_bytes(content)
    for read in (read_tokenizer_info, load_base):
        with pytest.raises(BaseModelError, match=r"broken\.gguf 파일이"):
            read(str(file))
