"""Merges an adapter into its base, as one model in a folder."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kakaobot.errors import RunError
from kakaobot.language import tr
from kakaobot.runs.checkpoints import check_adapter
from kakaobot.schema import Progress, no_progress

_LOADED, _MERGED = 0.4, 0.6
"""Shares of the progress."""


def write_merged(base: str, adapter: Path, folder: Path, progress: Progress = no_progress) -> None:
    """Write weights, tokenizer and chat template into an empty folder.

    Args:
        base: hub id, folder or `.gguf` file.
        adapter: folder of the adapter, as `peft` writes it; of any kind.
        folder: holds the model afterwards, in the precision of the base's file.
        progress: is told what is done. If it raises, the folder holds a part.

    Raises:
        RunError: the adapter is damaged, or of another base.
        BaseModelError: the base cannot be read, or needs more memory than is free.
    """
    from transformers.utils.logging import disable_progress_bar

    from kakaobot.base.loading import load_base

    disable_progress_bar()
    # At every load, peft accesses a name that transformers 5 deprecates.
    warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*")
    check_adapter(adapter)
    progress(0.0, tr("바탕 모델을 읽는 중"))
    loaded = load_base(base, load_in_4bit=False, dtype=_dtype_of(base), report=_told(progress))
    progress(_LOADED, tr("배운 말투를 합치는 중"))
    model = _merge(loaded.model, adapter)
    progress(_MERGED, tr("합친 모델을 적는 중"))
    tokenizer, renderer = loaded.tokenizer, loaded.renderer
    tokenizer.chat_template = renderer.chat_format.jinja
    model.generation_config.eos_token_id = renderer.end_id
    # What would only be followed with sampling is refused without.
    model.generation_config.do_sample = model.generation_config.use_cache = True
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    progress(1.0, tr("합친 모델을 적었습니다"))


def _told(progress: Progress) -> Callable[[str], None]:
    return lambda text: progress(_LOADED / 2, text)


def _dtype_of(base: str) -> str:
    """The precision of a base's file, whatever this machine computes fastest in."""
    from transformers import AutoConfig

    from kakaobot.base.hub import pretrained_source, readable_errors

    with readable_errors(base):
        source = pretrained_source(base)
        config: Any = AutoConfig.from_pretrained(**source)
    name = str(getattr(config.get_text_config(), "dtype", None) or config.dtype or "")
    name = name.removeprefix("torch.")
    return name if name in ("float32", "float16", "bfloat16") else "bfloat16"


def _merge(model: Any, adapter: Path) -> Any:
    """The model with the adapter in its weights, and nothing left of peft."""
    from peft import PeftModel

    try:
        with warnings.catch_warnings():
            # That trained embeddings are no longer tied, which it writes into the config.
            warnings.simplefilter("ignore", UserWarning)
            merged: Any = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    except (OSError, ValueError, RuntimeError, LookupError, TypeError) as error:
        raise RunError(
            tr(
                "배운 파일 {name} 을 바탕 모델에 합치지 못했습니다. 바탕 모델이 그대로인지 "
                "확인하고, 안 되면 다시 학습하세요."
            ).format(name=adapter.name)
        ) from error
    return merged
