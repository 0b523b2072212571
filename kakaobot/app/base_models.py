"""Selects the base model for the settings and this machine, and caches it. Imports no torch."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from kakaobot.base.selection import STARTER, BaseModelChoice, choose
from kakaobot.config import ROOT, Home
from kakaobot.exports.file_store import FileStore
from kakaobot.exports.paths import hash_file

SAMPLE_FOLDER = ROOT / "data" / "sample"
_CACHE_SECONDS = 60.0
_SAMPLE_ONLY_REASON = "지어낸 샘플 방만 있어 바로 해 볼 수 있는 연습용 모델을 골랐습니다."


class BaseModels:
    """Caches the selection: probing hardware and hub takes seconds, and the window polls."""

    def __init__(self, choose: Callable[[str], BaseModelChoice] = choose) -> None:
        self._choose = choose
        self._cache: dict[str, tuple[float, BaseModelChoice]] = {}

    def select(self, home: Home) -> BaseModelChoice:
        """Resolve `model.base_model`.

        `auto` selects the starter while only the bundled sample room is imported: trying the
        program out should not download gigabytes.

        Raises:
            BaseModelError: the setting names a missing folder or file.
        """
        settings = home.settings()
        name = settings.model.base_model
        sample_only = name == "auto" and _has_only_samples(home.folder(settings.paths.raw))
        name = STARTER if sample_only else name
        cached_at, choice = self._cache.get(name, (0.0, None))
        if choice is None or time.monotonic() - cached_at > _CACHE_SECONDS:
            choice = self._choose(name)
            self._cache[name] = (time.monotonic(), choice)
        return replace(choice, reason=_SAMPLE_ONLY_REASON) if sample_only else choice

    def invalidate(self) -> None:
        """Drop the cache, so that the next `select` probes again."""
        self._cache.clear()


def _has_only_samples(raw: Path) -> bool:
    stored = FileStore(raw).list_files()
    return bool(stored) and all(file.hash in _sample_hashes() for file in stored)


@functools.cache
def _sample_hashes() -> frozenset[str]:
    return frozenset(map(hash_file, SAMPLE_FOLDER.glob("sample_*")))
