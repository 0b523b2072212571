"""What a model answered at evaluations of a run.

cues.json        worker    once: what is asked, and what was said in the room
samples.jsonl    worker    appended to: a step and its answers, in the order of the cues
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from kakaobot.atomic_io import replace_text

_CUES, _SAMPLES = "cues.json", "samples.jsonl"


@dataclass(frozen=True)
class RecordedPrompt:
    """One of the prompts that are answered, the same ones at each evaluation that has answers."""

    said: tuple[tuple[str, str], ...]
    """Who said what last before the reply; the name is empty where none is shown."""
    speaker: str
    """Whose reply it was; empty where names are not shown."""
    reply: str
    """What was said in the room."""


@dataclass(frozen=True)
class EvalSample:
    step: int
    replies: tuple[str, ...]
    """One for each of the prompts."""


class EvalSampleLog:
    """Reads and writes the files of one run."""

    def __init__(self, folder: Path) -> None:
        """`folder`: the run's."""
        self._folder = folder

    def begin(self, asked: Sequence[RecordedPrompt]) -> None:
        """Say what will be asked. Answers to other prompts, of an earlier start, are forgotten."""
        if list(asked) != self.asked():
            (self._folder / _SAMPLES).unlink(missing_ok=True)
            text = json.dumps([asdict(each) for each in asked], ensure_ascii=False)
            replace_text(self._folder / _CUES, text)

    def append(self, sample: EvalSample) -> None:
        """Keep the answers of one evaluation."""
        line = json.dumps(asdict(sample), ensure_ascii=False)
        # A worker killed while writing leaves half a line, which must not swallow this one.
        with (self._folder / _SAMPLES).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")

    def asked(self) -> list[RecordedPrompt]:
        """Nothing where the file is missing or damaged."""
        try:
            raw = json.loads((self._folder / _CUES).read_text(encoding="utf-8"))
            return [
                RecordedPrompt(
                    tuple((who, what) for who, what in each["said"]), each["speaker"], each["reply"]
                )
                for each in raw
            ]
        except (OSError, ValueError, TypeError, KeyError):
            return []

    def all(self) -> list[EvalSample]:
        """In order of step; what was answered again after a resume stands for what was before."""
        try:
            text = (self._folder / _SAMPLES).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        found: dict[int, EvalSample] = {}
        for line in text.split("\n"):
            with contextlib.suppress(ValueError, TypeError, KeyError):
                raw = json.loads(line)
                sample = EvalSample(int(raw["step"]), tuple(map(str, raw["replies"])))
                found[sample.step] = sample
        return [found[step] for step in sorted(found)]

    def version(self) -> int:
        """Changes when there is more to read."""
        try:
            return (self._folder / _SAMPLES).stat().st_mtime_ns
        except OSError:
            return 0
