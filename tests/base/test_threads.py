"""The number of threads follows what other programs leave free, and changes no result."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest
import torch

from kakaobot.base.loading import load_base
from kakaobot.base.threads import PER_THREAD, WINDOW, ThreadCount, Usage, chosen_by_user
from kakaobot.config import ROOT
from kakaobot.settings import LoraSettings
from kakaobot.starter import FOLDER
from kakaobot.train.adapter import with_lora
from kakaobot.train.loss import MaskedLoss
from tests.patience import patience, wait_for

LARGE = 1e12
"""Floating-point operations that are worth any number of threads."""
CORES = psutil.cpu_count() or 1


class Machine:
    """Four cores on which time passes as a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = Usage(100.0, 0.0, 0.0)
        self.applied: list[int] = []
        monkeypatch.setattr("kakaobot.base.threads.time.monotonic", lambda: self.now.clock)
        self.count = ThreadCount(4, self.applied.append, read=lambda: self.now)
        self.count.adapt(LARGE)

    def pass_time(self, *, own: float, others: float, seconds: float = 1.0) -> int:
        """Cores taken by this process and by others; the number of threads from then on."""
        clock, idle, spent = self.now
        self.now = Usage(
            clock + seconds, idle + (4 - own - others) * seconds, spent + own * seconds
        )
        self.count.adapt(LARGE)
        return self.applied[-1]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_alone_it_takes_all_cores_whether_it_computes_or_waits(machine: Machine) -> None:
    assert machine.applied == [4]
    for own in (4.0, 3.7, 0.1):
        assert machine.pass_time(own=own, others=0.0) == 4
    # Applied once, not anew at every look.
    assert machine.applied == [4]


def test_it_leaves_busy_cores_to_other_programs_and_takes_them_back(machine: Machine) -> None:
    assert machine.pass_time(own=3.2, others=0.8) == 3
    assert machine.pass_time(own=3.0, others=1.0) == 3
    assert machine.pass_time(own=2.0, others=2.0) == 2
    assert machine.pass_time(own=2.0, others=0.0) == 4


def test_it_does_not_sink_below_half_where_others_would_take_all(machine: Machine) -> None:
    seen = []
    for _ in range(5):
        # With four busy programs beside it, it gets the share of its threads.
        threads = machine.applied[-1]
        share = threads / (threads + 4)
        seen.append(machine.pass_time(own=4 * share, others=4 - 4 * share))
    # Half of them do not get their cores, so that all compete.
    assert seen == [2, 4, 4, 4, 4]
    assert machine.pass_time(own=3.0, others=1.0) == 3


def test_a_little_of_a_core_is_not_a_busy_core(machine: Machine) -> None:
    assert machine.pass_time(own=3.6, others=0.4) == 4


def test_the_load_is_looked_at_only_now_and_then(machine: Machine) -> None:
    assert machine.pass_time(own=2.0, others=2.0, seconds=WINDOW / 2) == 4
    assert machine.pass_time(own=2.0, others=2.0, seconds=WINDOW / 2) == 2


def test_little_work_takes_few_threads_though_all_cores_are_free(machine: Machine) -> None:
    for work, threads in ((0.2, 1), (1.0, 1), (2.5, 2), (3.9, 3), (50.0, 4), (0.2, 1)):
        machine.count.adapt(work * PER_THREAD)
        assert machine.applied[-1] == threads


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "MKL_NUM_THREADS"])
def test_a_number_that_was_set_from_outside_stands(name: str) -> None:
    assert chosen_by_user({name: "3"})
    assert not chosen_by_user({"PATH": ""})


@contextmanager
def busy_cores(count: int) -> Iterator[None]:
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


@pytest.mark.slow
@pytest.mark.skipif(CORES < 2, reason="one core cannot be left free")
def test_the_load_of_real_programs_is_seen() -> None:
    threads = ThreadCount(CORES, lambda count: None)

    def free() -> float:
        until = time.monotonic() + WINDOW
        while time.monotonic() < until:
            pass
        threads.adapt(LARGE)
        return threads._free

    # A machine with other work has less, never more.
    with busy_cores(CORES // 2):
        wait_for(lambda: free() < CORES - 0.6 * (CORES // 2))


@contextmanager
def threads_at_most(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bases do not follow the load; the test says how many threads there are."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def trained(threads: Callable[[int], int]) -> list[torch.Tensor]:
    """Losses and adapter after some steps, each with a number of threads of its own."""
    torch.manual_seed(7)
    base = load_base(str(FOLDER))
    model = with_lora(base, LoraSettings(r=4), checkpointing=False)
    learnt = [each for each in model.parameters() if each.requires_grad]
    loss, optimizer = MaskedLoss(model), torch.optim.AdamW(learnt, lr=1e-3)
    losses = []
    for step in range(6):
        with threads_at_most(threads(step)):
            ids = torch.randint(1, 8000, (3, 40 + 37 * step))
            total = loss(ids, ids) / ids.numel()
            total.backward()
            optimizer.step()
            optimizer.zero_grad()
        losses.append(total.detach())
    return [*losses, *(each.detach() for each in learnt)]


@pytest.mark.slow
def test_a_training_is_the_same_to_the_bit_with_any_number_of_threads(fixed: None) -> None:
    alone = trained(lambda step: 1)
    for threads in (2, 4):
        together = trained(lambda step, most=threads: 1 + (step + 1) % most)  # type: ignore[misc]
        assert all(torch.equal(a, b) for a, b in zip(alone, together, strict=True))


PROGRAM = """
import torch
from kakaobot.base.loading import load_base
from kakaobot.base import loading, threads
from kakaobot.starter import FOLDER
asked = []
threads.ThreadCount.adapt = lambda self, work: asked.append(work)
base = load_base(str(FOLDER))
base.model(input_ids=torch.ones((1, 4), dtype=torch.long))
base.model.model(input_ids=torch.ones((1, 4), dtype=torch.long))
print(len(asked), *{round(work / base.model.num_parameters()) for work in asked})
"""


@pytest.mark.slow
@pytest.mark.parametrize(("environ", "asked"), [({}, 2), ({"OMP_NUM_THREADS": "1"}, 0)])
def test_every_pass_through_a_base_looks_at_the_load_unless_the_user_chose(
    environ: dict[str, str], asked: int
) -> None:
    bare = {name: value for name, value in os.environ.items() if "NUM_THREADS" not in name}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env={**bare, **environ},
        capture_output=True, text=True, timeout=patience(), check=True,
    )  # fmt: skip
    # Two for each of four tokens and each parameter.
    assert done.stdout.split() == ([str(asked), "8"] if asked else ["0"])
