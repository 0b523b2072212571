"""How much of a reply is copied from the data of its run. Requires an `AccessPass`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.personas import Personas
from kakaobot.app.trained_data import trained_data_folder
from kakaobot.chat.copy_meter import CopySource, Overlap, load_copy_meter, read_source
from kakaobot.dataset import artifacts
from kakaobot.schema import ChatMessage


class Copies:
    """Compares replies with the training replies of the runs of one home."""

    def __init__(self, gate: PasswordGate, personas: Personas) -> None:
        self._gate = gate
        self._personas = personas

    def overlap(self, access: AccessPass | None, replies: Sequence[str], run: str = "") -> Overlap:
        """The largest copied stretch of these replies. The first call reads the data.

        Raises:
            AccessDenied: the pass is not valid.
            RunError, DatasetError: the data has changed since the training, or is damaged.
        """
        self._gate.verify(access)
        meter = load_copy_meter(self._file(run))
        return max((meter.overlap(reply) for reply in replies), key=_size, default=Overlap())

    def source(
        self, access: AccessPass | None, source: CopySource, run: str = ""
    ) -> tuple[ChatMessage, ...]:
        """A training reply and the messages before it.

        Raises:
            AccessDenied: the pass is not valid.
            RunError, DatasetError: as in `overlap`.
        """
        self._gate.verify(access)
        return read_source(self._file(run), source)

    def _file(self, run: str) -> Path:
        return trained_data_folder(self._personas.find(run)) / artifacts.TRAIN


def _size(overlap: Overlap) -> tuple[bool, int]:
    return overlap.is_high, overlap.length
