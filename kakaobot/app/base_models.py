"""Which base model the settings mean on this machine, remembered for a moment. Torch-free."""

from __future__ import annotations

import functools
import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from kakaobot.base.selection import STARTER, BaseModelChoice, choose
from kakaobot.config import ROOT, Home
from kakaobot.exports.file_store import FileStore

SAMPLE_FOLDER = ROOT / "data" / "sample"
_FRESH_SECONDS = 60.0
_REHEARSAL = "지어낸 샘플 방만 있어 바로 해 볼 수 있는 연습용 모델을 골랐습니다."


class BaseModels:
    """Asking the hardware and the hub takes up to seconds; the window asks every second."""

    def __init__(self, choose: Callable[[str], BaseModelChoice] = choose) -> None:
        self._choose = choose
        self._known: dict[str, tuple[float, BaseModelChoice]] = {}

    def select(self, home: Home) -> BaseModelChoice:
        """What `model.base_model` means now.

        `auto` means the starter as long as only the bundled sample room was imported: nobody wants
        to download gigabytes to press the buttons once.

        Raises:
            BaseModelError: it names a folder or file that is not there.
        """
        settings = home.settings()
        wanted = settings.model.base_model
        rehearsal = wanted == "auto" and _only_samples(home.folder(settings.paths.raw))
        wanted = STARTER if rehearsal else wanted
        at, known = self._known.get(wanted, (0.0, None))
        if known is None or time.monotonic() - at > _FRESH_SECONDS:
            known = self._choose(wanted)
            self._known[wanted] = (time.monotonic(), known)
        return replace(known, reason=_REHEARSAL) if rehearsal else known

    def invalidate(self) -> None:
        """Look afresh at the next question."""
        self._known.clear()


def _only_samples(raw: Path) -> bool:
    stored = FileStore(raw).list_files()
    return bool(stored) and all(each.hash in _sample_hashes() for each in stored)


@functools.cache
def _sample_hashes() -> frozenset[str]:
    return frozenset(
        hashlib.sha256(file.read_bytes()).hexdigest()[:16]
        for file in SAMPLE_FOLDER.glob("sample_*")
    )
