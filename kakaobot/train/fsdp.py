"""Shards one base model over the ranks with FSDP2: each holds a part of every layer.

Uses `fully_shard`, as accelerate's FSDP plugin would shard the adapter too and save its optimizer
in shards. Here only the frozen layers are sharded. The adapter is whole on every rank, so that its
gradients, optimizer and checkpoints are those of any other run, resumable with and without FSDP;
embedding and head are whole because the fused loss reads the head's weight outside a forward.

The forward pass of a layer is a collective, so all ranks must run equally many:
`ProcessGroup.all_reduce_max` counts them, and `leading` and `Following` cover what only the main
rank computes.
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
from kakaobot.language import tr
from kakaobot.train.distributed import ProcessGroup

_GATHERED_LAYERS = 3
"""Layers in memory at once: the one computed, the one prefetched and the receive buffer."""


def shard(model: Any, device: torch.device, ranks: ProcessGroup) -> int:
    """Shard the frozen weights of all layers and move everything to the device, in place.

    Args:
        model: a PEFT model whose base is on the CPU.
        device: the device of this rank.
        ranks: the processes that share the model.

    Returns:
        Peak bytes of gathered layers.

    Raises:
        RunError: the model does not name its layer classes.
    """
    base = model.get_base_model()
    layer_classes = set(base._no_split_modules or ())
    layers = [module for module in base.modules() if type(module).__name__ in layer_classes]
    if not layers:
        raise RunError(
            tr(
                "바탕 모델({name})은 FSDP 로 나눠 들 수 없습니다. accelerate 설정 파일의 "
                "distributed_type 을 MULTI_GPU 로 바꾸세요."
            ).format(name=type(base).__name__)
        )
    mesh = init_device_mesh(device.type, (ranks.world_size,))
    adapter = {parameter for parameter in base.parameters() if parameter.requires_grad}
    largest = max(sum(int(p.nbytes) for p in layer.parameters()) for layer in layers)
    # Inner layers first.
    for layer in reversed(layers):
        fully_shard(layer, mesh=mesh, ignored_params=adapter)
    # Shards nothing itself, but lets each layer prefetch the next.
    outside = adapter | _parameters_outside(base, layers)
    fully_shard(base.base_model, mesh=mesh, ignored_params=outside)
    model.to(device)
    return _GATHERED_LAYERS * largest


def weight_bytes(model: nn.Module) -> tuple[int, int]:
    """Bytes of the weights on this rank, and of the whole model."""
    local = total = 0
    for parameter in model.parameters():
        total += parameter.nbytes
        shard = parameter.to_local() if isinstance(parameter, DTensor) else parameter
        local += shard.nbytes
    return local, total


@contextmanager
def leading(model: Any, ranks: ProcessGroup) -> Iterator[None]:
    """Lets the main rank run any number of forward passes while the others are `Following`."""
    if not ranks.fsdp:
        yield
        return
    decoder = model.get_base_model().base_model

    def announce(*_: Any) -> None:
        ranks.broadcast(True)

    hook = decoder.register_forward_pre_hook(announce, prepend=True)
    try:
        yield
    finally:
        hook.remove()
    # Not after an error: the others may be inside a layer, and fail when this rank exits.
    ranks.broadcast(False)


class Following:
    """Matches the main rank's forward passes during its style evaluation."""

    def __init__(self, model: Any, device: torch.device, ranks: ProcessGroup) -> None:
        self._model, self._device, self._ranks = model, device, ranks

    def __call__(self, step: int, should_stop: Callable[[], bool]) -> None:
        """Called as a style evaluation; has no result."""
        was_training = self._model.training
        self._model.eval()
        ids = torch.zeros((1, 1), dtype=torch.long, device=self._device)
        with torch.no_grad():
            while self._ranks.broadcast(False):
                self._model(input_ids=ids)
        self._model.train(was_training)


def _parameters_outside(base: nn.Module, layers: list[nn.Module]) -> set[nn.Parameter]:
    inside = {parameter for layer in layers for parameter in layer.parameters()}
    return {parameter for parameter in base.parameters() if parameter not in inside}
