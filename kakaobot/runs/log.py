"""The log of a run: everything its workers printed, one section per start."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

_SECTION = "──── "
"""Prefix of the line that opens a section."""
_TAIL_BYTES = 65536


class RunLog:
    """Appends section lines and reads the end of the file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def begin_section(self) -> None:
        """Write the line below which the next worker prints."""
        with self.file.open("a", encoding="utf-8") as log:
            # A killed worker may have left half a line.
            log.write("\n" if log.tell() else "")
            log.write(f"{_SECTION}{now_text()} {'─' * 12}\n")

    def tail(self, lines: int = 40) -> str:
        """The last lines; of a progress bar only its final state."""
        try:
            with self.file.open("rb") as file:
                file.seek(max(0, self.file.stat().st_size - _TAIL_BYTES))
                text = file.read().decode("utf-8", errors="replace")
        except OSError:
            return ""
        rows = text.replace("\r\n", "\n").split("\n")
        visible = [row.rsplit("\r", 1)[-1].rstrip() for row in rows]
        return "\n".join([row for row in visible if row][-lines:])

    def latest_section(self, lines: int = 40) -> str:
        """The last lines, without those of earlier workers."""
        rows = self.tail(lines).split("\n")
        starts = [index for index, row in enumerate(rows) if row.startswith(_SECTION)]
        return "\n".join(rows[starts[-1] + 1 :] if starts else rows)


def now_text() -> str:
    """Local time in ISO format, to the second."""
    return datetime.now().astimezone().isoformat(timespec="seconds")
