"""Eval prompts of a run and the replies sampled at its evaluations.

cues.json        worker    replaced at a start: the prompts
samples.jsonl    worker    appended to: a step and its replies, in the order of the prompts
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kakaobot.atomic_io import parse_json, replace_text
from kakaobot.likeness import Likeness
from kakaobot.schema import ChatMessage

PROMPTS_FILE, SAMPLES_FILE = "cues.json", "samples.jsonl"
_STORED_MESSAGES = 2
"""Last messages of a prompt's context that are written."""
_COMPARED = 4
"""Samples shown side by side."""


@dataclass(frozen=True)
class EvalPrompt:
    """A reply of the validation split and the conversation before it."""

    context: tuple[ChatMessage, ...]
    """Once read back from disk: the last two messages, without their roles."""
    participant: str
    """Who wrote the reply; empty if names are not shown to the model."""
    reference: str
    """The reply itself."""

    def to_json(self) -> dict[str, object]:
        """The form on disk and in `--json`."""
        context = [[message.name, message.content] for message in self.context[-_STORED_MESSAGES:]]
        return {"said": context, "speaker": self.participant, "reply": self.reference}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> EvalPrompt:
        context = tuple(ChatMessage("user", text, name) for name, text in raw["said"])
        return cls(context, raw["speaker"], raw["reply"])


@dataclass(frozen=True)
class EvalSample:
    """Replies of one evaluation."""

    step: int
    replies: tuple[str, ...]
    """One per prompt."""
    likeness: Likeness | None = None
    """Of these replies; None in a run from before it was measured."""


@dataclass(frozen=True)
class EvalTranscript:
    """How the replies to the same prompts changed over a run."""

    prompts: tuple[EvalPrompt, ...] = ()
    samples: tuple[EvalSample, ...] = ()
    """In order of step; step 0 is the base without an adapter."""

    def selected(self, best_step: int | None) -> tuple[EvalSample, ...]:
        """The first, best and newest sample, and evenly spaced ones to fill four columns."""
        if not self.samples:
            return ()
        fixed = {self.samples[0].step, self.samples[-1].step, best_step}
        rest = [sample.step for sample in self.samples if sample.step not in fixed]
        free = _COMPARED - (len(self.samples) - len(rest))
        count = min(free, len(rest))
        between = {rest[(index + 1) * len(rest) // (count + 1)] for index in range(count)}
        return tuple(sample for sample in self.samples if sample.step in fixed | between)


class EvalSampleLog:
    """Reads and writes the prompts and samples of one run."""

    def __init__(self, run_folder: Path) -> None:
        self._prompts_file = run_folder / PROMPTS_FILE
        self._samples_file = run_folder / SAMPLES_FILE

    def begin(self, prompts: Sequence[EvalPrompt]) -> None:
        """Write the prompts. Samples of other prompts, from an earlier start, are deleted."""
        raw = [prompt.to_json() for prompt in prompts]
        if raw != [prompt.to_json() for prompt in self.prompts()]:
            self._samples_file.unlink(missing_ok=True)
            replace_text(self._prompts_file, json.dumps(raw, ensure_ascii=False))

    def append(self, sample: EvalSample) -> None:
        line = json.dumps(asdict(sample), ensure_ascii=False)
        # A worker killed while writing leaves half a line, which must not swallow this one.
        with self._samples_file.open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")

    def prompts(self) -> list[EvalPrompt]:
        """Empty if the file is missing or damaged."""
        try:
            raw = parse_json(self._prompts_file.read_text(encoding="utf-8"))
            return [EvalPrompt.from_json(prompt) for prompt in raw]
        except (OSError, ValueError, TypeError, KeyError):
            return []

    def samples(self) -> list[EvalSample]:
        """In order of step; the last one of a step counts, as a resume evaluates again."""
        try:
            text = self._samples_file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        by_step: dict[int, EvalSample] = {}
        for line in text.split("\n"):
            with contextlib.suppress(ValueError, TypeError, KeyError):
                raw = parse_json(line)
                sample = EvalSample(
                    int(raw["step"]),
                    tuple(map(str, raw["replies"])),
                    Likeness.from_json(raw.get("likeness")),
                )
                by_step[sample.step] = sample
        return [by_step[step] for step in sorted(by_step)]

    def transcript(self) -> EvalTranscript:
        return EvalTranscript(tuple(self.prompts()), tuple(self.samples()))

    def version(self) -> int:
        """Changes when samples are added; 0 if there are none."""
        try:
            return self._samples_file.stat().st_mtime_ns
        except OSError:
            return 0
