"""The tokenizer and context of a base model, from its small files. Imports torch lazily."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kakaobot.atomic_io import parse_json
from kakaobot.base import resolve
from kakaobot.base.files import check_files
from kakaobot.base.hub import (
    CONFIG,
    cached_file,
    fetching,
    hub_reachable,
    pretrained_source,
    readable_errors,
)
from kakaobot.chat_format import CHATML, IM_END, IM_START
from kakaobot.chat_template import Renderer, renderer_for
from kakaobot.errors import BaseModelError
from kakaobot.language import tr


@dataclass(frozen=True)
class TokenizerInfo:
    renderer: Renderer
    context: int
    """Tokens the model can read at once."""


def read_tokenizer_info(name: str) -> TokenizerInfo:
    """The renderer and context of a base model, without its weights.

    Raises:
        BaseModelError: a file is neither on disk nor downloadable, or is damaged, or the model
            needs code of its own.
    """
    from tokenizers import Tokenizer

    check_files(name)
    with readable_errors(name):
        context = _context(_small_file(name, CONFIG))
    if Path(name).suffix == ".gguf" and Path(name).is_file():
        context = read_gguf_number(Path(name), "context_length") or context
    file = _small_file(name, "tokenizer.json")
    if file is not None:
        with readable_errors(name):
            tokenizer = Tokenizer.from_file(str(file))
        if all(tokenizer.token_to_id(token) is not None for token in (IM_START, IM_END)):
            return TokenizerInfo(Renderer(tokenizer, CHATML), context)
    # Other chat formats are derived from the chat template, which only transformers renders.
    return TokenizerInfo(renderer_for(load_tokenizer(name)), context)


def load_tokenizer(name: str) -> Any:
    """The `transformers` tokenizer of a base model.

    Raises:
        BaseModelError: it cannot be found, downloaded or read.
    """
    from transformers import AutoTokenizer

    with readable_errors(name):
        return AutoTokenizer.from_pretrained(**pretrained_source(name))


def read_gguf_number(file: Path, key: str) -> int:
    """A number in the metadata of a `.gguf` file, such as `context_length`; 0 if it has none.

    Raises:
        BaseModelError: the file cannot be read.
    """
    from gguf import GGUFReader

    try:
        fields = GGUFReader(file).fields
        field = next((fields[name] for name in fields if name.endswith(f".{key}")), None)
        return int(field.contents()) if field else 0
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise BaseModelError(
            tr(
                "{name} 을 읽지 못했습니다. 파일을 다시 내려받으세요. (이유: {kind}: {error})"
            ).format(name=file.name, kind=type(error).__name__, error=error)
        ) from error


def _small_file(name: str, file: str) -> Path | None:
    """A file from the model's folder, the hub's cache or the hub; None if it has none."""
    path = Path(name)
    if path.is_dir():
        return path / file if (path / file).exists() else None
    if path.exists():
        return None
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, LocalEntryNotFoundError

    offline = cached_file(name, file) is None and not hub_reachable()
    try:
        with fetching(name):
            return Path(hf_hub_download(name, file, local_files_only=offline))
    except LocalEntryNotFoundError as error:
        raise BaseModelError(
            tr(
                "{name} 의 토크나이저를 내려받지 못했습니다. 인터넷 연결을 확인하거나 "
                "model.base_model 을 starter 로 바꿔 연습해 보세요."
            ).format(name=name)
        ) from error
    except EntryNotFoundError:
        return None
    except (HfHubHTTPError, OSError) as error:
        raise BaseModelError(
            tr(
                "{name} 이라는 모델을 Hugging Face 에서 찾지 못했습니다. model.base_model 의 "
                "이름과 인터넷 연결을 확인하세요."
            ).format(name=name)
        ) from error


def _context(config_file: Path | None) -> int:
    if config_file is None:
        return resolve.context(None)
    config: dict[str, Any] = parse_json(config_file.read_text(encoding="utf-8"))
    text_config = config.get("text_config") or config
    return resolve.context(text_config.get("max_position_embeddings"))
