"""The one chat model in memory: loads it when it is needed, and drops it."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable

from kakaobot.app.personas import Personas, adapter_of
from kakaobot.base.memory import release_memory
from kakaobot.base.selection import detect_hardware, location_of
from kakaobot.chat.load import ModelLoader
from kakaobot.chat.protocol import ChatModel
from kakaobot.errors import MemoryShortage, RunError
from kakaobot.runs.checkpoints import adapter_version
from kakaobot.runs.run import Run
from kakaobot.settings import Settings
from kakaobot.train.run_config import base_of

_GPU_BUSY = (
    "학습이 그래픽카드를 쓰고 있어 지금은 대화할 수 없습니다. 학습을 멈추거나 끝나기를 기다리세요."
)
_TRAINING_STARTS = (
    "학습이 쓸 메모리를 아직 알 수 없어 지금은 대화할 수 없습니다. "
    "학습 단계가 오르기 시작하면 다시 보내세요."
)
_NO_MEMORY_BESIDE = (
    "학습 중이라 대화 모델까지 올릴 메모리가 모자랍니다. 학습을 멈추거나 끝나기를 기다리세요."
)


class LoadedModel:
    """At most one model. Only the holder of the line's first ticket may call this."""

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
        self._key: tuple[object, ...] = ()

    def get(self, run: Run, settings: Settings, cancelled: threading.Event) -> ChatModel:
        """The model with the run's current adapter, loaded unless it is in memory already."""
        _, adapter = adapter_of(run)
        version = adapter_version(adapter)
        max_turns = settings.generation.max_history_turns
        key = (run.path, adapter.name, version, settings.model, max_turns)
        if self._model is None or key != self._key:
            if self._model is not None:
                self.drop()
            training = self._personas.training()
            if training:
                _check_room_beside(training)
            base = location_of(base_of(run).name)
            # An interpreter that ends under a computing thread aborts the process.
            atexit.register(self._at_exit)
            try:
                self._model = self._loader(base, adapter, settings, cancelled)
            except MemoryShortage as error:
                if training:
                    raise RunError(_NO_MEMORY_BESIDE) from error
                raise
            self._key = key
        return self._model

    def drop(self) -> None:
        atexit.unregister(self._at_exit)
        self._model, self._key = None, ()
        release_memory()


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
