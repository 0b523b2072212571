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
from kakaobot.language import tr
from kakaobot.runs.portable_paths import find_moved, is_absolute

SAMPLE_FOLDER = ROOT / "data" / "sample"
_CACHE_SECONDS = 60.0
_SAMPLE_ONLY_REASON = tr("지어낸 예제 방만 있어 바로 해 볼 수 있는 연습용 모델을 골랐습니다.")


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
        requested = settings.model.base_model
        if requested == "auto" and _has_only_samples(home.folder(settings.paths.raw)):
            return replace(self._cached(STARTER), reason=_SAMPLE_ONLY_REASON)
        path = _in_home(requested, home.root)
        if path is None:
            return self._cached(requested)
        choice = self._cached(str(path))
        if not is_absolute(requested):
            return choice
        return replace(
            choice,
            reason=tr("설정에 적힌 {requested} 이 없어 {path} 에서 찾았습니다.").format(
                requested=requested, path=path
            ),
        )

    def _cached(self, name: str) -> BaseModelChoice:
        cached_at, choice = self._cache.get(name, (0.0, None))
        if choice is None or time.monotonic() - cached_at > _CACHE_SECONDS:
            choice = self._choose(name)
            self._cache[name] = (time.monotonic(), choice)
        return choice

    def invalidate(self) -> None:
        """Drop the cache, so that the next `select` probes again."""
        self._cache.clear()


def _in_home(name: str, home: Path) -> Path | None:
    """Where a base is in the home, if its name is relative, or an absolute one from before a move.

    None for what the home does not hold.
    """
    if name in ("auto", STARTER) or Path(name).expanduser().is_absolute():
        is_gone = is_absolute(name) and not Path(name).exists()
        return find_moved(name, home) if is_gone else None
    path = find_moved(name, home) or home / name
    return path if path.exists() else None


def _has_only_samples(raw: Path) -> bool:
    stored = FileStore(raw).list_files()
    return bool(stored) and all(file.hash in _sample_hashes() for file in stored)


@functools.cache
def _sample_hashes() -> frozenset[str]:
    return frozenset(map(hash_file, SAMPLE_FOLDER.glob("sample_*")))
