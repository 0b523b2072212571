"""One base model spread over the processes that learn together: each keeps a part of every layer.

Only what is frozen is spread (FSDP2's `fully_shard`). The adapter is whole everywhere, so that its
gradients, its optimizer and its files are as they are without; embedding and head are whole too,
since the loss takes the head's weight by hand.

A layer is put together for as long as it is computed, by all processes at once. So each of them has
to compute as often as every other: `Ranks.most` says how often, and `leading` and `following` are
for where only the main process has something to compute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from kakaobot.errors import RunError
from kakaobot.train.distributed import ProcessGroup

_AT_ONCE = 3


def shard(model: Any, device: torch.device, ranks: ProcessGroup) -> int:
    """Spread the frozen weights of all layers, and put everything on the device, in place.

    Args:
        model: a PEFT model, of which the base lies on the CPU.
        device: where this process computes.
        ranks: who it is spread over.

    Returns:
        Bytes that layers put together take at most: the one that is computed, the one in front of
        it, and what the next one was received in.

    Raises:
        RunError: it is not known what the model's layers are.
    """
    base = model.get_base_model()
    kinds = set(base._no_split_modules or ())
    layers = [each for each in base.modules() if type(each).__name__ in kinds]
    if not layers:
        raise RunError(
            f"바탕 모델({type(base).__name__})은 FSDP 로 나눠 들 수 없습니다. accelerate 설정 "
            "파일의 distributed_type 을 MULTI_GPU 로 바꾸세요."
        )
    mesh = init_device_mesh(device.type, (ranks.count,))
    whole = {each for each in base.parameters() if each.requires_grad}
    largest = max(sum(int(each.nbytes) for each in layer.parameters()) for layer in layers)
    # What lies within another one comes first.
    for layer in reversed(layers):
        fully_shard(layer, mesh=mesh, ignored_params=whole)
    # It only makes the layers know of each other, so that the next one is fetched in time.
    fully_shard(base.base_model, mesh=mesh, ignored_params=whole | _left(base, layers))
    model.to(device)
    return _AT_ONCE * largest


def held(model: nn.Module) -> tuple[int, int]:
    """Bytes of weights that this process keeps, and those of the whole model."""
    here = there = 0
    for each in model.parameters():
        there += each.nbytes
        here += each.to_local().nbytes if isinstance(each, DTensor) else each.nbytes
    return here, there


@contextmanager
def leading(model: Any, ranks: ProcessGroup) -> Iterator[None]:
    """Within it the main process computes alone what it likes; the others are `following`."""
    if not ranks.sharing:
        yield
        return
    decoder = model.get_base_model().base_model

    def summon(*_: Any) -> None:
        ranks.told(True)

    hook = decoder.register_forward_pre_hook(summon, prepend=True)
    try:
        yield
    finally:
        hook.remove()
    # Not after an error: the others may wait within a layer, until this process is gone.
    ranks.told(False)


class Following:
    """What the others do while the main process answers: they put the layers together with it."""

    def __init__(self, model: Any, device: torch.device, ranks: ProcessGroup) -> None:
        self._model, self._device, self._ranks = model, device, ranks

    def __call__(self, step: int, enough: Callable[[], bool]) -> None:
        """Take part in an evaluation's answers; their voice is measured elsewhere."""
        was_training = self._model.training
        self._model.eval()
        ids = torch.zeros((1, 1), dtype=torch.long, device=self._device)
        with torch.no_grad():
            while self._ranks.told(False):
                self._model(input_ids=ids)
        self._model.train(was_training)


def _left(base: nn.Module, layers: list[nn.Module]) -> set[nn.Parameter]:
    within = {each for layer in layers for each in layer.parameters()}
    return {each for each in base.parameters() if each not in within}
