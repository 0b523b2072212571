"""A stop is obeyed within one token: a real model, stopped in the middle of a pass."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kakaobot.base.generation import Sampling
from kakaobot.chat.engine import Engine
from kakaobot.chat.guards import GuardCounts
from kakaobot.chat.protocol import Cancelled
from kakaobot.chat.replies import ReplyRequest, reply_texts
from kakaobot.schema import ChatMessage
from tests.chat_models import save_random_model

HELLO = [ChatMessage("user", "안녕? 오늘은 뭐 하면서 지냈어?")]
LONG = Sampling(200, temperature=1.5, top_p=1.0, top_k=0, repetition_penalty=1.0)
"""A random model hardly ever draws an end."""
STOPPED = 7
"""The pass in the middle of which the stop comes; the first one reads the prompt."""
LAYERS = 4


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("model")
    save_random_model(folder, hidden=64, layers=LAYERS)
    return load(folder)


def load(folder: Path) -> Engine:
    return Engine.load(
        str(folder / "base"),
        folder / "adapter",
        load_in_4bit=False,
        dtype="float32",
        attn_implementation="auto",
        max_turns=50,
    )


class Passes:
    """Counts the forward passes of a model and of its layers, and sets an event in one of them."""

    def __init__(self, engine: Engine, layer: int) -> None:
        self.begun = 0
        self.layers = 0
        """Passes of layers that were begun after the stop."""
        self.stop = threading.Event()
        bare = engine._model.get_base_model().model
        self._hooks = [bare.register_forward_pre_hook(self._begin)]
        for number, module in enumerate(bare.layers):
            self._hooks.append(module.register_forward_pre_hook(self._enter))
            if number == layer:
                self._hooks.append(module.register_forward_hook(self._leave))

    def _begin(self, *_: Any) -> None:
        self.begun += 1

    def _enter(self, *_: Any) -> None:
        self.layers += self.stop.is_set()

    def _leave(self, *_: Any) -> None:
        if self.begun == STOPPED:
            self.stop.set()

    def __enter__(self) -> Passes:
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()


Call = Callable[[Engine, threading.Event], Iterator[object]]


def stream(engine: Engine, stop: threading.Event) -> Iterator[object]:
    return engine.stream_reply(HELLO, LONG, cancelled=stop)


def draw(engine: Engine, stop: threading.Event) -> Iterator[object]:
    yield from engine.draw_replies(HELLO, LONG, count=3, cancelled=stop)


def reply(engine: Engine, stop: threading.Event, candidates: int) -> Iterator[object]:
    request = ReplyRequest(HELLO, LONG, candidates=candidates)
    return reply_texts(engine, request, GuardCounts(), stop)


CALLS: dict[str, Call] = {
    "streamed": stream,
    "side by side": draw,
    "guarded": lambda engine, stop: reply(engine, stop, 1),
    "chosen": lambda engine, stop: reply(engine, stop, 4),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("layer", [0, LAYERS - 1], ids=["first layer", "last layer"])
def test_a_stop_in_the_middle_of_a_token_is_the_end(engine: Engine, call: str, layer: int) -> None:
    """After the last layer, this token is still drawn; no pass begins for the next one."""
    shown: list[tuple[bool, object]] = []
    with Passes(engine, layer) as passes, pytest.raises(Cancelled):
        for text in CALLS[call](engine, passes.stop):
            shown.append((passes.stop.is_set(), text))
    assert passes.begun == STOPPED
    # The pass ends in the next layer, before any part of it.
    assert passes.layers == (layer < LAYERS - 1)
    assert sum(late for late, _ in shown) <= (layer == LAYERS - 1)
