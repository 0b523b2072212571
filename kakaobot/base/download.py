"""Downloads a base model into the hub's cache and reports received bytes. Imports no torch."""

from __future__ import annotations

import logging
import re
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from kakaobot.base.files import check_files, is_local
from kakaobot.base.hub import CONFIG, cached_file, fetching, hub_errors
from kakaobot.errors import BaseModelError
from kakaobot.language import tr

log = logging.getLogger(__name__)

_INTERVAL = 1.0
"""Seconds between two reports."""
_PREFIX = tr("바탕 모델을 내려받는 중 ")
_SPARE = 200_000_000
"""Bytes of disk left free."""
_SMALL_SUFFIXES = {".json", ".jinja", ".txt", ".model"}
"""Config, tokenizer and chat template."""
_WEIGHTS = (
    r"model\.safetensors",
    r"model-\d+-of-\d+\.safetensors",
    r"pytorch_model\.bin",
    r"pytorch_model-\d+-of-\d+\.bin",
)
"""In the order in which transformers prefers them; only the first kind found is loaded."""


class DownloadCancelled(Exception):
    """The caller no longer wants the model."""


@dataclass(frozen=True)
class ModelFile:
    name: str
    size: int
    """Bytes."""


def download(name: str, report: Callable[[str], None], *, interval: float = _INTERVAL) -> None:
    """Download the missing files of a base model.

    Returns at once for a local path, a complete cache or an unreachable hub; loading then works
    from the cache or fails with a readable error.

    Args:
        name: a Hugging Face id.
        report: receives received and total bytes in Korean. If it raises, the download is cancelled
            and the exception propagates.
        interval: seconds between two reports.

    Raises:
        BaseModelError: the disk is too full, or the download failed.
    """
    if Path(name).exists():
        return
    files = list_model_files(name)
    missing = [file for file in files if cached_file(name, file.name) is None]
    if not missing:
        return
    total, needed = _size(files), _size(missing)
    _check_disk(name, needed)
    task = _Download(name, missing)
    task.start()
    text = ""
    try:
        while True:
            finished = task.wait(interval)
            progress = f"{_PREFIX}{byte_text(total - needed + task.received)} / {byte_text(total)}"
            if progress != text:
                report(progress)
                text = progress
            if finished:
                break
    finally:
        task.cancel()
    if task.error is not None:
        received = text.removeprefix(_PREFIX)
        raise BaseModelError(
            tr(
                "바탕 모델 {name} 을 내려받다가 끊겼습니다({received}). 인터넷 연결과 남은 "
                "디스크를 확인하고 다시 시작하세요. 다 받은 파일은 다시 받지 않습니다."
            ).format(name=name, received=received)
        ) from task.error


def downloaded_base(name: str, report: Callable[[str], None]) -> Path:
    """The folder of a base model's files, or its `.gguf` file; downloaded first if missing.

    Raises:
        BaseModelError: it is not there and cannot be downloaded, or is damaged.
    """
    if here := local_base(name):
        return here
    download(name, report)
    check_files(name)
    config = cached_file(name, CONFIG)
    if config is None:
        raise BaseModelError(
            tr("바탕 모델 {name} 을 내려받지 못했습니다. 인터넷 연결을 확인하세요.").format(
                name=name
            )
        )
    return config.parent


def local_base(name: str) -> Path | None:
    """As `downloaded_base`, without a request; None if a file is missing in the hub's cache.

    Raises:
        BaseModelError: a folder or file on this disk is missing or damaged.
    """
    if is_local(name):
        check_files(name)
        return Path(name)
    config = cached_file(name, CONFIG)
    if config is None:
        return None
    try:
        check_files(str(config.parent))
    except BaseModelError:
        return None
    return config.parent


def list_model_files(name: str) -> list[ModelFile]:
    """The files of a model that loading needs; empty if the hub is offline or fails."""
    from huggingface_hub import HfApi, constants

    if constants.HF_HUB_OFFLINE:
        return []
    try:
        with fetching(name):
            files = HfApi().model_info(name, files_metadata=True, timeout=10).siblings or []
    except hub_errors():
        log.warning("the hub does not list the files of %s", name, exc_info=True)
        return []
    return select_files([ModelFile(file.rfilename, file.size or 0) for file in files])


def select_files(files: Sequence[ModelFile]) -> list[ModelFile]:
    """The files that loading needs: small ones first, then the preferred kind of weights."""
    top_level = [file for file in files if "/" not in file.name]
    small = [file for file in top_level if PurePosixPath(file.name).suffix in _SMALL_SUFFIXES]
    for pattern in _WEIGHTS:
        weights = [file for file in top_level if re.fullmatch(pattern, file.name)]
        if weights:
            return sorted(small, key=lambda file: file.size) + weights
    return []


def byte_text(count: float) -> str:
    """Bytes in decimal units, as on the hub: `1.2GB`, `35MB`."""
    if count >= 1e9:
        return f"{count / 1e9:.1f}GB"
    return f"{count / 1e3:.0f}KB" if 0 < count < 1e6 else f"{count / 1e6:.0f}MB"


class _Download:
    """A download in its own thread, so that reports continue while it stalls."""

    def __init__(self, name: str, files: Sequence[ModelFile]) -> None:
        self.error: Exception | None = None
        self._name, self._files = name, files
        self._bars: list[Any] = []
        self._cancelled = threading.Event()
        # A stalled download must not keep the program alive.
        self._thread = threading.Thread(target=self._run, name=f"download-{name}", daemon=True)

    @property
    def received(self) -> int:
        """Bytes so far. The library has one bar for bytes received and one for bytes written."""
        bytes_done = max((int(bar.n) for bar in self._bars), default=0)
        # A file that is downloaded anew is counted twice.
        return min(bytes_done, _size(self._files))

    def start(self) -> None:
        self._thread.start()

    def wait(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds; True once the download has ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def cancel(self) -> None:
        self._cancelled.set()

    def _run(self) -> None:
        from huggingface_hub import snapshot_download

        try:
            with fetching(self._name):
                snapshot_download(
                    self._name,
                    allow_patterns=[file.name for file in self._files],
                    tqdm_class=_progress_bar(self._bars, self._cancelled),
                )
        except DownloadCancelled:
            log.info("the download of %s was cancelled", self._name)
        except hub_errors() as error:
            self.error = error


def _progress_bar(byte_bars: list[Any], cancelled: threading.Event) -> type[Any]:
    """A tqdm class that shows nothing, collects the bars that count bytes, and can cancel."""
    from huggingface_hub.utils.tqdm import tqdm

    class ByteCounter(tqdm):
        def __init__(self, *args: Any, **options: Any) -> None:
            options.pop("name", None)
            super().__init__(*args, **{**options, "disable": True})  # type: ignore[no-untyped-call]
            if options.get("unit") == "B":
                byte_bars.append(self)

        def update(self, n: float | None = 1) -> None:
            if cancelled.is_set():
                raise DownloadCancelled
            self.n += n or 0

    return ByteCounter


def _size(files: Sequence[ModelFile]) -> int:
    return sum(file.size for file in files)


def _check_disk(name: str, needed: int) -> None:
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE)
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed + _SPARE:
        raise BaseModelError(
            tr(
                "바탕 모델 {name} 을 내려받을 디스크 공간이 모자랍니다 (필요 {needed}, 남음 "
                "{free}). 공간을 비우거나 model.base_model 을 더 작은 모델로 바꾸세요."
            ).format(name=name, needed=byte_text(needed), free=byte_text(free))
        )
