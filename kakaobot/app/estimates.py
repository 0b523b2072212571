"""Estimates of the next training, cached while data and settings stay. Loads no torch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psutil

from kakaobot.app.base_models import BaseModels
from kakaobot.base.cpu import Cpu, detect_cpu
from kakaobot.base.files import check_files
from kakaobot.base.selection import Hardware, detect_hardware, location_of
from kakaobot.config import Home
from kakaobot.dataset.build_report import read_report
from kakaobot.language import tr
from kakaobot.schema import Progress, no_progress
from kakaobot.train.forecast import Estimate, forecast

_FRESH_SECONDS = 60.0
"""Age at which an estimate is renewed: free memory and earlier runs change."""


class Estimates:
    """Estimates of one home, cached while data and settings stay. Thread-safe."""

    def __init__(
        self,
        home: Home,
        bases: BaseModels | None = None,
        *,
        compute: Callable[[Home, BaseModels], Estimate] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Computes nothing yet.

        Args:
            home: whose next run is estimated.
            bases: resolves `auto`.
            compute: computes an estimate, as `estimate` does.
            clock: gives seconds.
        """
        self._home, self._bases = home, bases or BaseModels()
        self._compute, self._clock = compute or estimate, clock
        self._lock = threading.Lock()
        self._cached: tuple[object, float, Estimate] | None = None

    def cached(self) -> Estimate | None:
        """The cached estimate for the current data and settings, of any age; never blocks."""
        cached, key = self._cached, self._key()
        return cached[2] if cached and key and cached[0] == key else None

    def get(self, progress: Progress = no_progress) -> Estimate | None:
        """The estimate for the current data and settings; None without data.

        Raises:
            ConfigError, BaseModelError: as `estimate`.
        """
        key = self._key()
        if key is None:
            return None
        with self._lock:
            cached, now = self._cached, self._clock()
            if cached and cached[0] == key and now - cached[1] < _FRESH_SECONDS:
                return cached[2]
            progress(0.3, tr("이 컴퓨터에서 메모리와 시간이 얼마나 들지 어림하는 중"))
            fresh = self._compute(self._home, self._bases)
            self._cached = (key, self._clock(), fresh)
            return fresh

    def _key(self) -> object:
        """The data and settings an estimate depends on; None without data."""
        settings = self._home.settings()
        report = read_report(self._home.folder(settings.paths.sft))
        return (report.fingerprint, settings) if report else None


def estimate(
    home: Home,
    bases: BaseModels | None = None,
    *,
    hardware: Callable[[], Hardware] = detect_hardware,
    free: Callable[[], int] = lambda: int(psutil.virtual_memory().available),
    cpu: Callable[[], Cpu] = detect_cpu,
) -> Estimate:
    """Memory and time of the run that `start` would begin now.

    Args:
        home: its settings, data and earlier runs.
        bases: resolves `auto`.
        hardware: detects the GPU.
        free: gives the bytes of free memory.
        cpu: describes the processor.

    Raises:
        ConfigError, BaseModelError, RunError: the settings, the base or the accelerate file they
            name cannot be used.
    """
    settings = home.settings()
    report = read_report(home.folder(settings.paths.sft))
    if report is None:
        return Estimate((tr("데이터를 준비하면 메모리와 시간을 어림해 드립니다."),))
    choice = (bases or BaseModels()).select(home)
    check_files(location_of(choice.name))
    return forecast(home, settings, choice, report, hardware=hardware(), free=free, cpu=cpu())
