"""Checks the files of a base model before anything reads them. Imports no torch.

Seconds before a worker starts, instead of minutes into it: sizes and headers, and whether the model
wants Python of its own to run. Foreign code never runs: every `from_pretrained` has
`trust_remote_code=False`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from typing import Any

from kakaobot.base.gguf_header import is_complete
from kakaobot.base.hub import CONFIG, cached_file
from kakaobot.errors import BaseModelError
from kakaobot.language import tr
from kakaobot.model_files import damage, read_json

_INDEX = ".index.json"
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""In the order in which transformers looks for them: each whole, then in shards with an index."""
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
_OPTIONAL = (
    *("generation_config.json", "tokenizer_config.json", "special_tokens_map.json"),
    *("added_tokens.json", "chat_template.jinja"),
)
_PARTIAL = (".incomplete", ".crdownload", ".part", ".partial", ".download", ".aria2", ".tmp")
"""What browsers and download tools append to a name until the file is complete."""
_CODE_KEY = "auto_map"
_KERNEL_KEYS = ("attn_implementation", "experts_implementation")
"""Ends of config keys whose value may name a repository of compiled code."""


def check_files(name: str) -> None:
    """Check the files of a folder or `.gguf` file, or of a hub id as far as it is cached.

    Raises:
        BaseModelError: a file is missing or damaged, or the model needs code of its own.
    """
    path = Path(name)
    if path.is_dir():
        _check_folder(path, complete=True)
    elif path.exists() and path.suffix != ".gguf":
        raise BaseModelError(
            tr(
                "{name} 은 모델이 든 폴더도 .gguf 파일도 아닙니다. model.base_model 에 그 "
                "파일이 든 폴더를 적어 주세요."
            ).format(name=name)
        )
    elif path.exists():
        _require_sound(path)
        if not is_complete(path):
            _refuse_damaged(path, tr("끝까지 받지 못해 잘렸거나 망가져 있습니다"))
    elif is_local(name):
        raise BaseModelError(
            tr(
                "바탕 모델 {name} 이 그 자리에 없습니다. 되돌려 놓거나 model.base_model 에 "
                "옮긴 자리를 적어 주세요."
            ).format(name=name)
        )
    elif config := cached_file(name, CONFIG):
        _check_folder(config.parent, complete=False)


def is_local(name: str) -> bool:
    """Whether a name is a path, of this system or another, rather than a hub id."""
    absolute = Path(name).is_absolute() or PureWindowsPath(name).is_absolute()
    return absolute or name.startswith((".", "~")) or name.count("/") != 1


def _check_folder(folder: Path, *, complete: bool) -> None:
    """Check the files of a folder.

    Args:
        complete: False for the cache of the hub, which fetches missing files.
    """
    config_file = folder / CONFIG
    _require_sound(config_file)
    tokenizers = [folder / name for name in _TOKENIZERS if (folder / name).exists()]
    weights = list(weight_files(folder))
    if complete and not tokenizers:
        _require_sound(folder / _TOKENIZERS[0])
    if complete and not weights:
        _require_sound(_partial(folder) or folder / _WEIGHTS[0])
    optional = [folder / name for name in _OPTIONAL if (folder / name).exists()]
    for file in (*optional, *tokenizers, *weights):
        if complete or file.exists():
            _require_sound(file)
    _refuse_foreign_code(folder, read_json(config_file) or {})


def weight_files(folder: Path) -> Iterator[Path]:
    """The weights that transformers would load, with the shards an index lists."""
    for name in _WEIGHTS:
        if (folder / name).exists():
            yield folder / name
            return
        index = folder / f"{name}{_INDEX}"
        if index.exists():
            yield index
            shards = (read_json(index) or {}).get("weight_map")
            names = set(shards.values()) if isinstance(shards, dict) else set()
            yield from (folder / str(shard) for shard in sorted(names, key=str))
            return


def _partial(folder: Path) -> Path | None:
    """A file whose download has not ended."""
    found = (file for file in sorted(folder.iterdir()) if file.suffix.lower() in _PARTIAL)
    return next(found, None)


def _require_sound(file: Path) -> None:
    text = damage(file)
    if not text and file.suffix.lower() in _PARTIAL:
        text = tr("아직 다 받아지지 않았습니다")
    if text:
        _refuse_damaged(file, text)


def _refuse_damaged(file: Path, text: str) -> None:
    raise BaseModelError(
        tr("바탕 모델의 {file} 파일이 {text}. 그 파일을 다시 내려받거나 복사하세요.").format(
            file=file, text=text
        )
    )


def _refuse_foreign_code(folder: Path, config: dict[str, Any]) -> None:
    """Refuse a model that only its own code, or compiled code from the hub, can run.

    Many models carry the code of the time before transformers knew them; they load without it.
    """
    if kernel := next(_kernels(config), ""):
        _refuse(folder, kernel)
    if config.get(_CODE_KEY) and not _is_known(config.get("model_type")):
        files = sorted(file.name for file in folder.glob("*.py"))
        _refuse(folder, ", ".join(files[:3]) or _CODE_KEY)


def foreign_code_error(name: str, wanted: str) -> BaseModelError:
    """The error of a model that wants to run code.

    Args:
        wanted: what it wanted to run.
    """
    return BaseModelError(
        tr(
            "바탕 모델 {name} 이 스스로 가져온 프로그램({wanted})을 실행하려고 해서 "
            "실행하지 않고 멈췄습니다. model.base_model 에 다른 모델을 적어 주세요."
        ).format(name=name, wanted=wanted)
    )


def _refuse(folder: Path, wanted: str) -> None:
    raise foreign_code_error(str(folder), wanted)


def _kernels(value: Any) -> Iterator[str]:
    """Repositories that a config names as implementations, at any depth."""
    queue = [value]
    while queue:
        value = queue.pop()
        if isinstance(value, dict):
            for key, inner in value.items():
                if str(key).endswith(_KERNEL_KEYS) and "/" in str(inner):
                    yield str(inner)
                queue.append(inner)
        elif isinstance(value, list):
            queue.extend(value)


def _is_known(model_type: object) -> bool:
    """Whether transformers has this kind of language model itself."""
    # Half a second, and only for models with code of their own.
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    return model_type in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
