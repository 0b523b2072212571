"""Stops a model that loads or computes, once an event is set."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from kakaobot.chat.protocol import Cancelled


class Interrupt:
    """Raises `Cancelled` before each pass of a model, and between its layers.

    Checks only there: a check of every operation makes replies of a small model a tenth slower.
    """

    def __init__(self, model: Any) -> None:
        self._event: threading.Event | None = None
        model.register_forward_pre_hook(self._check)
        stacks = [module for module in model.modules() if isinstance(module, torch.nn.ModuleList)]
        for layer in itertools.chain(*stacks):
            for part in layer.children():
                part.register_forward_pre_hook(self._check)

    @contextlib.contextmanager
    def by(self, event: threading.Event) -> Iterator[None]:
        """Interrupt passes within the block once the event is set."""
        self._event = event
        try:
            self._check()
            yield
        finally:
            self._event = None

    def _check(self, *_: Any) -> None:
        if self._event is not None and self._event.is_set():
            raise Cancelled


class CancelledLoad(TorchFunctionMode):
    """Raises `Cancelled` from any operation within its block once the event is set."""

    def __init__(self, cancelled: threading.Event) -> None:
        super().__init__()
        self._cancelled = cancelled

    def check(self) -> None:
        if self._cancelled.is_set():
            raise Cancelled

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        self.check()
        return func(*args, **(kwargs or {}))
