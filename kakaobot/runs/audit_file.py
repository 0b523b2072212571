"""The audit of a run's adapter. Its contents belong to `kakaobot.audit`.

audit.json       app       replaced as a whole
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kakaobot.atomic_io import read_json_object, replace_text

_AUDIT = "audit.json"


class AuditFile:
    """The file of one run."""

    def __init__(self, run_folder: Path) -> None:
        self._file = run_folder / _AUDIT

    def write(self, record: Mapping[str, Any]) -> None:
        replace_text(self._file, json.dumps(record, ensure_ascii=False, indent=1))

    def read(self) -> dict[str, Any]:
        """Empty if the adapter has not been examined, or the file is damaged."""
        return read_json_object(self._file)
