"""Chooses what computes the replies of a run, and converts in the background what that needs."""

from __future__ import annotations

import logging
import platform
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from kakaobot.app.personas import Personas, adapter_of
from kakaobot.base.download import local_base
from kakaobot.base.gguf_header import is_complete
from kakaobot.base.selection import detect_hardware, location_of
from kakaobot.chat.engine_choice import is_faster
from kakaobot.chat.llama_process import NOT_INSTALLED, LlamaError, is_installed
from kakaobot.chat.load import load_engine, load_llama
from kakaobot.chat.protocol import ChatModel
from kakaobot.config import Home
from kakaobot.conversion.base_gguf import BaseSource, cached_base_gguf, cached_gguf_file
from kakaobot.conversion.lora_gguf import write_lora_gguf
from kakaobot.conversion.quantization import Quant
from kakaobot.errors import KakaobotError
from kakaobot.language import tr
from kakaobot.os_errors import os_error_message
from kakaobot.publish.target_folder import CONVERTED_FOLDER
from kakaobot.runs.checkpoints import adapter_gguf, remove_old_ggufs
from kakaobot.settings import ModelSettings, Settings
from kakaobot.train.run_config import base_of

log = logging.getLogger(__name__)

QUANT: Quant = "f16"
"""Of the base."""
_CONVERTING = tr("더 빨리 대답하도록 바꾸는 중입니다 · {share:.0%}")
_FAILED = tr("더 빨리 대답하도록 바꾸지 못해, 지금까지처럼 대답합니다. {reason}")


class ChatEngines:
    """The engines of one home's chat. Its `load` is a `ModelLoader`."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._failed: set[Path] = set()
        """Adapters whose conversion, or whose start in llama.cpp, failed."""
        self.ready: Callable[[], None] = lambda: None
        """Called in another thread once a model can be loaded anew, with llama.cpp."""
        self.note = ""
        """Korean: what the conversion does, or why there is none; empty if there is nothing."""

    def load(
        self,
        base: str,
        adapter: Path,
        settings: Settings,
        cancelled: threading.Event,
        report: Callable[[float], None],
    ) -> ChatModel:
        """Load with llama.cpp if that is chosen and converted, else with PyTorch."""
        folder = self._folder(base, settings.model)
        files = self._files(folder, adapter) if folder else None
        if folder and files and all(map(_is_whole, files)):
            try:
                model = load_llama(folder, *files, settings, cancelled)
            except LlamaError as error:
                self._fail(files[1], str(error))
            else:
                self.note = ""
                return model
        elif folder:
            self.prepare(base, adapter, settings)
        return load_engine(base, adapter, settings, cancelled, report)

    def prepare(self, base: str, adapter: Path, settings: Settings) -> None:
        """Convert a base and an adapter in a thread of its own, unless that is done or not wanted.

        Args:
            base: as in `load`.
            adapter: its folder.
            settings: say which engine is wanted.
        """
        folder = self._folder(base, settings.model)
        if folder is None:
            return
        with self._lock:
            if self._thread and self._thread.is_alive():
                return
            self._thread = threading.Thread(
                target=self._convert, args=[folder, adapter], daemon=True, name="to-gguf"
            )
            self._thread.start()

    def prepare_newest(self) -> None:
        """As `prepare`, for the run that a chat begins with; for the end of a training."""
        try:
            run = Personas(self._home).find()
            _, adapter = adapter_of(run)
            base = location_of(base_of(run).name)
            self.prepare(base, adapter, self._home.settings())
        except KakaobotError as error:
            log.info("nothing is converted: %s", error)

    def wait(self, timeout: float) -> bool:
        """Wait for a conversion; returns whether none runs."""
        thread = self._thread
        if thread:
            thread.join(timeout)
        return not (thread and thread.is_alive())

    def _folder(self, base: str, model: ModelSettings) -> Path | None:
        """The base's folder if llama.cpp is to run it; notes why not where that may surprise."""
        folder = local_base(base) if model.chat_engine != "transformers" else None
        if folder is None or not folder.is_dir():
            self.note = ""
            return None
        is_chosen = model.chat_engine == "llama.cpp"
        if not is_chosen and _has_gpu():
            return None
        try:
            parameters = BaseSource(folder).size("f16") // 2
        except KakaobotError as error:
            self.note = str(error) if is_chosen else ""
            return None
        if not is_chosen and not is_faster(parameters):
            return None
        if not is_installed():
            self.note = NOT_INSTALLED
            return None
        return folder

    def _files(self, folder: Path, adapter: Path) -> tuple[Path, Path]:
        """Of the base and of the adapter, whether they are there or not."""
        converted = self._home.folder(CONVERTED_FOLDER)
        return cached_gguf_file(folder, QUANT, converted), adapter_gguf(adapter)

    def _convert(self, folder: Path, adapter: Path) -> None:
        base_file, target = self._files(folder, adapter)
        if target in self._failed or (_is_whole(base_file) and _is_whole(target)):
            return
        try:
            cached_base_gguf(folder, QUANT, base_file.parent, self._progress)
            write_lora_gguf(adapter, folder, target, self._progress)
            remove_old_ggufs(adapter)
        except KakaobotError as error:
            self._fail(target, str(error))
        except OSError as error:
            self._fail(target, os_error_message(error))
        else:
            self.note = ""
            self.ready()

    def _progress(self, share: float, text: str) -> None:
        self.note = _CONVERTING.format(share=share)

    def _fail(self, target: Path, reason: str) -> None:
        log.warning("llama.cpp is not used: %s", reason)
        self._failed.add(target)
        self.note = _FAILED.format(reason=reason)


def _is_whole(file: Path) -> bool:
    return file.is_file() and is_complete(file)


def _has_gpu() -> bool:
    """Whether PyTorch computes on something faster than the CPU."""
    is_apple = sys.platform == "darwin" and platform.machine() == "arm64"
    return is_apple or bool(detect_hardware().gpu)
