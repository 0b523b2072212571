"""Generates replies to the eval prompts with the model under training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import torch
from transformers import StoppingCriteria, StoppingCriteriaList

from kakaobot.base.generation import Sampling, generation_config
from kakaobot.base.loading import LoadedBase
from kakaobot.runs.eval_samples import EvalPrompt, EvalSample, EvalSampleLog
from kakaobot.settings import GenerationSettings
from kakaobot.style import StyleProfile
from kakaobot.style.likeness import LikenessScale
from kakaobot.train.eval_prompts import distance_to_target, likeness_of_replies

_BATCH_SIZE = 16
"""Prompts generated together."""
_MAX_PROMPT_TOKENS = 256
"""Longer prompts are truncated on the left."""
_SAMPLING = Sampling(32, temperature=0.7, top_p=0.9, top_k=40, repetition_penalty=1.1)
"""Longer replies are cut off; their style shows before."""


def eval_sampling(settings: GenerationSettings) -> Sampling:
    """The same for every run, so that style distances compare; never longer than in a chat."""
    tokens = min(settings.max_new_tokens, _SAMPLING.max_new_tokens)
    return replace(_SAMPLING, max_new_tokens=tokens)


class EvalGenerator:
    """Samples replies to the same prompts with the same seed every time."""

    def __init__(
        self,
        base: LoadedBase,
        model: Any,
        prompts: Sequence[EvalPrompt],
        sampling: Sampling,
        *,
        seed: int,
        sync: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Render the prompts.

        Args:
            base: the loaded base, for its tokenizer, renderer and device.
            model: the base with its adapter.
            prompts: rendered once, here.
            sampling: `max_new_tokens` cuts a reply off.
            seed: of every round, so that replies differ only by what the model has learned.
            sync: entered for every round; keeps other ranks in step.
        """
        self._base, self._model, self._sampling = base, model, sampling
        self._seed, self._sync = seed, sync
        limit = max(1, min(_MAX_PROMPT_TOKENS, base.context - sampling.max_new_tokens))
        self._prompts = [
            list(base.renderer.prompt(prompt.context, participant=prompt.participant))[-limit:]
            for prompt in prompts
        ]

    def replies(self, should_stop: Callable[[], bool] = lambda: False) -> list[str] | None:
        """One reply per prompt, in order.

        Args:
            should_stop: called at every token; None is returned once it is true.
        """
        by_length = sorted(range(len(self._prompts)), key=lambda i: len(self._prompts[i]))
        replies = [""] * len(by_length)
        stopping = _StopOnRequest(should_stop)
        with self._sync(), self._isolated():
            for start in range(0, len(by_length), _BATCH_SIZE):
                batch = by_length[start : start + _BATCH_SIZE]
                texts = self._generate([self._prompts[index] for index in batch], stopping)
                if stopping.stopped:
                    return None
                for index, text in zip(batch, texts, strict=True):
                    replies[index] = text
        return replies

    def _generate(self, prompts: Sequence[list[int]], stopping: _StopOnRequest) -> list[str]:
        pad, width = self._base.renderer.end_id, max(map(len, prompts))
        ids = [[pad] * (width - len(prompt)) + prompt for prompt in prompts]
        mask = [[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts]
        device = self._base.device
        output = self._model.generate(
            input_ids=torch.tensor(ids, device=device),
            attention_mask=torch.tensor(mask, device=device),
            generation_config=generation_config(
                self._base, self._sampling, context_left=max(1, self._base.context - width)
            ),
            stopping_criteria=StoppingCriteriaList([stopping]),
            use_cache=True,
            # With FSDP the other ranks run forward passes, but do not generate.
            synced_gpus=False,
        )
        texts = self._base.tokenizer.batch_decode(output[:, width:], skip_special_tokens=True)
        # A truncated multi-byte character decodes to U+FFFD at the end.
        return [str(text).rstrip("\ufffd").strip() for text in texts]

    @contextmanager
    def _isolated(self) -> Iterator[None]:
        """Eval mode with a forked RNG, so that sampling does not perturb training."""
        was_training = self._model.training
        devices = [self._base.device] if self._base.device.type == "cuda" else []
        self._model.eval()
        try:
            with torch.random.fork_rng(devices), torch.inference_mode():
                torch.manual_seed(self._seed)
                yield
        finally:
            self._model.train(was_training)


class StyleEvaluation:
    """Samples replies at an evaluation, logs them and measures their style distance."""

    def __init__(
        self,
        log: EvalSampleLog,
        generator: EvalGenerator,
        prompts: Sequence[EvalPrompt],
        target: StyleProfile,
        scales: Mapping[str, LikenessScale],
        persona: str,
    ) -> None:
        """Log the prompts.

        Args:
            log: of the run.
            generator: replies to the prompts.
            prompts: as the generator has them.
            target: style of the training replies.
            scales: of those who reply.
            persona: who replies; empty for the whole room.
        """
        self._log, self._generator, self._target = log, generator, target
        self._prompts, self._scales, self._persona = prompts, scales, persona
        log.begin(prompts)

    def __call__(self, step: int, should_stop: Callable[[], bool]) -> float | None:
        """Style distance of the replies to the target; None if sampling was stopped."""
        replies = self._generator.replies(should_stop)
        if replies is None:
            return None
        untrained = next((past.replies for past in self._log.samples() if not past.step), ())
        likeness = likeness_of_replies(
            self._prompts, replies, self._scales, persona=self._persona, untrained=untrained
        )
        self._log.append(EvalSample(step, tuple(replies), replace(likeness, step=step)))
        return distance_to_target(replies, self._target)


class _StopOnRequest(StoppingCriteria):
    """Ends all sequences of a batch once `should_stop` returns true."""

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        self._should_stop = should_stop
        self.stopped = False

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: Any) -> torch.Tensor:
        self.stopped = self.stopped or self._should_stop()
        return torch.full((input_ids.shape[0],), self.stopped, device=input_ids.device)
