"""The one chat model in memory: loads it when it is needed, and drops it."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kakaobot.app.personas import Persona, Personas, adapter_of
from kakaobot.base.memory import release_memory
from kakaobot.base.selection import detect_hardware, location_of
from kakaobot.chat.lines import ChatLine
from kakaobot.chat.load import ModelLoader
from kakaobot.chat.protocol import ChatModel
from kakaobot.errors import MemoryShortage, RunError
from kakaobot.language import tr
from kakaobot.runs.checkpoints import adapter_version
from kakaobot.runs.run import Run
from kakaobot.settings import Settings
from kakaobot.train.run_config import base_of

_RUNNING = 600.0
"""Seconds after its last message in which a conversation still runs."""
_LOADING = tr("모델을 메모리에 올리는 중입니다 · {share:.0%}")
_GPU_BUSY = tr(
    "학습이 그래픽카드를 쓰고 있어 지금은 대화할 수 없습니다. 학습을 멈추거나 끝나기를 기다리세요."
)
_TRAINING_STARTS = tr(
    "학습이 쓸 메모리를 아직 알 수 없어 지금은 대화할 수 없습니다. "
    "학습 단계가 오르기 시작하면 다시 보내세요."
)
_NO_MEMORY_BESIDE = tr(
    "학습 중이라 대화 모델까지 올릴 메모리가 모자랍니다. 학습을 멈추거나 끝나기를 기다리세요."
)


@dataclass(frozen=True)
class AdapterInMemory:
    """What is loaded, without the model itself, which only its user may refer to."""

    run: str
    size: int
    """Bytes of the model with its adapter."""
    key: tuple[object, ...]
    """What a change of settings would change."""
    version: tuple[str, int]
    """Folder and version of the adapter."""


@dataclass(frozen=True)
class ModelMemory:
    """The model in memory, as the window shows it."""

    run: str
    """Empty if nothing is loaded."""
    size: int
    """Bytes."""
    newer: Persona | None
    """A better adapter of the run, or a newer run of the same persona."""
    is_awaited: bool = False
    """Whether a reply waits for a model that is not in memory."""
    note: str = ""
    """Korean: what is done so that replies come sooner, or why it is not."""


class LoadedModel:
    """At most one model. Only the holder of the line's first ticket may get or drop it."""

    def __init__(
        self, personas: Personas, loader: ModelLoader, at_exit: Callable[[], None]
    ) -> None:
        """Load nothing yet.

        Args:
            at_exit: called before the interpreter exits while a model is loaded.
        """
        self._personas = personas
        self._loader = loader
        self._at_exit = at_exit
        self._model: ChatModel | None = None
        self.loaded: AdapterInMemory | None = None
        self.outdated = threading.Event()
        """Set to load the newest adapter at the next message, also under a conversation."""
        self.superseded = threading.Event()
        """Set to load the same adapter anew at the next message, by another engine."""
        self.conversations = RunningConversations()

    def get(
        self,
        run: Run,
        settings: Settings,
        *,
        lines: Sequence[ChatLine],
        cancelled: threading.Event,
        report: Callable[[str], None],
    ) -> ChatModel:
        """The model with an adapter of the run, loaded unless it is in memory already.

        A newer adapter is loaded only if no conversation runs with the one in memory.

        Args:
            lines: the conversation; empty for another purpose.
            report: receives Korean progress.
        """
        _, adapter = adapter_of(run)
        key = (run.path, settings.model, settings.generation.max_history_turns)
        version = version_of(adapter)
        kept = self.conversations.join(lines) and not self.outdated.is_set()
        loaded = None if self.superseded.is_set() else self.loaded
        if self._model and loaded and loaded.key == key and (kept or loaded.version == version):
            return self._model
        if self._model is not None:
            self.drop()
        model = self._load(run, adapter, settings, cancelled, report)
        self.conversations.join(lines)
        self.loaded = AdapterInMemory(run.name, model.size, key, version)
        return model

    def drop(self) -> None:
        atexit.unregister(self._at_exit)
        self._model, self.loaded = None, None
        self.outdated.clear()
        self.superseded.clear()
        self.conversations = RunningConversations()
        release_memory()

    def _load(
        self,
        run: Run,
        adapter: Path,
        settings: Settings,
        cancelled: threading.Event,
        report: Callable[[str], None],
    ) -> ChatModel:
        training = self._personas.training()
        if training:
            _check_room_beside(training)
        # An interpreter that ends under a computing thread aborts the process.
        atexit.register(self._at_exit)
        try:
            self._model = self._loader(
                location_of(base_of(run).name),
                adapter,
                settings,
                cancelled,
                lambda share: report(_LOADING.format(share=share)),
            )
        except MemoryShortage as error:
            if training:
                raise RunError(_NO_MEMORY_BESIDE) from error
            raise
        return self._model


class RunningConversations:
    """Recognizes conversations by their first exchange, which no two have in common."""

    def __init__(self) -> None:
        self._seen: dict[int, float] = {}

    def join(self, lines: Sequence[ChatLine]) -> bool:
        """Note a conversation; returns whether it, or another one, already runs."""
        now = time.monotonic()
        self._seen = {key: at for key, at in self._seen.items() if now - at < _RUNNING}
        if len(lines) > 1:
            self._seen[hash(tuple(lines[:2]))] = now
        return bool(self._seen)

    def leave(self, lines: Sequence[ChatLine]) -> None:
        """Forget a conversation that is over."""
        self._seen.pop(hash(tuple(lines[:2])), None)


def version_of(adapter: Path) -> tuple[str, int]:
    return adapter.name, adapter_version(adapter)


def _check_room_beside(training: Run) -> None:
    """Check that a model may be loaded beside a training; its own memory is measured later.

    Raises:
        RunError: the training uses the GPU, or has not yet taken all of its memory.
    """
    if detect_hardware().gpu:
        raise RunError(_GPU_BUSY)
    status = training.status()
    if status.state == "starting" or status.step <= status.resumed_from:
        raise RunError(_TRAINING_STARTS)
