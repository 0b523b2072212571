"""Loads an engine of the chat. Imports torch only then."""

from __future__ import annotations

import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

from kakaobot.base.selection import one_gpu
from kakaobot.base.weights_progress import weights_progress
from kakaobot.chat.protocol import Cancelled, ChatModel
from kakaobot.gc_pause import spare_modules
from kakaobot.settings import Settings

ModelLoader = Callable[
    [str, Path, Settings, threading.Event, Callable[[float], None]],
    ChatModel,
]
"""Loads a base model and an adapter, and reports the share that is read, from 0 to 1. Raises
`Cancelled` soon after the event is set."""


def load_engine(
    base: str,
    adapter: Path,
    settings: Settings,
    cancelled: threading.Event,
    report: Callable[[float], None],
) -> ChatModel:
    """The default `ModelLoader`."""
    # At import, bitsandbytes logs into the chat that an optional kernel is unavailable.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    os.environ.update(one_gpu())
    # At every load, peft accesses a name that transformers 5 deprecates.
    warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*")
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    is_first = "kakaobot.chat.engine" not in sys.modules
    from kakaobot.chat.engine import Engine

    if is_first:
        spare_modules()

    if cancelled.is_set():
        raise Cancelled
    with weights_progress(report):
        return Engine.load(
            base,
            adapter,
            load_in_4bit=settings.model.load_in_4bit,
            dtype=settings.model.dtype,
            attn_implementation=settings.model.attn_implementation,
            max_turns=settings.generation.max_history_turns,
            cancelled=cancelled,
        )


def load_llama(
    base: Path, base_gguf: Path, lora_gguf: Path, settings: Settings, cancelled: threading.Event
) -> ChatModel:
    """Load a converted base and adapter with llama.cpp.

    Raises:
        LlamaError: it is missing, or cannot read a file.
        Cancelled: the event was set.
    """
    from kakaobot.chat.llama_engine import LlamaEngine

    turns = settings.generation.max_history_turns
    return LlamaEngine.load(base, base_gguf, lora_gguf, max_turns=turns, cancelled=cancelled)
