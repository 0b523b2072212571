"""The number of threads adapts to the load and changes no result."""

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
"""FLOPs that are worth any number of threads."""
CORES = psutil.cpu_count() or 1


class Machine:
    """Four simulated cores."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = Usage(100.0, 0.0, 0.0)
        self.applied: list[int] = []
        monkeypatch.setattr("kakaobot.base.threads.time.monotonic", lambda: self.now.clock)
        self.count = ThreadCount(4, self.applied.append, read=lambda: self.now)
        self.count.adapt(LARGE)

    def pass_time(self, *, own: float, others: float, seconds: float = 1.0) -> int:
        """Simulate load by this process and others; returns the number of threads afterwards."""
        clock, idle, spent = self.now
        self.now = Usage(
            clock + seconds, idle + (4 - own - others) * seconds, spent + own * seconds
        )
        self.count.adapt(LARGE)
        return self.applied[-1]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_on_an_idle_machine_all_cores_are_used(machine: Machine) -> None:
    assert machine.applied == [4]
    for own in (4.0, 3.7, 0.1):
        assert machine.pass_time(own=own, others=0.0) == 4
    # Applied once, not at every call.
    assert machine.applied == [4]


def test_busy_cores_are_left_to_other_programs_until_they_are_free(machine: Machine) -> None:
    assert machine.pass_time(own=3.2, others=0.8) == 3
    assert machine.pass_time(own=3.0, others=1.0) == 3
    assert machine.pass_time(own=2.0, others=2.0) == 2
    assert machine.pass_time(own=2.0, others=0.0) == 4


def test_threads_never_fall_below_half_and_compete_if_all_cores_are_busy(machine: Machine) -> None:
    counts = []
    for _ in range(5):
        # Beside four busy programs, it gets the share of its threads.
        threads = machine.applied[-1]
        share = threads / (threads + 4)
        counts.append(machine.pass_time(own=4 * share, others=4 - 4 * share))
    # Half of the cores are not free, so all threads compete.
    assert counts == [2, 4, 4, 4, 4]
    assert machine.pass_time(own=3.0, others=1.0) == 3


def test_a_small_load_is_ignored(machine: Machine) -> None:
    assert machine.pass_time(own=3.6, others=0.4) == 4


def test_the_load_is_measured_once_per_window(machine: Machine) -> None:
    assert machine.pass_time(own=2.0, others=2.0, seconds=WINDOW / 2) == 4
    assert machine.pass_time(own=2.0, others=2.0, seconds=WINDOW / 2) == 2


def test_little_work_gets_few_threads(machine: Machine) -> None:
    for flops, threads in ((0.2, 1), (1.0, 1), (2.5, 2), (3.9, 3), (50.0, 4), (0.2, 1)):
        machine.count.adapt(flops * PER_THREAD)
        assert machine.applied[-1] == threads


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "MKL_NUM_THREADS"])
def test_a_number_of_threads_in_the_environment_takes_precedence(name: str) -> None:
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
def test_the_load_of_real_programs_is_measured() -> None:
    threads = ThreadCount(CORES, lambda count: None)

    def free() -> float:
        until = time.monotonic() + WINDOW
        while time.monotonic() < until:
            pass
        threads.adapt(LARGE)
        return threads._free

    # Other work can only reduce it.
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
    """Keeps bases from adapting to the load; the tests set the number of threads."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def trained(threads: Callable[[int], int]) -> list[torch.Tensor]:
    """Losses and adapter after some steps, with a number of threads for each step."""
    torch.manual_seed(7)
    base = load_base(str(FOLDER))
    model = with_lora(base, LoraSettings(r=4), checkpointing=False)
    adapter = [p for p in model.parameters() if p.requires_grad]
    loss, optimizer = MaskedLoss(model), torch.optim.AdamW(adapter, lr=1e-3)
    losses = []
    for step in range(6):
        with threads_at_most(threads(step)):
            ids = torch.randint(1, 8000, (3, 40 + 37 * step))
            total = loss(ids, ids) / ids.numel()
            total.backward()
            optimizer.step()
            optimizer.zero_grad()
        losses.append(total.detach())
    return [*losses, *(parameter.detach() for parameter in adapter)]


@pytest.mark.slow
def test_a_training_is_bit_identical_with_any_number_of_threads(fixed: None) -> None:
    alone = trained(lambda step: 1)
    for threads in (2, 4):
        together = trained(lambda step, n=threads: 1 + (step + 1) % n)  # type: ignore[misc]
        assert all(torch.equal(a, b) for a, b in zip(alone, together, strict=True))


PROGRAM = """
import torch
from kakaobot.base.loading import load_base
from kakaobot.base import loading, threads
from kakaobot.starter import FOLDER
calls = []
threads.ThreadCount.adapt = lambda self, flops: calls.append(flops)
base = load_base(str(FOLDER))
base.model(input_ids=torch.ones((1, 4), dtype=torch.long))
base.model.model(input_ids=torch.ones((1, 4), dtype=torch.long))
print(len(calls), *{round(flops / base.model.num_parameters()) for flops in calls})
"""


@pytest.mark.slow
@pytest.mark.parametrize(("environ", "calls"), [({}, 2), ({"OMP_NUM_THREADS": "1"}, 0)])
def test_each_forward_pass_adapts_unless_the_user_set_a_number(
    environ: dict[str, str], calls: int
) -> None:
    bare = {name: value for name, value in os.environ.items() if "NUM_THREADS" not in name}
    completed = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env={**bare, **environ},
        capture_output=True, text=True, timeout=patience(), check=True,
    )  # fmt: skip
    # Two FLOPs per parameter for each of four tokens.
    assert completed.stdout.split() == ([str(calls), "8"] if calls else ["0"])
