"""Brings a base model from the hub into its cache and tells how many bytes are here. Torch-free."""

from __future__ import annotations

import contextlib
import importlib
import logging
import re
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from kakaobot.errors import BaseModelError

log = logging.getLogger(__name__)

_BEAT = 1.0
"""Seconds between two looks at the bytes."""
_SAYS = "바탕 모델을 내려받는 중 "
_SPARE = 200_000_000
"""Bytes of disk left free."""
_SMALL = {".json", ".jinja", ".txt", ".model"}
"""Endings of the files beside the weights: settings, tokenizer, chat template."""
# In the order in which transformers looks for them; only the first kind is loaded.
_WEIGHTS = (
    r"model\.safetensors",
    r"model-\d+-of-\d+\.safetensors",
    r"pytorch_model\.bin",
    r"pytorch_model-\d+-of-\d+\.bin",
)


class Cancelled(Exception):
    """Whoever wanted the model does not any more."""


@dataclass(frozen=True)
class ModelFile:
    """One file of the model."""

    name: str
    size: int
    """Bytes."""


def download(name: str, say: Callable[[str], None], *, beat: float = _BEAT) -> None:
    """Download what is missing of a base model; returns at once where nothing is.

    Nothing is done for a folder or a file, or where the hub cannot be asked: whoever loads the
    model then finds it in the cache, or says why not.

    Args:
        name: a Hugging Face id.
        say: told in Korean how many bytes are here, about once a second. What it raises ends the
            download, and is raised here.
        beat: seconds between two looks.

    Raises:
        BaseModelError: the disk is too full, or the download broke off.
    """
    if Path(name).exists():
        return
    wanted = parts_of(name)
    missing = [part for part in wanted if not _is_here(name, part)]
    if not missing:
        return
    here = sum(part.size for part in wanted) - sum(part.size for part in missing)
    _refuse_if_full(name, sum(part.size for part in missing))
    download = _Download(name, missing)
    download.start()
    said = ""
    try:
        while True:
            over = download.wait(beat)
            words = _words(here + download.received, sum(part.size for part in wanted))
            if words != said:
                say(words)
                said = words
            if over:
                break
    finally:
        download.cancel()
    if download.error is not None:
        came = said.removeprefix(_SAYS)
        raise BaseModelError(
            f"바탕 모델 {name} 을 내려받다가 끊겼습니다({came}). 인터넷 연결과 남은 디스크를 "
            "확인하고 다시 시작하세요. 다 받은 파일은 다시 받지 않습니다."
        ) from download.error


def parts_of(name: str) -> list[ModelFile]:
    """The files of a model that are loaded, small ones first; empty where the hub is not asked."""
    from huggingface_hub import HfApi, constants

    if constants.HF_HUB_OFFLINE:
        return []
    try:
        files = HfApi().model_info(name, files_metadata=True, timeout=10).siblings or []
    except _troubles():
        log.warning("the hub does not tell the files of %s", name, exc_info=True)
        return []
    return chosen([ModelFile(file.rfilename, file.size or 0) for file in files])


def chosen(parts: Sequence[ModelFile]) -> list[ModelFile]:
    """Of all files of a model those that are loaded: the best kind of weights, and the small."""
    top = [part for part in parts if "/" not in part.name]
    small = [part for part in top if PurePosixPath(part.name).suffix in _SMALL]
    for kind in _WEIGHTS:
        weights = [part for part in top if re.fullmatch(kind, part.name)]
        if weights:
            return sorted(small, key=lambda part: part.size) + weights
    return []


def amount(count: float) -> str:
    """Bytes as the hub's pages show them: `1.2GB`, `35MB`."""
    if count >= 1e9:
        return f"{count / 1e9:.1f}GB"
    return f"{count / 1e3:.0f}KB" if 0 < count < 1e6 else f"{count / 1e6:.0f}MB"


class _Download:
    """One file after the other in a thread of its own, so that a beat is kept while one stalls."""

    def __init__(self, name: str, parts: Sequence[ModelFile]) -> None:
        self.error: Exception | None = None
        self._name = name
        self._parts = parts
        self._done = 0
        self._bars: list[Any] = []
        self._part = ModelFile("", 0)
        self._is_cancelled = threading.Event()
        # A thread that cannot be reached any more must not keep the program alive.
        self._thread = threading.Thread(target=self._run, name=f"fetch-{name}", daemon=True)

    @property
    def received(self) -> int:
        """Bytes since the start; those of a file that is received anew count once."""
        bars = [int(bar.n) for bar in self._bars]
        return self._done + min(max(bars, default=0), self._part.size)

    def start(self) -> None:
        self._thread.start()

    def wait(self, timeout: float) -> bool:
        """Whether it has ended, after at most `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def cancel(self) -> None:
        self._is_cancelled.set()

    def _run(self) -> None:
        from huggingface_hub import hf_hub_download

        bar = _bar_class(self._open_bar, self._is_cancelled.is_set)
        try:
            for part in self._parts:
                self._part = part
                hf_hub_download(self._name, part.name, tqdm_class=bar)
                self._bars = []
                self._part = ModelFile("", 0)
                self._done += part.size
        except Cancelled:
            log.info("the download of %s was cancelled", self._name)
        except _troubles() as error:
            self.error = error

    def _open_bar(self, bar: Any) -> None:
        self._bars = [*self._bars, bar]


def _bar_class(opened: Callable[[Any], None], is_cancelled: Callable[[], bool]) -> type[Any]:
    """The progress bar that the hub's library asks for: it counts and shows nothing.

    Where one file has two, for bytes received and bytes written, the further one is right.
    """
    from huggingface_hub.utils.tqdm import tqdm

    class Counter(tqdm):
        def __init__(self, *args: Any, **options: Any) -> None:
            options.pop("name", None)
            super().__init__(*args, **{**options, "disable": True})  # type: ignore[no-untyped-call]
            opened(self)

        def update(self, n: float | None = 1) -> None:
            if is_cancelled():
                raise Cancelled
            self.n += n or 0

    return Counter


def _is_here(name: str, part: ModelFile) -> bool:
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(name, part.name), str)


def _refuse_if_full(name: str, needed: int) -> None:
    from huggingface_hub import constants

    place = Path(constants.HF_HUB_CACHE)
    while not place.exists() and place != place.parent:
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < needed + _SPARE:
        raise BaseModelError(
            f"바탕 모델 {name} 을 내려받을 디스크 공간이 모자랍니다 (필요 {amount(needed)}, 남음 "
            f"{amount(free)}). 공간을 비우거나 model.base_model 을 더 작은 모델로 바꾸세요."
        )


def _words(here: int, all_: int) -> str:
    return f"{_SAYS}{amount(here)} / {amount(all_)}"


def _troubles() -> tuple[type[Exception], ...]:
    """What the hub, the disk and the wire say; hub 2 speaks through another library than hub 1."""
    from huggingface_hub.errors import HfHubHTTPError

    found: list[type[Exception]] = [HfHubHTTPError, OSError, ValueError, RuntimeError]
    for library in ("httpx2", "httpx"):
        with contextlib.suppress(ImportError):
            found.append(importlib.import_module(library).HTTPError)
    return tuple(found)
