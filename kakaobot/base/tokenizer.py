"""How a base model cuts text, read from its small files alone. Imports torch only where it must."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kakaobot.base import resolve
from kakaobot.chat_template import CHATML, IM_END, IM_START, Renderer
from kakaobot.errors import BaseModelError


@dataclass(frozen=True)
class TokenizerInfo:
    renderer: Renderer
    context: int
    """Tokens the model can read at once."""


def read_tokenizer_info(name: str) -> TokenizerInfo:
    """The renderer and the context of a base model, without its weights.

    Raises:
        BaseModelError: the files are not on this disk and cannot be fetched.
    """
    from tokenizers import Tokenizer

    context = _context(_small_file(name, "config.json"))
    if Path(name).suffix == ".gguf" and Path(name).is_file():
        context = gguf_number(Path(name), "context_length") or context
    file = _small_file(name, "tokenizer.json")
    if file is not None:
        tokenizer = Tokenizer.from_file(str(file))
        if all(tokenizer.token_to_id(mark) is not None for mark in (IM_START, IM_END)):
            return TokenizerInfo(Renderer(tokenizer, CHATML), context)
    # Other shapes are derived from the chat template, which only transformers renders.
    from kakaobot.base.loading import load_tokenizer
    from kakaobot.chat_template import renderer_for

    return TokenizerInfo(renderer_for(load_tokenizer(name)), context)


def _small_file(name: str, file: str) -> Path | None:
    """A file of the model: of its folder, of the hub's cache, or fetched. None for a `.gguf`."""
    path = Path(name)
    if path.is_dir():
        return path / file if (path / file).exists() else None
    if path.exists():
        return None
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(name, file))
    except LocalEntryNotFoundError as error:
        raise BaseModelError(
            f"{name} 의 토크나이저를 내려받지 못했습니다. 인터넷 연결을 확인하거나 "
            "model.base_model 을 starter 로 바꿔 연습해 보세요."
        ) from error
    except EntryNotFoundError:
        return None
    except (HfHubHTTPError, OSError) as error:
        raise BaseModelError(
            f"{name} 이라는 모델을 Hugging Face 에서 찾지 못했습니다. "
            "model.base_model 의 이름과 인터넷 연결을 확인하세요."
        ) from error


def gguf_number(file: Path, key: str) -> int:
    """What a `.gguf` file says of its model, such as `context_length`; 0 where it does not.

    Raises:
        BaseModelError: the file cannot be read.
    """
    from gguf import GGUFReader

    try:
        fields = GGUFReader(file).fields
        found = next((fields[each] for each in fields if each.endswith(f".{key}")), None)
        return int(found.contents()) if found else 0
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise BaseModelError(
            f"{file.name} 을 읽지 못했습니다. 파일을 다시 내려받으세요. "
            f"(이유: {type(error).__name__}: {error})"
        ) from error


def _context(file: Path | None) -> int:
    if file is None:
        return resolve.context(None)
    config: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    inner = config.get("text_config") or config
    return resolve.context(inner.get("max_position_embeddings"))
