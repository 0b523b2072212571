"""The process group of a run: rank, collectives, and failure of peers.

Knows no Trainer and no run. For the usual single process every collective is a no-op.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

import psutil
import torch
from accelerate import PartialState
from torch import Tensor, distributed
from torch.distributed.rendezvous import rendezvous

from kakaobot.errors import RunError
from kakaobot.language import tr
from kakaobot.runs.exit_reason import RESUMES
from kakaobot.runs.run import LOG
from kakaobot.train.launch_command import OFFLOAD_UNSUPPORTED, unsupported

T = TypeVar("T")

TIMEOUT = timedelta(hours=6)
"""Timeout of a collective: peers may wait hours for a download or for eval samples. A dead peer is
noticed at once, because its connection closes."""
PEER_LOST = tr(
    "함께 배우던 프로세스 하나가 갑자기 끝나 학습을 멈췄습니다. 메모리가 모자라지 "
    "않은지 보세요. 자세한 내용은 학습 폴더의 {log} 에 있습니다. {resumes}"
).format(log=LOG, resumes=RESUMES)
FSDP_VARIABLE = "ACCELERATE_USE_FSDP"
"""Set by `accelerate launch` if the ranks share one model."""
_FAILURE_KEY = "failure"
_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class ProcessGroup:
    """This process among its peers.

    Rank and sizes come from the environment rather than from `PartialState`, which does not know
    the local world size, and which cannot be created before the status of the run is written: it
    blocks until all ranks have joined.
    """

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0
    """Rank on this machine."""
    local_world_size: int = 1
    """Ranks on this machine."""
    fsdp: bool = False
    """Whether each rank holds a shard of one model instead of a whole model."""
    _store: list[Any] = field(default_factory=list, compare=False, repr=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> ProcessGroup:
        """As set by `accelerate launch`; a single process without it. Does not join yet."""
        world_size = int(environ.get("WORLD_SIZE", 1))
        return cls(
            rank=int(environ.get("RANK", 0)),
            world_size=world_size,
            local_rank=int(environ.get("LOCAL_RANK", 0)),
            local_world_size=int(environ.get("LOCAL_WORLD_SIZE", 1)),
            fsdp=world_size > 1 and environ.get(FSDP_VARIABLE, "").lower() == "true",
        )

    @property
    def is_main(self) -> bool:
        """Whether this rank writes the run and takes all decisions."""
        return self.rank == 0

    @property
    def is_distributed(self) -> bool:
        return self.world_size > 1

    def join(self, environ: Mapping[str, str] = os.environ) -> None:
        """Connect to the peers, and select the GPU of this rank.

        Raises:
            RunError: the launcher asks for an unsupported way of splitting the model.
        """
        for name, kind in _UNSUPPORTED.items():
            if environ.get(name, "").lower() == "true":
                raise RunError(unsupported(kind))
        if self.fsdp and environ.get("FSDP_OFFLOAD_PARAMS", "").lower() == "true":
            raise RunError(OFFLOAD_UNSUPPORTED)
        if not self.is_distributed:
            return
        has_cuda = torch.cuda.is_available()
        if has_cuda:
            torch.cuda.set_device(self.local_rank)
        store, _, _ = next(rendezvous("env://", timeout=TIMEOUT))
        self._store.append(store)
        # By hand, as `PartialState` allows one backend only. With two, objects go through gloo, so
        # that no GPU spins while the main rank is busy.
        distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if has_cuda else "gloo",
            store=store,
            rank=self.rank,
            world_size=self.world_size,
            timeout=TIMEOUT,
        )

    # torch's collectives, not accelerate's: those do nothing until a Trainer exists.
    def broadcast(self, value: T) -> T:
        """The main rank's value of any picklable object."""
        if not self.is_distributed:
            return value
        values = [value]
        distributed.broadcast_object_list(values)
        return values[0]

    def broadcast_tensors(self, tensors: Sequence[Tensor]) -> None:
        """Overwrite the tensors with those of the main rank."""
        if self.is_distributed:
            for tensor in tensors:
                distributed.broadcast(tensor, src=0)

    def all_reduce_max(self, number: int) -> int:
        if not self.is_distributed:
            return number
        greatest = torch.tensor(number)
        distributed.all_reduce(greatest, distributed.ReduceOp.MAX)
        return int(greatest)

    def all_reduce_sum(self, tensor: Tensor) -> Tensor:
        if not self.is_distributed:
            return tensor
        total = tensor.clone()
        distributed.all_reduce(total)
        return total

    def barrier(self) -> None:
        """Wait for all ranks. On the CPU: `PartialState.wait_for_everyone` blocks the GPUs."""
        self.all_reduce_sum(torch.zeros(()))

    def publish_failure(self, reason: str) -> str:
        """Publish why this rank exits early; returns the reason of the first one that did.

        Its exit makes the peers fail in a collective, which does not tell them the cause.
        """
        if not self._store:
            return reason
        try:
            return str(self._store[0].compare_set(_FAILURE_KEY, "", reason).decode())
        except RuntimeError:
            # The process that holds the store is gone as well.
            return reason

    def destroy(self) -> None:
        """Disconnect at the end of the run."""
        if distributed.is_initialized():
            # A peer may have disconnected first.
            with contextlib.suppress(RuntimeError):
                PartialState().destroy_process_group()


_UNSUPPORTED = {
    "ACCELERATE_USE_DEEPSPEED": "DEEPSPEED",
    "ACCELERATE_USE_MEGATRON_LM": "MEGATRON_LM",
}
"""Variable of `accelerate launch` → `distributed_type`."""


def is_peer_lost(error: BaseException) -> bool:
    """Whether the error only means that another rank is gone."""
    # NCCL raises its own type, gloo a RuntimeError that names its source.
    return isinstance(error, distributed.DistError) or (
        isinstance(error, RuntimeError) and "gloo" in str(error).lower()
    )


def exit_with_launcher(environ: Mapping[str, str] = os.environ) -> None:
    """Exit as soon as the `accelerate launch` that started this process is gone, if one did.

    The launcher is the worker of the run folder: once it is killed the run counts as ended, and no
    rank may go on writing.
    """
    if "ACCELERATE_MIXED_PRECISION" not in environ:
        return
    parent = psutil.Process(os.getppid())
    try:
        command = " ".join(parent.cmdline())
    except psutil.Error:
        command = ""
    if "accelerate" not in command and "torch" not in command:
        # The launcher has ended already, and another process adopted this one.
        os._exit(1)

    def watch() -> None:
        while os.getppid() == parent.pid and parent.is_running():
            time.sleep(_POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="launcher", daemon=True).start()
