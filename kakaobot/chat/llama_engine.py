"""llama.cpp → streamed replies, several replies at once, and their likelihoods.

Its server tells the probability of one token at a time, and only behind what it has read. So a
reply is drawn, and a text is scored, token by token, of which each costs one step.
"""

from __future__ import annotations

import contextlib
import math
import random
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from kakaobot.base import resolve
from kakaobot.base.generation import Sampling, stop_tokens
from kakaobot.base.hub import readable_errors
from kakaobot.base.tokenizer import load_tokenizer
from kakaobot.chat.llama_process import LlamaProcess
from kakaobot.chat.llama_slots import DRAFTS, SHORT, PromptSlots
from kakaobot.chat.llama_tokens import Step, TokenSteps
from kakaobot.chat.prompts import ReplyPrompts, text_of
from kakaobot.chat.protocol import NEVER, Cancelled, Candidate
from kakaobot.chat_template import Renderer, renderer_for
from kakaobot.schema import ChatMessage

_MEMORY = 8192
"""Tokens of memory that llama.cpp takes at once, where PyTorch takes it as it grows."""
_PROMPTS = 4
"""Full contexts that are kept at most; fewer if that is more memory."""


class LlamaEngine:
    """A `ChatModel` in llama.cpp. Answers one call at a time."""

    def __init__(
        self,
        start: Callable[[threading.Event], LlamaProcess],
        tokenizer: Any,
        renderer: Renderer,
        *,
        stops: Sequence[int],
        context: int,
        max_turns: int,
        size: int,
        cancelled: threading.Event,
    ) -> None:
        """Start llama.cpp; `start` does, again if it has ended."""
        self._start = start
        self._process = start(cancelled)
        self._tokenizer = tokenizer
        self._context = context
        self._prompts = ReplyPrompts(renderer, context, max_turns)
        self._steps = TokenSteps(self._process, renderer.end_id, stops, context)
        self._slots = PromptSlots()
        self._stops = frozenset(stops)
        self._size = size
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls,
        base: Path,
        base_gguf: Path,
        lora_gguf: Path | None,
        *,
        max_turns: int,
        cancelled: threading.Event = NEVER,
    ) -> LlamaEngine:
        """Load a converted base and adapter.

        Args:
            base: folder of the base, for its tokenizer.
            base_gguf: its GGUF file.
            lora_gguf: that of the adapter, if any.
            max_turns: messages of a history that are read at most.
            cancelled: stops the loading.

        Raises:
            LlamaError: llama.cpp is missing, or cannot read a file.
            BaseModelError: the base's own files cannot be read.
            Cancelled: `cancelled` was set.
        """
        from transformers import AutoConfig

        if cancelled.is_set():
            raise Cancelled
        with readable_errors(str(base)):
            config: Any = AutoConfig.from_pretrained(str(base), trust_remote_code=False)
        positions = getattr(config.get_text_config(), "max_position_embeddings", None)
        context = min(resolve.context(positions), _MEMORY)
        memory = min(_PROMPTS * context, _MEMORY)
        tokenizer = load_tokenizer(str(base))
        renderer = renderer_for(tokenizer)
        files = [base_gguf, *filter(None, [lora_gguf])]

        def start(cancelled: threading.Event) -> LlamaProcess:
            return LlamaProcess(base_gguf, lora_gguf, memory=memory, cancelled=cancelled)

        return cls(
            start,
            tokenizer,
            renderer,
            stops=stop_tokens(tokenizer, renderer, _ends_of(base, config)),
            context=context,
            max_turns=max_turns,
            size=sum(file.stat().st_size for file in files if file.is_file()),
            cancelled=cancelled,
        )

    @property
    def size(self) -> int:
        """See `ChatModel.size`."""
        return self._size

    def close(self) -> None:
        """End llama.cpp, and give its memory back."""
        self._process.close()

    def __del__(self) -> None:
        if hasattr(self, "_process"):
            self.close()

    def draw_participant(
        self,
        messages: Sequence[ChatMessage],
        candidates: Sequence[str],
        *,
        cancelled: threading.Event = NEVER,
    ) -> str:
        """See `ChatModel.draw_participant`."""
        scores = self.score_participants(messages, candidates, cancelled=cancelled)
        best = max(scores)
        weights = [math.exp(score - best) for score in scores]
        return random.choices(candidates, weights)[0]

    def score_participants(
        self,
        messages: Sequence[ChatMessage],
        candidates: Sequence[str],
        *,
        strength: float = 1.0,
        cancelled: threading.Event = NEVER,
    ) -> list[float]:
        """See `ChatModel.score_participants`."""
        prompt, tails = self._prompts.with_names(messages, candidates)
        with self._computing(strength, cancelled):
            return self._score(prompt, tails, strength)

    def stream_reply(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        reply_as: str = "",
        strength: float = 1.0,
        cancelled: threading.Event = NEVER,
    ) -> Generator[str, None, bool]:
        """See `ChatModel.stream_reply`."""
        prompt = self._prompts.prompt(messages, reply_as, reserved=sampling.max_new_tokens)
        with self._computing(strength, cancelled):
            slot, ids, last = self._slots.choose(prompt, strength), list[int](), ""
            for step in self._steps.draw(prompt, sampling, slot):
                if step.token in self._stops:
                    return True
                ids.append(step.token)
                text = self._text(ids)
                if text != last:
                    last = text
                    yield text
            return False

    def draw_replies(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        count: int,
        reply_as: str = "",
        strength: float = 1.0,
        cancelled: threading.Event = NEVER,
    ) -> list[Candidate]:
        """See `ChatModel.draw_replies`."""
        prompt = self._prompts.prompt(messages, reply_as, reserved=sampling.max_new_tokens)
        with self._computing(strength, cancelled):
            slot, drawn = self._slots.choose(prompt, strength), list[Candidate]()
            for start in range(0, count, DRAFTS):
                together = min(DRAFTS, count - start)
                drafts = self._steps.draw_together(prompt, sampling, slot, together)
                drawn += [self._candidate(draft) for draft in drafts]
            return drawn

    def score_replies(
        self,
        messages: Sequence[ChatMessage],
        replies: Sequence[str],
        *,
        reply_as: str = "",
        strength: float = 1.0,
        cancelled: threading.Event = NEVER,
    ) -> list[float]:
        """See `ChatModel.score_replies`."""
        prompt, tails = self._prompts.with_replies(messages, replies, reply_as)
        with self._computing(strength, cancelled):
            return self._score(prompt, tails, strength)

    def recited_end(
        self,
        messages: Sequence[ChatMessage],
        reply: str,
        *,
        reply_as: str = "",
        strength: float = 1.0,
        cancelled: threading.Event = NEVER,
    ) -> str:
        """See `ChatModel.recited_end`."""
        prompt, (tail,) = self._prompts.with_replies(messages, [reply], reply_as)
        with self._computing(strength, cancelled):
            slot = self._slots.choose(prompt, strength)
            # Without the end of the turn.
            start = len(tail) - 1
            while (
                start
                and self._steps.likeliest([*prompt, *tail[: start - 1]], slot) == (tail[start - 1])
            ):
                start -= 1
        return self._text(tail[start:-1]).lstrip("\ufffd")

    @contextlib.contextmanager
    def _computing(self, strength: float, cancelled: threading.Event) -> Iterator[None]:
        with self._lock:
            if not self._process.is_alive:
                self._process.close()
                self._process = self._steps.process = self._start(cancelled)
                self._slots = PromptSlots()
            with self._steps.by(cancelled, strength):
                yield

    def _score(
        self, prompt: Sequence[int], tails: Sequence[Sequence[int]], strength: float
    ) -> list[float]:
        """Log-probability of each tail behind a prompt."""

        def score(tail: Sequence[int], slot: int) -> float:
            ids, total = list(prompt), 0.0
            for token in tail:
                total += self._steps.log_prob(ids, token, slot)
                ids.append(token)
            return total

        if len(prompt) < SHORT:
            # Each reads it anew, and they share every step.
            with ThreadPoolExecutor(DRAFTS) as pool:
                slots = [number % DRAFTS for number in range(len(tails))]
                return list(pool.map(score, tails, slots))
        slot = self._slots.choose(prompt, strength)
        return [score(tail, slot) for tail in tails]

    def _candidate(self, draft: Sequence[Step]) -> Candidate:
        ended = bool(draft) and draft[-1].token in self._stops
        ids = [step.token for step in draft][: len(draft) - ended]
        return Candidate(self._text(ids), ended, len(ids), sum(step.log_prob for step in draft))

    def _text(self, ids: Sequence[int]) -> str:
        return text_of(self._tokenizer, ids)


def _ends_of(base: Path, config: Any) -> Any:
    """What ends a text, as `transformers` reads it for a model: of its own file, or the config."""
    from transformers import GenerationConfig

    try:
        return GenerationConfig.from_pretrained(str(base), trust_remote_code=False).eos_token_id
    except OSError:
        return config.get_text_config().eos_token_id
