"""The Hugging Face hub and its cache: reachability, cached files, errors. Imports no torch."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import pickle
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kakaobot.errors import BaseModelError
from kakaobot.language import tr
from kakaobot.outgoing import purpose
from kakaobot.runs.exit_reason import is_short_of_memory

log = logging.getLogger(__name__)

CONFIG = "config.json"
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
_CHECK = tr("바탕 모델을 내려받을 수 있는지 확인")
_FETCH = tr("바탕 모델 {name} 확인과 내려받기")
_PATIENCE = 10.0
"""Seconds to wait for the hub before loading from the cache alone."""


def hub_reachable(timeout: float = 3.0) -> bool:
    """Whether the hub answers a bare request."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON"):
        return False
    address = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    request = urllib.request.Request(address, method="HEAD")
    try:
        with purpose(_CHECK), urllib.request.urlopen(request, timeout=timeout):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except (OSError, ValueError):
        return False


def cached_file(name: str, file: str) -> Path | None:
    """A file of a model in the hub's cache."""
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(name, file)
    return Path(path) if isinstance(path, str) else None


def is_cached(name: str) -> bool:
    """Whether the cache holds a model's config and some of its weights."""
    has_weights = any(cached_file(name, file) for file in _WEIGHTS)
    return has_weights and cached_file(name, CONFIG) is not None


def cache_places(name: str) -> list[Path]:
    """The folders that the hub's cache has for a model; empty for what is no name of the hub."""
    from huggingface_hub import constants
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.file_download import repo_folder_name
    from huggingface_hub.utils._validators import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError:
        return []
    cache, folder = Path(constants.HF_HUB_CACHE), repo_folder_name(repo_id=name, repo_type="model")
    return [path for path in (cache / folder, cache / ".locks" / folder) if path.is_dir()]


def pretrained_source(name: str) -> dict[str, Any]:
    """`from_pretrained`'s arguments for a hub id, a folder or a `.gguf` file."""
    path = Path(name)
    # Otherwise transformers asks on the terminal whether to run the Python of a model.
    source: dict[str, Any] = {"pretrained_model_name_or_path": name, "trust_remote_code": False}
    if path.suffix == ".gguf" and path.is_file():
        return {**source, "pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
    # Without a network the hub's library retries every missing file for 20 seconds.
    if not path.exists() and not is_cached(name) and not hub_reachable(_PATIENCE):
        source["local_files_only"] = True
    return source


def hub_errors() -> tuple[type[Exception], ...]:
    """Errors of the hub, the disk and the connection; hub 1 and 2 use different HTTP clients."""
    from huggingface_hub.errors import HfHubHTTPError

    errors: list[type[Exception]] = [HfHubHTTPError, OSError, ValueError, RuntimeError]
    for client in ("httpx2", "httpx"):
        with contextlib.suppress(ImportError):
            errors.append(importlib.import_module(client).HTTPError)
    return tuple(errors)


def fetching(name: str) -> contextlib.AbstractContextManager[None]:
    """Names the connections for the files of a model."""
    return purpose(_FETCH.format(name=name))


@contextlib.contextmanager
def readable_errors(name: str) -> Iterator[None]:
    """Turn what `from_pretrained` raises into a BaseModelError, and name what it connects for."""
    try:
        with fetching(name):
            yield
    except pickle.UnpicklingError as error:
        log.warning("loading %s failed", name, exc_info=True)
        raise BaseModelError(
            tr(
                "바탕 모델 {name} 의 가중치에 프로그램이 섞여 있거나 파일이 망가져 있어 읽지 "
                "않았습니다. model.safetensors 가 든 모델을 model.base_model 에 적어 주세요."
            ).format(name=name)
        ) from error
    except Exception as error:
        if not _is_foreign(error):
            raise
        log.warning("loading %s failed", name, exc_info=True)
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise BaseModelError(
            tr(
                "바탕 모델 {name} 을 읽지 못했습니다. 이름과 인터넷 연결, 남은 디스크를 "
                "확인하거나 model.base_model 을 starter 로 바꿔 연습해 보세요. (이유: "
                "{reason})"
            ).format(name=name, reason=reason)
        ) from error


def _is_foreign(error: Exception) -> bool:
    """Whether a library raised this over a file.

    They raise whatever a damaged file leads to, bare exceptions included. Our own pass, such as a
    STOP, and a lack of memory.
    """
    ours = type(error).__module__.startswith(f"{__name__.partition('.')[0]}.")
    return not ours and not is_short_of_memory(error)
