"""Lets the model under training answer some prompts, without a trace in what is learnt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from transformers import StoppingCriteria, StoppingCriteriaList

from kakaobot.base.generation import Sampling, generation_config
from kakaobot.base.loading import LoadedBase
from kakaobot.runs.eval_samples import EvalSample, EvalSampleLog, RecordedPrompt
from kakaobot.style import StyleProfile
from kakaobot.train.eval_prompts import EvalPrompt, distance_to_target

_AT_ONCE = 16
"""Prompts that are answered together."""
_SHOWN = 2
"""Messages before the reply that are kept to be looked at."""
_LONGEST_PROMPT = 256
"""Tokens; what was said earlier is left out."""


class EvalGenerator:
    """Answers the same prompts each time it is asked, drawing alike."""

    def __init__(
        self,
        base: LoadedBase,
        model: Any,
        cues: Sequence[EvalPrompt],
        sampling: Sampling,
        *,
        seed: int,
        together: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Render the prompts.

        Args:
            base: what tokens are called, and where replies end.
            model: the base with its adapter.
            cues: what is asked.
            sampling: as in chat; `max_new_tokens` is where a reply is cut off.
            seed: of every round: what is drawn differs by what was learnt alone.
            together: within it every round is answered.
        """
        self._together = together
        self._base, self._model, self._sampling, self._seed = base, model, sampling, seed
        longest = max(1, min(_LONGEST_PROMPT, base.context - sampling.max_new_tokens))
        self._prompts = [
            list(base.renderer.prompt(cue.said, speaker=cue.speaker))[-longest:] for cue in cues
        ]

    def replies(self, enough: Callable[[], bool] = lambda: False) -> list[str] | None:
        """One reply a cue, in their order.

        Args:
            enough: asked at every token; a True ends it, and there are no replies.
        """
        order = sorted(range(len(self._prompts)), key=lambda place: len(self._prompts[place]))
        found = [""] * len(order)
        ended = _StopWhenDone(enough)
        with self._together(), self._aside():
            for start in range(0, len(order), _AT_ONCE):
                places = order[start : start + _AT_ONCE]
                texts = self._answers([self._prompts[place] for place in places], ended)
                if ended.now:
                    return None
                for place, text in zip(places, texts, strict=True):
                    found[place] = text
        return found

    def _answers(self, prompts: Sequence[list[int]], ended: _StopWhenDone) -> list[str]:
        pad, width = self._base.renderer.end_id, max(map(len, prompts))
        ids = [[pad] * (width - len(prompt)) + prompt for prompt in prompts]
        seen = [[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts]
        device = self._base.device
        made = self._model.generate(
            input_ids=torch.tensor(ids, device=device),
            attention_mask=torch.tensor(seen, device=device),
            generation_config=generation_config(
                self._base, self._sampling, room=max(1, self._base.context - width)
            ),
            stopping_criteria=StoppingCriteriaList([ended]),
            use_cache=True,
            # Of a shared model the others compute along, but they do not generate.
            synced_gpus=False,
        )
        said = self._base.tokenizer.batch_decode(made[:, width:], skip_special_tokens=True)
        # A syllable that was cut off is U+FFFD at the end.
        return [str(text).rstrip("\ufffd").strip() for text in said]

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Dropout off and chance of its own: training goes on as if nothing had been asked."""
        was_training = self._model.training
        devices = [self._base.device] if self._base.device.type == "cuda" else []
        self._model.eval()
        try:
            with torch.random.fork_rng(devices), torch.inference_mode():
                torch.manual_seed(self._seed)
                yield
        finally:
            self._model.train(was_training)


class EvalGeneration:
    """What the callback has done at an evaluation: prompts answered, kept, and measured."""

    def __init__(
        self,
        samples: EvalSampleLog,
        answering: EvalGenerator,
        cues: Sequence[EvalPrompt],
        own: StyleProfile,
    ) -> None:
        """Write down what will be asked; `own` is the voice that is learnt."""
        self._samples, self._answering, self._own = samples, answering, own
        samples.begin([_asked(cue) for cue in cues])

    def __call__(self, step: int, enough: Callable[[], bool]) -> float | None:
        """How far the voice of the answers lies from the room's; nothing where it was cut short."""
        replies = self._answering.replies(enough)
        if replies is None:
            return None
        self._samples.append(EvalSample(step, tuple(replies)))
        return distance_to_target(replies, self._own)


class _StopWhenDone(StoppingCriteria):
    """Ends every reply as soon as it is enough."""

    def __init__(self, enough: Callable[[], bool]) -> None:
        self._enough = enough
        self.now = False

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: Any) -> torch.Tensor:
        self.now = self.now or self._enough()
        return torch.full((input_ids.shape[0],), self.now, device=input_ids.device)


def _asked(cue: EvalPrompt) -> RecordedPrompt:
    """With the last few of what was said, which is what a reader wants to see."""
    said = tuple((message.name, message.content) for message in cue.said[-_SHOWN:])
    return RecordedPrompt(said, cue.speaker, cue.reply)
