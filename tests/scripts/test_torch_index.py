"""The package index for a graphics card."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from scripts.torch_index import CUDA_12, CUDA_13, Gpu, nvidia_gpu, torch_index


@pytest.mark.parametrize(
    ("driver", "compute_cap", "index"),
    [
        (580, 7.5, CUDA_13),  # the oldest driver with the oldest card that CUDA 13 supports
        (596, 12.0, CUDA_13),
        (581, 8.9, CUDA_13),
        (579, 8.9, CUDA_12),  # a driver one too old
        (581, 7.0, CUDA_12),  # a card that CUDA 13 dropped
        (581, 6.1, CUDA_12),
        (527, 5.0, CUDA_12),
        (579, 9.0, CUDA_12),
        (572, 12.0, None),  # a Blackwell card finds no kernel in cu126
        (526, 8.6, None),
        (581, 3.5, None),
        (470, 0.0, None),
    ],
)
def test_on_windows_the_index_depends_on_driver_and_card(
    driver: int, compute_cap: float, index: str | None
) -> None:
    assert torch_index("Windows", driver, compute_cap) == index


@pytest.mark.parametrize("system", ["Linux", "Darwin", ""])
def test_other_systems_use_pypi(system: str) -> None:
    assert torch_index(system, 581, 8.9) is None


class Driver:
    """Replaces nvidia-smi."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers

    def __call__(self, command: Sequence[str]) -> str:
        fields = command[-1].partition("=")[2].replace(",", "_")
        return self.answers.get(fields, "")


@pytest.mark.parametrize(
    ("driver", "gpu"),
    [
        (Driver(driver_version_compute_cap="581.29, 8.9\r\n"), Gpu(581, 8.9)),
        (Driver(driver_version_compute_cap="581.29, 6.1\n581.29, 12.0\n"), Gpu(581, 12.0)),
        (Driver(driver_version="472.12\r\n"), Gpu(472, 0.0)),
        (Driver(), None),
        (Driver(driver_version="NVIDIA-SMI has failed"), None),
    ],
    ids=["one card", "two cards", "an old driver without the field", "silence", "failure"],
)
def test_card_and_driver_are_parsed(driver: Driver, gpu: Gpu | None) -> None:
    assert nvidia_gpu(lambda _: "nvidia-smi", driver) == gpu


def test_without_nvidia_smi_nothing_is_run() -> None:
    def run(_: Sequence[str]) -> str:
        raise AssertionError

    assert nvidia_gpu(lambda _: None, run) is None


def test_a_failing_nvidia_smi_means_no_card() -> None:
    assert nvidia_gpu(lambda _: "/nowhere/nvidia-smi") is None
