"""The processes that learn one run together: who is who, what is told to all, what is added up.

Knows no Trainer and no run. One process alone is the usual case, and asks nobody.
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
from torch import Tensor, distributed
from torch.distributed.rendezvous import rendezvous

from kakaobot.errors import RunError
from kakaobot.runs.exit_reason import RESUMES
from kakaobot.runs.run import LOG
from kakaobot.train.launch_command import OFFLOAD_UNSUPPORTED, unsupported

T = TypeVar("T")

PATIENCE = timedelta(hours=6)
"""How long one waits for the others: answers at an evaluation or a download may take hours. Of one
that has died one hears at once, since its connection is closed."""
DESERTED = (
    "함께 배우던 프로세스 하나가 갑자기 끝나 학습을 멈췄습니다. 메모리가 모자라지 않은지 보세요. "
    f"자세한 내용은 학습 폴더의 {LOG} 에 있습니다. {RESUMES}"
)
SHARING = "ACCELERATE_USE_FSDP"
"""Variable of `accelerate launch`: the model is spread over the processes."""
_WORDS = "last words"
_LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class ProcessGroup:
    """This process among those that learn together."""

    number: int = 0
    """From 0; the one of that number is the main one, which alone writes and decides."""
    count: int = 1
    here: int = 1
    """Of these on this machine."""
    place: int = 0
    """Number among these."""
    sharing: bool = False
    """Whether each of them keeps a part of one model, instead of a model of its own."""
    _store: list[Any] = field(default_factory=list, compare=False, repr=False)

    @classmethod
    def of(cls, environ: Mapping[str, str] = os.environ) -> ProcessGroup:
        """As `accelerate launch` tells it; alone where it was not used. Speaks to nobody yet."""
        number, count, here, place = (
            int(environ.get(name, default))
            for name, default in (
                ("RANK", 0),
                ("WORLD_SIZE", 1),
                ("LOCAL_WORLD_SIZE", 1),
                ("LOCAL_RANK", 0),
            )
        )
        sharing = count > 1 and environ.get(SHARING, "").lower() == "true"
        return cls(number, count, here, place, sharing)

    @property
    def main(self) -> bool:
        return self.number == 0

    @property
    def alone(self) -> bool:
        return self.count == 1

    def join(self, environ: Mapping[str, str] = os.environ) -> None:
        """Meet the others; each has a graphics card of its own from here on.

        Raises:
            RunError: the others share a model in a way that is not supported.
        """
        for name, meaning in _UNSUPPORTED.items():
            if environ.get(name, "").lower() == "true":
                raise RunError(unsupported(meaning))
        if self.sharing and environ.get("FSDP_OFFLOAD_PARAMS", "").lower() == "true":
            raise RunError(OFFLOAD_UNSUPPORTED)
        if self.alone:
            return
        card = torch.cuda.is_available()
        if card:
            torch.cuda.set_device(self.place)
        store, _, _ = next(rendezvous("env://", timeout=PATIENCE))
        self._store.append(store)
        distributed.init_process_group(
            # What is told goes by way of the CPU, so that no graphics card waits for a word.
            "cpu:gloo,cuda:nccl" if card else "gloo",
            store=store,
            rank=self.number,
            world_size=self.count,
            timeout=PATIENCE,
        )

    def told(self, value: T) -> T:
        """What the main process holds here; every process must come by."""
        if self.alone:
            return value
        held = [value]
        distributed.broadcast_object_list(held, src=0)
        return held[0]

    def most(self, count: int) -> int:
        """The largest of what the processes hold here; every process must come by."""
        if self.alone:
            return count
        held = torch.tensor(count)
        distributed.all_reduce(held, distributed.ReduceOp.MAX)
        return int(held)

    def add_up(self, tensor: Tensor) -> None:
        """Let it be the sum over all processes, in place; every process must come by."""
        if not self.alone:
            distributed.all_reduce(tensor)

    def follow(self, tensors: Sequence[Tensor]) -> None:
        """Let these be as the main process has them, in place."""
        if not self.alone:
            for tensor in tensors:
                distributed.broadcast(tensor, src=0)

    def wait(self) -> None:
        """Until all have come this far."""
        self.add_up(torch.zeros(()))

    def leave(self, words: str) -> str:
        """Say why this process goes before its end; what the first one that went has said.

        Its going ends the others, which know nothing of the cause.
        """
        if not self._store:
            return words
        try:
            return str(self._store[0].compare_set(_WORDS, "", words).decode())
        except RuntimeError:
            # Whoever keeps the words is gone as well.
            return words

    def part(self) -> None:
        """Let go of the others, where there is nothing more to learn."""
        if distributed.is_initialized():
            # All is learnt and told by now.
            with contextlib.suppress(RuntimeError):
                distributed.destroy_process_group()


_UNSUPPORTED = {
    "ACCELERATE_USE_DEEPSPEED": "DEEPSPEED",
    "ACCELERATE_USE_MEGATRON_LM": "MEGATRON_LM",
}
"""Variable of `accelerate launch` → the kind of sharing it stands for."""


def is_deserted(error: BaseException) -> bool:
    """Whether it says no more than that another process is gone."""
    # NCCL has an error of its own, gloo a RuntimeError that names its source.
    return isinstance(error, distributed.DistError) or (
        isinstance(error, RuntimeError) and "gloo" in str(error).lower()
    )


def end_with_launcher(environ: Mapping[str, str] = os.environ) -> None:
    """End this process as soon as the `accelerate launch` that started it is gone, if one did.

    It is what the run folder calls the worker: where it was killed the run counts as ended, and
    nobody may go on writing.
    """
    if "ACCELERATE_MIXED_PRECISION" not in environ:
        return
    parent = psutil.Process(os.getppid())
    try:
        said = " ".join(parent.cmdline())
    except psutil.Error:
        said = ""
    if "accelerate" not in said and "torch" not in said:
        # It was gone before this process looked, and another one has adopted it.
        os._exit(1)

    def watch() -> None:
        while os.getppid() == parent.pid and parent.is_running():
            time.sleep(_LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="launcher", daemon=True).start()
